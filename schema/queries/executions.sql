-- Executions: every fill, newest first.
SELECT
    exec_time, trade_date, mode, account, strategy, symbol, side, quantity, price, amount, commission, realized_pnl,
    net_pnl, currency, position, event_type, entry, order_id, exec_id
FROM v_executions
WHERE current_run = 1
ORDER BY seq_id DESC
