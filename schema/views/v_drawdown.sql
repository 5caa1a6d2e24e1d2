-- How far each strategy is below its best, by session. The start counts as a peak.
-- One row: a session of a strategy in one mode, account and currency.
--
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * client TEXT: client whose run it was, empty where none is known
-- * currency TEXT: currency of the row's amounts
-- * trade_date DATE: session by the instrument's calendar
-- * cumulative_pnl REAL: profit since the start
-- * peak_pnl REAL: highest cumulative_pnl so far, at least 0
-- * drawdown REAL: cumulative_pnl minus peak_pnl, zero or less
-- * equity REAL: capital plus cumulative_pnl; empty without capital
-- * peak_equity REAL: capital plus peak_pnl
-- * drawdown_pct REAL: drawdown as a fraction of peak_equity, zero or less; empty without capital
-- * peak_date DATE: session of that peak, empty while it is the start
-- * days_below INTEGER: calendar days since the peak, or since the first session
-- * strategy_id INTEGER: key of strategy
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
CREATE VIEW v_drawdown AS
WITH
peaks AS (
    SELECT
        d.*,
        MAX(0.0, MAX(d.cumulative_pnl) OVER (
            PARTITION BY d.mode, d.strategy_id, d.account, d.currency ORDER BY d.trade_date
        )) AS peak_pnl,
        MIN(d.trade_date) OVER (PARTITION BY d.mode, d.strategy_id, d.account, d.currency) AS first_date
    FROM v_equity_daily d
),
dated AS (
    SELECT
        p.*,
        MAX(CASE WHEN p.cumulative_pnl = p.peak_pnl THEN p.trade_date END) OVER (
            PARTITION BY p.mode, p.strategy_id, p.account, p.currency ORDER BY p.trade_date
        ) AS peak_date
    FROM peaks p
)
SELECT
    d.mode,
    d.account,
    d.strategy,
    d.client,
    d.currency,
    d.trade_date,
    d.cumulative_pnl,
    d.peak_pnl,
    ROUND(d.cumulative_pnl - d.peak_pnl, 8) AS drawdown,
    d.equity,
    ROUND(d.capital + d.peak_pnl, 8) AS peak_equity,
    ROUND(d.cumulative_pnl - d.peak_pnl, 8) / NULLIF(d.capital + d.peak_pnl, 0.0) AS drawdown_pct,
    d.peak_date,
    CAST(julianday(d.trade_date) - julianday(COALESCE(d.peak_date, d.first_date)) AS INTEGER) AS days_below,
    d.strategy_id,
    d.current_run
FROM dated d
