-- Profit of each strategy; amounts of two currencies are never added. "Today" is the session the run's feed has reached
-- (its own date in a replay), else the machine's UTC date, or the session of a fill that counts for a later one (made at
-- the weekend, or after the close). Equity is that of the newest run of the account.
-- One row: a strategy in one mode, account and currency.
--
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * client TEXT: client whose run it was, empty where none is known
-- * currency TEXT: currency of the row's amounts
-- * realized_pnl REAL: gross profit of what was closed
-- * commission REAL: commission and fees
-- * net_pnl REAL: realized_pnl minus commission
-- * fills INTEGER: fills, without corrected ones
-- * feed_date DATE: the session that counts as today
-- * today_realized_pnl REAL: realized_pnl of today
-- * today_commission REAL: commission of today
-- * today_pnl REAL: net_pnl of today
-- * today_fills INTEGER: fills of today
-- * initial_cash REAL: what the run began with
-- * last_equity REAL: newest equity of the run
-- * equity_pnl REAL: last_equity minus initial_cash
-- * today_equity_change REAL: equity gained today
-- * feed TEXT: where the run's bars come from
-- * feed_time TIME: how far the run has come
-- * started TIME: when the run began
-- * strategy_id INTEGER: key of strategy
-- * strategy_run_id INTEGER: key of strategy_run
-- * run_key TEXT: key of the run; the same code, parameters and feed have the same one
-- * code_hash TEXT: hash of the code that ran
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
-- * unrealized_pnl REAL: what open positions would bring: by the equity of the account's only run, else by v_positions
-- * total_pnl REAL: net_pnl plus unrealized_pnl, the sum of total_pnl in v_daily_pnl
CREATE VIEW v_strategy_pnl AS
WITH
newest AS (
    SELECT MAX(strategy_run_id) AS strategy_run_id, COUNT(*) AS runs
    FROM strategy_run
    GROUP BY strategy_id, mode, account
),
runs AS (
    SELECT
        r.*,
        n.runs,
        COALESCE(
            s.currency,
            (
                SELECT p.currency FROM position_day p
                WHERE p.strategy_id = r.strategy_id AND p.mode = r.mode AND p.account = r.account AND p.fills > 0
                LIMIT 1
            ),
            'USD'
        ) AS currency
    FROM newest n
    JOIN strategy_run r ON r.strategy_run_id = n.strategy_run_id
    JOIN strategy s ON s.strategy_id = r.strategy_id
),
parts AS (
    SELECT p.mode, p.strategy_id, p.account, p.currency, p.trade_date, p.realized_pnl, p.commission, p.fills
    FROM position_day p
    UNION ALL
    SELECT r.mode, r.strategy_id, r.account, r.currency, NULL, 0.0, 0.0, 0
    FROM runs r
),
ahead AS (
    SELECT p.mode, p.strategy_id, p.account, MAX(p.trade_date) AS trade_date
    FROM position_day p
    WHERE p.fills > 0 AND p.trade_date > CAST(CURRENT_DATE AS TEXT)
    GROUP BY p.mode, p.strategy_id, p.account
),
placed AS (
    SELECT x.*, COALESCE(r.feed_date, a.trade_date, CAST(CURRENT_DATE AS TEXT)) AS today
    FROM parts x
    LEFT JOIN runs r ON r.strategy_id = x.strategy_id AND r.mode = x.mode AND r.account = x.account
    LEFT JOIN ahead a ON a.strategy_id = x.strategy_id AND a.mode = x.mode AND a.account = x.account
),
dated AS (
    SELECT x.*, CASE WHEN x.trade_date = x.today THEN 1 ELSE 0 END AS is_today
    FROM placed x
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
            FROM equity_day q
            WHERE q.strategy_run_id = r.strategy_run_id AND q.trade_date < r.feed_date
            ORDER BY q.trade_date DESC
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
    CASE WHEN t.mode = 'live' OR r.current IS NULL THEN 1 ELSE r.current END AS current_run,
    CASE
        WHEN r.runs = 1 AND r.last_equity IS NOT NULL
            THEN ROUND(ROUND(r.last_equity, COALESCE(n.digits, 8)) - r.initial_cash - t.net_pnl, 8)
        ELSE ROUND(COALESCE(h.unrealized_pnl, 0.0), 8)
    END AS unrealized_pnl,
    CASE
        WHEN r.runs = 1 AND r.last_equity IS NOT NULL
            THEN ROUND(ROUND(r.last_equity, COALESCE(n.digits, 8)) - r.initial_cash, 8)
        ELSE ROUND(t.net_pnl + COALESCE(h.unrealized_pnl, 0.0), 8)
    END AS total_pnl
FROM summed t
JOIN strategy s ON s.strategy_id = t.strategy_id
LEFT JOIN reporting n ON n.currency = t.currency
LEFT JOIN (
    SELECT mode, strategy_id, account, currency, SUM(unrealized_pnl) AS unrealized_pnl
    FROM v_positions
    GROUP BY mode, strategy_id, account, currency
) h
    ON h.mode = t.mode AND h.strategy_id = t.strategy_id AND h.account = t.account AND h.currency = t.currency
LEFT JOIN runs r
    ON r.strategy_id = t.strategy_id AND r.mode = t.mode AND r.account = t.account AND r.currency = t.currency
