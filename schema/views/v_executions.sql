-- Every fill with its commission (in the fill's currency), what it realised and the code that made it. One row a fill.
CREATE VIEW v_executions AS
SELECT
    e.seq_id,
    e.exec_id,
    e.order_id,
    e.mode,
    e.account,
    s.name AS strategy,
    b.name AS broker,
    e.symbol,
    e.contract_id,
    e.instrument_type,
    e.side,
    e.leg,
    e.quantity,
    e.price,
    e.amount,
    e.currency,
    e.commission,
    ROUND(e.amount - e.commission, 8) AS net_amount,
    p.realized_pnl,
    ROUND(p.realized_pnl - e.commission, 8) AS net_pnl,
    p.position,
    p.avg_price,
    p.event_type,
    p.group_label,
    e.exec_time,
    e.trade_date,
    e.create_time,
    e.strategy_id,
    e.broker_id,
    e.strategy_run_id,
    r.run_key,
    COALESCE(r.client, c.client) AS client,
    COALESCE(r.code_hash, c.code_hash) AS code_hash,
    CASE WHEN e.mode = 'live' OR r.current IS NULL THEN 1 ELSE r.current END AS current_run
FROM (
    SELECT
        x.*,
        (
            SELECT ROUND(COALESCE(SUM(m.booked_amount), 0.0), 8)
            FROM commission m
            WHERE m.exec_id = x.exec_id AND m.currency = x.currency
        ) AS commission
    FROM execution x
) e
JOIN strategy s ON s.strategy_id = e.strategy_id
JOIN position_event p ON p.exec_id = e.exec_id
LEFT JOIN broker b ON b.broker_id = e.broker_id
LEFT JOIN strategy_run r ON r.strategy_run_id = e.strategy_run_id
LEFT JOIN client_run c ON c.run_id = e.client_run_id
