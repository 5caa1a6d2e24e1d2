-- PnL of all trades: what the closed round trips of each strategy come to.
SELECT
    mode, account, strategy, currency, COUNT(*) AS trades, SUM(CASE WHEN net_pnl > 0.0 THEN 1 ELSE 0 END) AS winners,
    ROUND(SUM(gross_pnl), 2) AS gross_pnl, ROUND(SUM(commission), 2) AS commission, ROUND(SUM(net_pnl), 2) AS net_pnl,
    ROUND(AVG(net_pnl), 2) AS average, ROUND(MAX(net_pnl), 2) AS best, ROUND(MIN(net_pnl), 2) AS worst
FROM v_trades
WHERE current_run = 1
GROUP BY mode, account, strategy, currency
ORDER BY mode, strategy, account, currency
