-- What is held: the last booking of each (mode, strategy, broker, account, instrument, leg) that is not flat.
CREATE VIEW v_positions AS
SELECT
    p.mode,
    p.account,
    s.name AS strategy,
    b.name AS broker,
    p.symbol,
    p.contract_id,
    p.leg,
    p.position,
    p.avg_price,
    p.cost,
    p.currency,
    p.trade_price AS last_fill_price,
    p.event_time AS last_fill_time,
    p.trade_date AS last_fill_date,
    p.strategy_id,
    p.broker_id,
    p.strategy_run_id,
    r.run_key,
    r.client,
    CASE WHEN p.mode = 'live' OR r.current IS NULL THEN 1 ELSE r.current END AS current_run
FROM (
    SELECT MAX(execution_seq) AS last_seq
    FROM position_event
    WHERE execution_seq IS NOT NULL
    GROUP BY strategy_id, symbol, mode, account, contract_id, leg, broker_id
) l
JOIN execution e ON e.seq_id = l.last_seq
JOIN position_event p ON p.exec_id = e.exec_id
JOIN strategy s ON s.strategy_id = p.strategy_id
LEFT JOIN broker b ON b.broker_id = p.broker_id
LEFT JOIN strategy_run r ON r.strategy_run_id = p.strategy_run_id
WHERE p.position <> 0.0
