-- What each fill did to its position, in the order of booking.
-- One row: a booked fill.
--
-- * execution_seq INTEGER: key of execution, the order of booking
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * broker TEXT: name of the broker, empty where none is known
-- * symbol TEXT: symbol of the instrument
-- * contract_id TEXT: the broker's contract, empty where the symbol says it all
-- * leg TEXT: NET, or LONG and SHORT of a hedge
-- * event_time TIME: when the fill happened
-- * trade_date DATE: session by the instrument's calendar
-- * event_type TEXT: OPEN_LONG, PARTIAL_CLOSE, CLOSE, FLIP ...
-- * trade_quantity REAL: signed units of the fill
-- * trade_price REAL: price of the fill
-- * position REAL: units held afterwards
-- * avg_price REAL: average entry price afterwards
-- * cost REAL: signed book cost afterwards
-- * realized_pnl REAL: gross profit that the fill realised
-- * currency TEXT: currency of the row's amounts
-- * exec_id TEXT: the broker's id of the fill
-- * order_id INTEGER: order it belongs to
-- * group_label TEXT: label given by the client
-- * strategy_id INTEGER: key of strategy
-- * broker_id INTEGER: key of broker
-- * strategy_run_id INTEGER: key of strategy_run
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
CREATE VIEW v_position_history AS
SELECT
    e.seq_id AS execution_seq,
    p.mode,
    p.account,
    s.name AS strategy,
    b.name AS broker,
    p.symbol,
    p.contract_id,
    p.leg,
    p.event_time,
    p.trade_date,
    p.event_type,
    p.trade_quantity,
    p.trade_price,
    p.position,
    p.avg_price,
    p.cost,
    p.realized_pnl,
    p.currency,
    p.exec_id,
    p.order_id,
    p.group_label,
    p.strategy_id,
    p.broker_id,
    p.strategy_run_id,
    CASE WHEN p.mode = 'live' OR r.current IS NULL THEN 1 ELSE r.current END AS current_run
FROM execution e
JOIN position_event p ON p.exec_id = e.exec_id
JOIN strategy s ON s.strategy_id = p.strategy_id
LEFT JOIN broker b ON b.broker_id = p.broker_id
LEFT JOIN strategy_run r ON r.strategy_run_id = p.strategy_run_id
