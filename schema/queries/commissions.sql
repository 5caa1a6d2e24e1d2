-- Commissions: every fee, newest first.
SELECT
    trade_date, mode, account, strategy, symbol, fee_type, amount, currency, reporting_amount, reporting_currency,
    missing_rate, exec_id
FROM v_commissions
WHERE current_run = 1
ORDER BY commission_id DESC
