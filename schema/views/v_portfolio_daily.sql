-- All strategies of a mode together, in the reporting currency: of each strategy its current run. Where a rate is
-- missing, the amounts of the session are empty, and the cumulative ones from there on.
-- One row: a session of a mode.
--
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * trade_date DATE: session
-- * reporting_currency TEXT: the currency reports add up in
-- * strategies INTEGER: strategies with a row in the session
-- * fills INTEGER: fills, without corrected ones
-- * realized_pnl REAL: gross profit of what was closed
-- * unrealized_change REAL: change of what open positions would bring
-- * commission REAL: commission and fees
-- * net_pnl REAL: realized_pnl minus commission
-- * total_pnl REAL: net_pnl plus unrealized_change
-- * cumulative_pnl REAL: profit since the start
-- * missing_rate TEXT: symbols that mtm_price lacks, separated by commas
CREATE VIEW v_portfolio_daily AS
WITH
summed AS (
    SELECT
        d.mode,
        d.trade_date,
        d.reporting_currency,
        COUNT(DISTINCT d.strategy_id) AS strategies,
        SUM(d.fills) AS fills,
        ROUND(SUM(d.reporting_realized_pnl), 8) AS realized_pnl,
        ROUND(SUM(d.reporting_unrealized_change), 8) AS unrealized_change,
        ROUND(SUM(d.reporting_commission), 8) AS commission,
        ROUND(SUM(d.reporting_net_pnl), 8) AS net_pnl,
        ROUND(SUM(d.reporting_total_pnl), 8) AS total_pnl,
        COUNT(d.missing_rate) AS missing,
        GROUP_CONCAT(DISTINCT d.missing_rate) AS missing_rate
    FROM v_daily_pnl d
    WHERE d.current_run = 1
    GROUP BY d.mode, d.trade_date, d.reporting_currency
)
SELECT
    t.mode,
    t.trade_date,
    t.reporting_currency,
    t.strategies,
    t.fills,
    CASE WHEN t.missing = 0 THEN t.realized_pnl END AS realized_pnl,
    CASE WHEN t.missing = 0 THEN t.unrealized_change END AS unrealized_change,
    CASE WHEN t.missing = 0 THEN t.commission END AS commission,
    CASE WHEN t.missing = 0 THEN t.net_pnl END AS net_pnl,
    CASE WHEN t.missing = 0 THEN t.total_pnl END AS total_pnl,
    CASE
        WHEN SUM(t.missing) OVER w = 0 THEN ROUND(SUM(t.total_pnl) OVER w, 8)
    END AS cumulative_pnl,
    t.missing_rate
FROM summed t
WINDOW w AS (PARTITION BY t.mode ORDER BY t.trade_date)
