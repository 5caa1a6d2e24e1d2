-- Profit of each session. Where an account has one run that recorded its equity, the unrealised part is what the
-- equity says; elsewhere positions are valued at the close in mtm_price, or at the day's last fill. Days add up: the sum
-- of total_pnl is the whole result. Each day converts at its own rate.
-- One row: a session of a strategy in one mode, account and currency.
--
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * client TEXT: client whose run it was, empty where none is known
-- * currency TEXT: currency of the row's amounts
-- * trade_date DATE: session by the instrument's calendar
-- * fills INTEGER: fills, without corrected ones
-- * realized_pnl REAL: gross profit of what was closed
-- * unrealized_change REAL: change of what open positions would bring
-- * commission REAL: commission and fees
-- * net_pnl REAL: realized_pnl minus commission
-- * total_pnl REAL: net_pnl plus unrealized_change
-- * turnover REAL: money that was traded, buys and sells
-- * valued_by TEXT: equity (recorded by the run) or mark (mtm_price and fills)
-- * reporting_currency TEXT: the currency reports add up in
-- * rate REAL: one unit of currency in the reporting currency, last known at the date
-- * reporting_realized_pnl REAL: realized_pnl in the reporting currency, empty where the rate is missing
-- * reporting_unrealized_change REAL: unrealized_change in the reporting currency
-- * reporting_commission REAL: commission in the reporting currency
-- * reporting_net_pnl REAL: reporting_realized_pnl minus reporting_commission
-- * reporting_total_pnl REAL: reporting_net_pnl plus reporting_unrealized_change
-- * missing_rate TEXT: symbol that mtm_price lacks for the conversion (as EURUSD); empty where nothing is missing
-- * strategy_id INTEGER: key of strategy
-- * strategy_run_id INTEGER: newest run of the account
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
CREATE VIEW v_daily_pnl AS
WITH
-- What positions are worth is rounded before days are told apart, so that days in cents add up to the whole in cents.
minor AS (
    SELECT currency, digits FROM reporting WHERE reporting_id = 1
),
runs AS (
    SELECT mode, strategy_id, account, MAX(strategy_run_id) AS strategy_run_id, COUNT(*) AS runs
    FROM strategy_run
    GROUP BY mode, strategy_id, account
),
run AS (
    SELECT
        r.*,
        n.runs,
        CASE WHEN r.mode IN ('replay', 'simulation') THEN r.feed_date END AS reached,
        COALESCE(
            s.currency,
            (
                SELECT p.currency FROM position_day p
                WHERE p.strategy_id = r.strategy_id AND p.mode = r.mode AND p.account = r.account AND p.fills > 0
                LIMIT 1
            ),
            'USD'
        ) AS currency,
        CASE
            WHEN n.runs = 1 AND EXISTS (SELECT 1 FROM equity_day q WHERE q.strategy_run_id = r.strategy_run_id) THEN 1
            ELSE 0
        END AS has_equity
    FROM runs n
    JOIN strategy_run r ON r.strategy_run_id = n.strategy_run_id
    JOIN strategy s ON s.strategy_id = r.strategy_id
),
span AS (
    SELECT
        p.strategy_id, p.mode, p.account, p.symbol, p.contract_id, p.leg, p.broker_id, p.currency,
        MIN(p.trade_date) AS first_date, MAX(p.trade_date) AS last_date, ROUND(SUM(p.quantity), 9) AS held,
        MAX(p.multiplier) AS multiplier
    FROM position_day p
    GROUP BY p.strategy_id, p.mode, p.account, p.symbol, p.contract_id, p.leg, p.broker_id, p.currency
),
day AS (
    SELECT
        p.strategy_id, p.mode, p.account, p.symbol, p.contract_id, p.leg, p.broker_id, p.currency, p.trade_date,
        p.fills, p.quantity, p.cost_change, p.realized_pnl, p.commission, p.turnover,
        COALESCE(m.close, p.last_price) AS price
    FROM position_day p
    LEFT JOIN mtm_price m ON m.symbol = p.symbol AND m.contract_id = p.contract_id AND m.date = p.trade_date
    UNION ALL
    SELECT
        k.strategy_id, k.mode, k.account, k.symbol, k.contract_id, k.leg, k.broker_id, k.currency, m.date,
        0, 0.0, 0.0, 0.0, 0.0, 0.0, m.close
    FROM span k
    JOIN mtm_price m ON m.symbol = k.symbol AND m.contract_id = k.contract_id AND m.date > k.first_date
    LEFT JOIN run r ON r.strategy_id = k.strategy_id AND r.mode = k.mode AND r.account = k.account
    WHERE
        (k.held <> 0.0 OR m.date < k.last_date) AND m.date <= COALESCE(r.reached, '9999') AND m.close IS NOT NULL
        AND COALESCE(r.has_equity, 0) = 0
        AND NOT EXISTS (
            SELECT 1 FROM position_day p
            WHERE
                p.strategy_id = k.strategy_id AND p.mode = k.mode AND p.account = k.account AND p.symbol = k.symbol
                AND p.contract_id = k.contract_id AND p.leg = k.leg AND p.broker_id = k.broker_id
                AND p.currency = k.currency AND p.trade_date = m.date
        )
),
carried AS (
    SELECT
        d.*,
        ROUND(SUM(d.quantity) OVER w, 9) AS position,
        SUM(d.cost_change) OVER w AS cost,
        COUNT(d.price) OVER w AS priced
    FROM day d
    WINDOW w AS (
        PARTITION BY d.strategy_id, d.mode, d.account, d.symbol, d.contract_id, d.leg, d.broker_id, d.currency
        ORDER BY d.trade_date
    )
),
marked AS (
    SELECT
        c.*,
        -- A corrected fill may leave a cost on a flat day, which what it realised on that day makes up for.
        ROUND(
            CASE
                WHEN c.position = 0.0 THEN 0.0
                ELSE c.position * k.multiplier * FIRST_VALUE(c.price) OVER (
                    PARTITION BY
                        c.strategy_id, c.mode, c.account, c.symbol, c.contract_id, c.leg, c.broker_id, c.currency,
                        c.priced
                    ORDER BY c.trade_date
                )
            END - c.cost,
            COALESCE(n.digits, 8)
        ) AS unrealized
    FROM carried c
    LEFT JOIN minor n ON n.currency = c.currency
    JOIN span k
        ON
            k.strategy_id = c.strategy_id AND k.mode = c.mode AND k.account = c.account AND k.symbol = c.symbol
            AND k.contract_id = c.contract_id AND k.leg = c.leg AND k.broker_id = c.broker_id
            AND k.currency = c.currency
),
changed AS (
    SELECT
        m.*,
        m.unrealized - LAG(m.unrealized, 1, 0.0) OVER (
            PARTITION BY m.strategy_id, m.mode, m.account, m.symbol, m.contract_id, m.leg, m.broker_id, m.currency
            ORDER BY m.trade_date
        ) AS unrealized_change
    FROM marked m
),
part AS (
    SELECT
        c.strategy_id, c.mode, c.account, c.currency, c.trade_date, c.fills, c.realized_pnl, c.unrealized_change,
        c.commission, c.turnover, NULL AS equity_change
    FROM changed c
    WHERE c.fills <> 0 OR c.commission <> 0.0 OR c.realized_pnl <> 0.0 OR c.unrealized_change <> 0.0
        OR c.quantity <> 0.0
    UNION ALL
    SELECT
        r.strategy_id, r.mode, r.account, r.currency, q.trade_date, 0, 0.0, 0.0, 0.0, 0.0,
        ROUND(q.equity, COALESCE(n.digits, 8)) - ROUND(
            COALESCE(LAG(q.equity) OVER (PARTITION BY q.strategy_run_id ORDER BY q.trade_date), r.initial_cash),
            COALESCE(n.digits, 8)
        )
    FROM equity_day q
    JOIN run r ON r.strategy_run_id = q.strategy_run_id AND r.has_equity = 1
    LEFT JOIN minor n ON n.currency = r.currency
),
summed AS (
    SELECT
        strategy_id, mode, account, currency, trade_date,
        SUM(fills) AS fills,
        ROUND(SUM(realized_pnl), 8) AS realized_pnl,
        SUM(unrealized_change) AS unrealized_change,
        ROUND(SUM(commission), 8) AS commission,
        ROUND(SUM(turnover), 8) AS turnover,
        COALESCE(SUM(equity_change), 0.0) AS equity_change
    FROM part
    GROUP BY strategy_id, mode, account, currency, trade_date
),
valued AS (
    SELECT
        t.*,
        ROUND(
            CASE
                WHEN r.has_equity = 1 THEN t.equity_change - t.realized_pnl + t.commission
                ELSE t.unrealized_change
            END,
            8
        ) AS change,
        CASE WHEN r.has_equity = 1 THEN 'equity' ELSE 'mark' END AS valued_by,
        r.strategy_run_id,
        r.client,
        CASE WHEN t.mode = 'live' OR n.current IS NULL THEN 1 ELSE n.current END AS current_run
    FROM summed t
    LEFT JOIN run r
        ON r.strategy_id = t.strategy_id AND r.mode = t.mode AND r.account = t.account AND r.currency = t.currency
    LEFT JOIN run n ON n.strategy_id = t.strategy_id AND n.mode = t.mode AND n.account = t.account
),
converted AS (
    SELECT
        v.*,
        x.reporting_currency,
        x.rate,
        x.missing_rate,
        x.digits,
        ROUND(v.realized_pnl * x.rate, x.digits) AS reporting_realized_pnl,
        ROUND(v.change * x.rate, x.digits) AS reporting_unrealized_change,
        ROUND(v.commission * x.rate, x.digits) AS reporting_commission
    FROM valued v
    LEFT JOIN v_rates x ON x.currency = v.currency AND x.trade_date = v.trade_date
)
SELECT
    c.mode,
    c.account,
    s.name AS strategy,
    c.client,
    c.currency,
    c.trade_date,
    c.fills,
    c.realized_pnl,
    c.change AS unrealized_change,
    c.commission,
    ROUND(c.realized_pnl - c.commission, 8) AS net_pnl,
    ROUND(c.realized_pnl - c.commission + c.change, 8) AS total_pnl,
    c.turnover,
    c.valued_by,
    c.reporting_currency,
    c.rate,
    c.reporting_realized_pnl,
    c.reporting_unrealized_change,
    c.reporting_commission,
    ROUND(c.reporting_realized_pnl - c.reporting_commission, 8) AS reporting_net_pnl,
    ROUND(c.reporting_realized_pnl - c.reporting_commission + c.reporting_unrealized_change, 8) AS reporting_total_pnl,
    c.missing_rate,
    c.strategy_id,
    c.strategy_run_id,
    c.current_run
FROM converted c
JOIN strategy s ON s.strategy_id = c.strategy_id
