-- Profit of each strategy by mode, account and currency; amounts of two currencies are never added.
-- "Today" is the session the run's feed has reached (its own date in a replay), else the machine's UTC date.
-- Realised PnL is gross; net is after commission. Equity is that of the newest run of the account.
CREATE VIEW v_strategy_pnl AS
WITH
runs AS (
    SELECT
        r.*,
        COALESCE(
            s.currency,
            (SELECT e.currency FROM execution e WHERE e.strategy_run_id = r.strategy_run_id ORDER BY e.seq_id LIMIT 1),
            'USD'
        ) AS currency
    FROM strategy_run r
    JOIN strategy s ON s.strategy_id = r.strategy_id
    WHERE r.strategy_run_id = (
        SELECT MAX(n.strategy_run_id)
        FROM strategy_run n
        WHERE n.strategy_id = r.strategy_id AND n.mode = r.mode AND n.account = r.account
    )
),
parts AS (
    SELECT p.mode, p.strategy_id, p.account, p.currency, p.trade_date, p.realized_pnl, 0.0 AS commission, 1 AS fills
    FROM position_event p
    WHERE p.execution_seq IS NOT NULL
    UNION ALL
    SELECT e.mode, e.strategy_id, e.account, c.currency, e.trade_date, 0.0, c.booked_amount, 0
    FROM commission c
    JOIN execution e ON e.exec_id = c.exec_id
    UNION ALL
    SELECT r.mode, r.strategy_id, r.account, r.currency, NULL, 0.0, 0.0, 0
    FROM runs r
),
dated AS (
    SELECT
        x.*,
        COALESCE(r.feed_date, CAST(CURRENT_DATE AS TEXT)) AS today,
        CASE WHEN x.trade_date = COALESCE(r.feed_date, CAST(CURRENT_DATE AS TEXT)) THEN 1 ELSE 0 END AS is_today
    FROM parts x
    LEFT JOIN runs r ON r.strategy_id = x.strategy_id AND r.mode = x.mode AND r.account = x.account
),
summed AS (
    SELECT
        mode,
        strategy_id,
        account,
        currency,
        today,
        ROUND(SUM(realized_pnl), 8) AS realized_pnl,
        ROUND(SUM(commission), 8) AS commission,
        ROUND(SUM(realized_pnl - commission), 8) AS net_pnl,
        ROUND(SUM(is_today * realized_pnl), 8) AS today_realized_pnl,
        ROUND(SUM(is_today * commission), 8) AS today_commission,
        ROUND(SUM(is_today * (realized_pnl - commission)), 8) AS today_pnl,
        SUM(fills) AS fills,
        SUM(is_today * fills) AS today_fills
    FROM dated
    GROUP BY mode, strategy_id, account, currency, today
)
SELECT
    t.mode,
    t.account,
    s.name AS strategy,
    r.client,
    t.currency,
    t.realized_pnl,
    t.commission,
    t.net_pnl,
    t.fills,
    t.today AS feed_date,
    t.today_realized_pnl,
    t.today_commission,
    t.today_pnl,
    t.today_fills,
    r.initial_cash,
    r.last_equity,
    ROUND(r.last_equity - r.initial_cash, 8) AS equity_pnl,
    ROUND(r.last_equity - COALESCE(
        (
            SELECT q.equity
            FROM strategy_equity q
            WHERE q.strategy_run_id = r.strategy_run_id AND q.event_time < r.feed_date
            ORDER BY q.event_time DESC
            LIMIT 1
        ),
        r.initial_cash
    ), 8) AS today_equity_change,
    r.feed,
    r.feed_time,
    r.started,
    t.strategy_id,
    r.strategy_run_id,
    r.run_key,
    r.code_hash,
    CASE WHEN t.mode = 'live' OR r.current IS NULL THEN 1 ELSE r.current END AS current_run
FROM summed t
JOIN strategy s ON s.strategy_id = t.strategy_id
LEFT JOIN runs r
    ON r.strategy_id = t.strategy_id AND r.mode = t.mode AND r.account = t.account AND r.currency = t.currency
