-- PnL by trade: every closed round trip, newest first.
SELECT
    closed, opened, mode, account, strategy, symbol, side, quantity, avg_entry, avg_exit, gross_pnl, commission, net_pnl,
    currency, trade_return, hold_days, trade_id
FROM v_trades
WHERE current_run = 1
ORDER BY closed DESC, trade_id DESC
