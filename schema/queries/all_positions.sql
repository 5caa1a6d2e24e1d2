-- All positions: what is held now, marked to market.
SELECT
    mode, account, strategy, symbol, leg, position, avg_price, cost, mark_price, mark_date, mark_age_days, market_value,
    unrealized_pnl, currency, reporting_unrealized_pnl, reporting_currency, missing_rate
FROM v_positions
WHERE current_run = 1
ORDER BY mode, strategy, symbol, leg
