-- PnL: each strategy, in its own and in the reporting currency; left_out sessions lack a rate for the latter.
SELECT
    mode, account, strategy, currency, SUM(fills) AS fills, ROUND(SUM(realized_pnl), 2) AS realized_pnl,
    ROUND(SUM(unrealized_change), 2) AS unrealized_pnl, ROUND(SUM(commission), 2) AS commission,
    ROUND(SUM(total_pnl), 2) AS total_pnl,
    ROUND(SUM(reporting_total_pnl), 2) AS reporting_total_pnl, reporting_currency, MAX(missing_rate) AS missing_rate,
    COUNT(missing_rate) AS left_out, MIN(CASE WHEN missing_rate IS NOT NULL THEN trade_date END) AS first_left_out,
    MAX(CASE WHEN missing_rate IS NOT NULL THEN trade_date END) AS last_left_out
FROM v_daily_pnl
WHERE current_run = 1
GROUP BY mode, account, strategy, currency, reporting_currency
ORDER BY mode, strategy, account, currency
