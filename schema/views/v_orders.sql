-- Every order with its newest status.
-- One row: an order.
--
-- * seq_id INTEGER: key of orders, in the order of recording
-- * order_id INTEGER: the platform's id of the order
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * broker TEXT: name of the broker, empty where none is known
-- * symbol TEXT: symbol of the instrument
-- * contract_id TEXT: the broker's contract, empty where the symbol says it all
-- * instrument_type TEXT: STK, FUT, OPT, CASH ...
-- * side TEXT: BUY or SELL
-- * leg TEXT: NET, or LONG and SHORT of a hedge
-- * order_type TEXT: MARKET, LIMIT, STOP ... or the broker's word
-- * total_quantity REAL: units ordered
-- * limit_price REAL: worst price accepted
-- * stop_price REAL: trigger
-- * trail_amount REAL: distance of a trailing stop, in price units
-- * time_in_force TEXT: GTC, DAY, BAR or the broker's word
-- * decision_price REAL: last known price when the order was decided
-- * currency TEXT: currency of the row's amounts
-- * status TEXT: newest status, CREATED before the first
-- * filled_quantity REAL: units filled so far
-- * remaining_quantity REAL: units not filled yet
-- * avg_fill_price REAL: mean price of the fills so far
-- * reason TEXT: why the broker holds or refused it
-- * status_time TIME: when that status was reached
-- * event_time TIME: when the order was decided, on the feed's clock
-- * create_time TIME: when it was recorded
-- * parent_order_id INTEGER: order that this one protects
-- * client_reference TEXT: our reference at the broker
-- * external_order_id TEXT: the broker's id
-- * strategy_id INTEGER: key of strategy
-- * broker_id INTEGER: key of broker
-- * strategy_run_id INTEGER: key of strategy_run
-- * run_key TEXT: key of the run; the same code, parameters and feed have the same one
-- * client TEXT: client whose run it was, empty where none is known
-- * code_hash TEXT: hash of the code that ran
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
CREATE VIEW v_orders AS
SELECT
    o.seq_id,
    o.order_id,
    o.mode,
    o.account,
    s.name AS strategy,
    b.name AS broker,
    o.symbol,
    o.contract_id,
    o.instrument_type,
    o.side,
    o.leg,
    o.order_type,
    o.total_quantity,
    o.limit_price,
    o.stop_price,
    o.trail_amount,
    o.time_in_force,
    o.decision_price,
    o.currency,
    COALESCE(x.status, 'CREATED') AS status,
    COALESCE(x.filled_quantity, 0.0) AS filled_quantity,
    COALESCE(x.remaining_quantity, o.total_quantity) AS remaining_quantity,
    x.avg_fill_price,
    x.reason_held AS reason,
    COALESCE(x.event_time, o.event_time) AS status_time,
    o.event_time,
    o.create_time,
    o.parent_order_id,
    o.client_reference,
    o.external_order_id,
    o.strategy_id,
    o.broker_id,
    o.strategy_run_id,
    r.run_key,
    COALESCE(r.client, c.client) AS client,
    COALESCE(r.code_hash, c.code_hash) AS code_hash,
    CASE WHEN o.mode = 'live' OR r.current IS NULL THEN 1 ELSE r.current END AS current_run
FROM orders o
JOIN strategy s ON s.strategy_id = o.strategy_id
LEFT JOIN broker b ON b.broker_id = o.broker_id
LEFT JOIN strategy_run r ON r.strategy_run_id = o.strategy_run_id
LEFT JOIN client_run c ON c.run_id = o.client_run_id
LEFT JOIN order_status x ON x.order_status_id = (
    SELECT y.order_status_id
    FROM order_status y
    WHERE y.order_id = o.order_id
    ORDER BY y.event_time DESC, y.order_status_id DESC
    LIMIT 1
)
