-- Ratios and amounts of the newest report of each mode, as docs/metrics.md defines them. They are of the moment in
-- created: quantstrip report metrics computes them anew.
-- One row: a metric of a strategy, or of the portfolio, over a horizon.
--
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * scope TEXT: portfolio or strategy
-- * strategy TEXT: name of the strategy, with its account where it has several; Portfolio for all together
-- * horizon TEXT: 3M, 6M, 1Y, 2Y, 3Y, 5Y or ALL
-- * metric TEXT: name of the metric
-- * value REAL: fractions are fractions (0.05 is 5 %), amounts are in currency; empty where the figure does not exist
-- * currency TEXT: currency of the row's amounts
-- * as_of DATE: newest session of the report
-- * first_date DATE: first session of the horizon
-- * last_date DATE: its newest session
-- * complete INTEGER: 1 where the history is as long as the horizon, else 0
-- * created TIME: when it was computed
CREATE VIEW v_metrics AS
SELECT
    m.mode,
    m.scope,
    m.strategy,
    m.horizon,
    m.metric,
    m.value,
    m.currency,
    m.as_of,
    m.first_date,
    m.last_date,
    m.complete,
    m.create_time AS created
FROM report_metric m
