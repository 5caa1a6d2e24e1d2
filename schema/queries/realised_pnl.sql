-- Realised PnL: by session and strategy, after commission.
SELECT
    trade_date, mode, account, strategy, currency, fills, realized_pnl, commission, net_pnl, reporting_net_pnl,
    reporting_currency, missing_rate
FROM v_daily_pnl
WHERE current_run = 1 AND (fills <> 0 OR realized_pnl <> 0.0 OR commission <> 0.0)
ORDER BY trade_date DESC, mode, strategy, account, currency
