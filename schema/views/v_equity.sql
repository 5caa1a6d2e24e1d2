-- Equity of each strategy run over its feed's time. One row a point; times are UTC.
CREATE VIEW v_equity AS
SELECT
    r.mode,
    r.account,
    s.name AS strategy,
    r.client,
    q.event_time,
    q.equity,
    ROUND(q.equity - r.initial_cash, 8) AS pnl,
    r.initial_cash,
    r.strategy_id,
    r.strategy_run_id,
    r.run_key,
    r.current AS current_run
FROM strategy_equity q
JOIN strategy_run r ON r.strategy_run_id = q.strategy_run_id
JOIN strategy s ON s.strategy_id = r.strategy_id
