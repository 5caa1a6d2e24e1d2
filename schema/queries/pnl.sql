-- PnL: each strategy with its realised and unrealised profit, in its own and in the reporting currency.
SELECT
    mode, account, strategy, currency, SUM(fills) AS fills, ROUND(SUM(realized_pnl), 2) AS realized_pnl,
    ROUND(SUM(unrealized_change), 2) AS unrealized_pnl, ROUND(SUM(commission), 2) AS commission,
    ROUND(SUM(total_pnl), 2) AS total_pnl,
    CASE WHEN COUNT(missing_rate) = 0 THEN ROUND(SUM(reporting_total_pnl), 2) END AS reporting_total_pnl,
    reporting_currency, MAX(missing_rate) AS missing_rate
FROM v_daily_pnl
WHERE current_run = 1
GROUP BY mode, account, strategy, currency, reporting_currency
ORDER BY mode, strategy, account, currency
