-- Brokers, with what was traded there.
SELECT
    b.broker_id, b.name, b.full_name,
    (SELECT COUNT(*) FROM round_trip t WHERE t.broker_id = b.broker_id) AS trades, b.create_time, b.update_time
FROM broker b
ORDER BY b.name
