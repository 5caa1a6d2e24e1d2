-- Cumulative profit and equity by session, of every strategy. Capital is what the account's only run began with, else
-- the strategy's allocation, in the rows of its own currency (that of its first fill where it names none); without
-- either, equity and returns are empty.
-- One row: a session of a strategy in one mode, account and currency.
--
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * client TEXT: client whose run it was, empty where none is known
-- * currency TEXT: currency of the row's amounts
-- * trade_date DATE: session by the instrument's calendar
-- * total_pnl REAL: profit of the session, unrealised part and commission included
-- * cumulative_pnl REAL: profit since the start
-- * capital REAL: money given to the strategy
-- * equity REAL: capital plus cumulative_pnl
-- * daily_return REAL: total_pnl as a fraction of the equity before the session
-- * reporting_currency TEXT: the currency reports add up in
-- * reporting_total_pnl REAL: total_pnl in the reporting currency, empty where the rate is missing
-- * missing_rate TEXT: symbol that mtm_price lacks for the conversion (as EURUSD); empty where nothing is missing
-- * strategy_id INTEGER: key of strategy
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
CREATE VIEW v_equity_daily AS
WITH
runs AS (
    SELECT mode, strategy_id, account, MAX(strategy_run_id) AS strategy_run_id, COUNT(*) AS runs
    FROM strategy_run
    GROUP BY mode, strategy_id, account
),
carried AS (
    SELECT
        d.*,
        CASE
            WHEN n.runs = 1 AND d.strategy_run_id IS NOT NULL THEN r.initial_cash
            WHEN
                s.allocation IS NOT NULL AND d.currency = COALESCE(s.currency, FIRST_VALUE(d.currency) OVER (
                    PARTITION BY d.mode, d.strategy_id, d.account
                    ORDER BY CASE d.fills WHEN 0 THEN 1 ELSE 0 END, d.trade_date, d.currency
                ))
                THEN s.allocation
        END AS capital,
        ROUND(SUM(d.total_pnl) OVER (
            PARTITION BY d.mode, d.strategy_id, d.account, d.currency ORDER BY d.trade_date
        ), 8) AS cumulative_pnl
    FROM v_daily_pnl d
    JOIN strategy s ON s.strategy_id = d.strategy_id
    LEFT JOIN runs n ON n.mode = d.mode AND n.strategy_id = d.strategy_id AND n.account = d.account
    LEFT JOIN strategy_run r ON r.strategy_run_id = n.strategy_run_id
)
SELECT
    k.mode,
    k.account,
    k.strategy,
    k.client,
    k.currency,
    k.trade_date,
    k.total_pnl,
    k.cumulative_pnl,
    k.capital,
    ROUND(k.capital + k.cumulative_pnl, 8) AS equity,
    CASE
        WHEN k.capital + k.cumulative_pnl - k.total_pnl > 0.0
            THEN k.total_pnl / (k.capital + k.cumulative_pnl - k.total_pnl)
    END AS daily_return,
    k.reporting_currency,
    k.reporting_total_pnl,
    k.missing_rate,
    k.strategy_id,
    k.current_run
FROM carried k
