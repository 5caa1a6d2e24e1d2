-- Exchange rates that mtm_price lacks, and what is left out of every sum in the reporting currency for that. Empty where
-- nothing is missing.
-- One row: a rate that sessions of a strategy lack, in one mode, account and currency.
--
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * currency TEXT: currency of the amounts that cannot be converted
-- * reporting_currency TEXT: the currency reports add up in
-- * missing_rate TEXT: symbol that mtm_price lacks for the conversion (as EURUSD)
-- * sessions INTEGER: rows of v_daily_pnl that are left out
-- * first_date DATE: the first of them
-- * last_date DATE: the last of them
-- * total_pnl REAL: what they come to, in their own currency
-- * strategy_id INTEGER: key of strategy
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
CREATE VIEW v_missing_rates AS
SELECT
    d.mode,
    d.account,
    d.strategy,
    d.currency,
    d.reporting_currency,
    d.missing_rate,
    COUNT(*) AS sessions,
    MIN(d.trade_date) AS first_date,
    MAX(d.trade_date) AS last_date,
    ROUND(SUM(d.total_pnl), 8) AS total_pnl,
    d.strategy_id,
    d.current_run
FROM v_daily_pnl d
WHERE d.missing_rate IS NOT NULL
GROUP BY
    d.mode, d.account, d.strategy, d.currency, d.reporting_currency, d.missing_rate, d.strategy_id, d.current_run
