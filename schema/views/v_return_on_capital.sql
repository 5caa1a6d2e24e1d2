-- What each strategy made of its capital.
-- One row: a strategy in one mode, account and currency.
--
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * client TEXT: client whose run it was, empty where none is known
-- * currency TEXT: currency of the row's amounts
-- * first_date DATE: first session
-- * last_date DATE: newest session
-- * sessions INTEGER: sessions with a result
-- * capital REAL: money given to the strategy; empty where none is known
-- * total_pnl REAL: profit, unrealised part and commission included
-- * equity REAL: capital plus total_pnl
-- * return_on_capital REAL: total_pnl as a fraction of capital
-- * strategy_id INTEGER: key of strategy
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
CREATE VIEW v_return_on_capital AS
SELECT
    d.mode,
    d.account,
    d.strategy,
    d.client,
    d.currency,
    MIN(d.trade_date) AS first_date,
    MAX(d.trade_date) AS last_date,
    COUNT(*) AS sessions,
    MAX(d.capital) AS capital,
    ROUND(SUM(d.total_pnl), 8) AS total_pnl,
    ROUND(MAX(d.capital) + SUM(d.total_pnl), 8) AS equity,
    SUM(d.total_pnl) / NULLIF(MAX(d.capital), 0.0) AS return_on_capital,
    d.strategy_id,
    d.current_run
FROM v_equity_daily d
GROUP BY d.mode, d.account, d.strategy, d.client, d.currency, d.strategy_id, d.current_run
