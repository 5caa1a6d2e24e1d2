-- Every order with its newest status. One row an order.
CREATE VIEW v_orders AS
SELECT
    o.seq_id,
    o.order_id,
    o.mode,
    o.account,
    s.name AS strategy,
    b.name AS broker,
    o.symbol,
    o.contract_id,
    o.instrument_type,
    o.side,
    o.leg,
    o.order_type,
    o.total_quantity,
    o.limit_price,
    o.stop_price,
    o.trail_amount,
    o.time_in_force,
    o.decision_price,
    o.currency,
    COALESCE(x.status, 'CREATED') AS status,
    COALESCE(x.filled_quantity, 0.0) AS filled_quantity,
    COALESCE(x.remaining_quantity, o.total_quantity) AS remaining_quantity,
    x.avg_fill_price,
    x.reason_held AS reason,
    COALESCE(x.event_time, o.event_time) AS status_time,
    o.event_time,
    o.create_time,
    o.parent_order_id,
    o.client_reference,
    o.external_order_id,
    o.strategy_id,
    o.broker_id,
    o.strategy_run_id,
    r.run_key,
    COALESCE(r.client, c.client) AS client,
    COALESCE(r.code_hash, c.code_hash) AS code_hash,
    CASE WHEN o.mode = 'live' OR r.current IS NULL THEN 1 ELSE r.current END AS current_run
FROM orders o
JOIN strategy s ON s.strategy_id = o.strategy_id
LEFT JOIN broker b ON b.broker_id = o.broker_id
LEFT JOIN strategy_run r ON r.strategy_run_id = o.strategy_run_id
LEFT JOIN client_run c ON c.run_id = o.client_run_id
LEFT JOIN order_status x ON x.order_status_id = (
    SELECT y.order_status_id
    FROM order_status y
    WHERE y.order_id = o.order_id
    ORDER BY y.event_time DESC, y.order_status_id DESC
    LIMIT 1
)
