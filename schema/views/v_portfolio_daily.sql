-- All strategies of a mode together, in the reporting currency: of each strategy its current run. What has no rate is
-- left out of the sums and counted; an amount is empty where nothing of it is known. v_missing_rates names what is missing.
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
-- * left_out INTEGER: rows of v_daily_pnl that the session's amounts lack for want of a rate
-- * cumulative_left_out INTEGER: the same since the start, of cumulative_pnl
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
        COUNT(d.missing_rate) AS left_out,
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
    t.realized_pnl,
    t.unrealized_change,
    t.commission,
    t.net_pnl,
    t.total_pnl,
    ROUND(SUM(t.total_pnl) OVER w, 8) AS cumulative_pnl,
    t.missing_rate,
    t.left_out,
    SUM(t.left_out) OVER w AS cumulative_left_out
FROM summed t
WINDOW w AS (PARTITION BY t.mode ORDER BY t.trade_date)
