-- What is held, marked to market: at the newest of the price that the account's only run recorded with its equity and the
-- close in mtm_price, or at the last fill where neither is as new.
-- One row: a position that is not flat, by mode, strategy, broker, account, instrument and leg.
--
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * broker TEXT: name of the broker, empty where none is known
-- * symbol TEXT: symbol of the instrument
-- * contract_id TEXT: the broker's contract, empty where the symbol says it all
-- * leg TEXT: NET, or LONG and SHORT of a hedge
-- * position REAL: units held, negative when short
-- * avg_price REAL: average entry price
-- * cost REAL: signed book cost
-- * currency TEXT: currency of the row's amounts
-- * last_fill_price REAL: price of the newest fill
-- * last_fill_time TIME: when that was
-- * last_fill_date DATE: its session
-- * trade_id INTEGER: round trip that is open
-- * opened TIME: when it was opened
-- * multiplier REAL: money per point and unit
-- * mark_price REAL: price it is valued at
-- * mark_date DATE: session of that price
-- * mark_source TEXT: run (its own bars), mtm (a close in mtm_price) or fill
-- * mark_age_days INTEGER: days from that session to today, or to the date a replay has reached
-- * market_value REAL: position x mark_price x multiplier
-- * unrealized_pnl REAL: market_value minus cost
-- * realized_pnl REAL: gross profit that the open round trip has realised so far
-- * commission REAL: its commission so far
-- * reporting_currency TEXT: the currency reports add up in
-- * rate REAL: one unit of currency in the reporting currency, last known at the date
-- * reporting_market_value REAL: market_value in the reporting currency, empty where the rate is missing
-- * reporting_unrealized_pnl REAL: unrealized_pnl in the reporting currency, empty where the rate is missing
-- * missing_rate TEXT: symbol that mtm_price lacks for the conversion (as EURUSD); empty where nothing is missing
-- * strategy_id INTEGER: key of strategy
-- * broker_id INTEGER: key of broker
-- * strategy_run_id INTEGER: key of strategy_run
-- * run_key TEXT: key of the run; the same code, parameters and feed have the same one
-- * client TEXT: client whose run it was, empty where none is known
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
CREATE VIEW v_positions AS
WITH
runs AS (
    SELECT mode, strategy_id, account, MAX(strategy_run_id) AS strategy_run_id
    FROM strategy_run
    GROUP BY mode, strategy_id, account
    HAVING COUNT(*) = 1
),
held AS (
    SELECT
        t.*,
        r.run_key,
        r.client,
        CASE WHEN t.mode IN ('replay', 'simulation') THEN r.feed_date END AS reached,
        CASE WHEN t.mode = 'live' OR r.current IS NULL THEN 1 ELSE r.current END AS current_run
    FROM round_trip t
    LEFT JOIN strategy_run r ON r.strategy_run_id = t.strategy_run_id
    WHERE t.closed IS NULL
),
dated AS (
    SELECT
        h.*,
        -- As in v_daily_pnl, a run speaks for its account where it is the only one; a fill is newer than its word before.
        (
            SELECT MAX(k.trade_date) FROM run_mark k
            WHERE
                k.strategy_run_id = n.strategy_run_id AND k.symbol = h.symbol AND k.event_time >= h.last_fill_time
        ) AS run_date,
        (
            SELECT MAX(m.date) FROM mtm_price m
            WHERE
                m.symbol = h.symbol AND m.contract_id = h.contract_id AND m.date >= h.last_fill_date
                AND m.date <= COALESCE(h.reached, '9999') AND m.close IS NOT NULL
        ) AS mtm_date
    FROM held h
    LEFT JOIN runs n
        ON
            n.strategy_id = h.strategy_id AND n.mode = h.mode AND n.account = h.account
            AND n.strategy_run_id = h.strategy_run_id
),
marked AS (
    SELECT
        d.*,
        COALESCE(k.trade_date, d.mtm_date, d.last_fill_date) AS mark_date,
        CASE WHEN k.price IS NOT NULL THEN 'run' WHEN d.mtm_date IS NULL THEN 'fill' ELSE 'mtm' END AS mark_source,
        COALESCE(k.price, m.close, d.last_fill_price) AS mark_price
    FROM dated d
    LEFT JOIN run_mark k
        ON
            k.strategy_run_id = d.strategy_run_id AND k.symbol = d.symbol AND k.trade_date = d.run_date
            AND d.run_date >= COALESCE(d.mtm_date, '')
    LEFT JOIN mtm_price m ON m.symbol = d.symbol AND m.contract_id = d.contract_id AND m.date = d.mtm_date
),
valued AS (
    SELECT k.*, ROUND(k.position * k.mark_price * k.multiplier, COALESCE(n.digits, 8)) AS market_value
    FROM marked k
    LEFT JOIN reporting n ON n.currency = k.currency
)
SELECT
    v.mode,
    v.account,
    s.name AS strategy,
    b.name AS broker,
    v.symbol,
    v.contract_id,
    v.leg,
    v.position,
    v.avg_price,
    v.cost,
    v.currency,
    v.last_fill_price,
    v.last_fill_time,
    v.last_fill_date,
    v.trade_id,
    v.opened,
    v.multiplier,
    v.mark_price,
    v.mark_date,
    v.mark_source,
    CAST(julianday(COALESCE(v.reached, CURRENT_DATE)) - julianday(v.mark_date) AS INTEGER) AS mark_age_days,
    v.market_value,
    ROUND(v.market_value - v.cost, 8) AS unrealized_pnl,
    v.realized_pnl,
    v.commission,
    x.reporting_currency,
    x.rate,
    ROUND(v.market_value * x.rate, x.digits) AS reporting_market_value,
    ROUND(ROUND(v.market_value - v.cost, 8) * x.rate, x.digits) AS reporting_unrealized_pnl,
    x.missing_rate,
    v.strategy_id,
    v.broker_id,
    v.strategy_run_id,
    v.run_key,
    v.client,
    v.current_run
FROM valued v
JOIN strategy s ON s.strategy_id = v.strategy_id
LEFT JOIN broker b ON b.broker_id = v.broker_id
LEFT JOIN v_rates x ON x.currency = v.currency AND x.trade_date = v.mark_date
