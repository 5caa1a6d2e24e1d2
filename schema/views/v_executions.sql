-- Every fill with its commission (in the fill's currency), what it realised and the code that made it.
-- A corrected fill and its correction are both here; together they come to nothing.
-- One row: a fill.
--
-- * seq_id INTEGER: key of execution, in the order of booking
-- * exec_id TEXT: the broker's id of the fill
-- * order_id INTEGER: order it belongs to
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * broker TEXT: name of the broker, empty where none is known
-- * symbol TEXT: symbol of the instrument
-- * contract_id TEXT: the broker's contract, empty where the symbol says it all
-- * instrument_type TEXT: STK, FUT, OPT, CASH ...
-- * side TEXT: BUY or SELL
-- * leg TEXT: NET, or LONG and SHORT of a hedge
-- * quantity REAL: units, always positive
-- * price REAL: price of one unit
-- * amount REAL: signed cash before commission, negative when buying
-- * currency TEXT: currency of the row's amounts
-- * commission REAL: fees of the fill in its own currency; v_commissions has all
-- * net_amount REAL: amount minus commission
-- * realized_pnl REAL: gross profit that this fill realised
-- * net_pnl REAL: realized_pnl minus commission
-- * trade_id INTEGER: round trip it belongs to; empty for corrected fills and corrections
-- * position REAL: units held afterwards, negative when short
-- * avg_price REAL: average entry price of what is held afterwards
-- * event_type TEXT: OPEN_LONG, PARTIAL_CLOSE, CLOSE, FLIP ...
-- * group_label TEXT: label given by the client
-- * exec_time TIME: when it happened
-- * trade_date DATE: session by the instrument's calendar
-- * create_time TIME: when it was recorded
-- * entry TEXT: FILL, CORRECTED (another row reverses it) or CORRECTION
-- * corrects TEXT: exec_id that this row reverses
-- * replaces TEXT: exec_id that this row takes the place of
-- * strategy_id INTEGER: key of strategy
-- * broker_id INTEGER: key of broker
-- * strategy_run_id INTEGER: key of strategy_run
-- * run_key TEXT: key of the run; the same code, parameters and feed have the same one
-- * client TEXT: client whose run it was, empty where none is known
-- * code_hash TEXT: hash of the code that ran
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
CREATE VIEW v_executions AS
SELECT
    e.seq_id,
    e.exec_id,
    e.order_id,
    e.mode,
    e.account,
    s.name AS strategy,
    b.name AS broker,
    e.symbol,
    e.contract_id,
    e.instrument_type,
    e.side,
    e.leg,
    e.quantity,
    e.price,
    e.amount,
    e.currency,
    e.commission,
    ROUND(e.amount - e.commission, 8) AS net_amount,
    p.realized_pnl,
    ROUND(p.realized_pnl - e.commission, 8) AS net_pnl,
    t.trade_id,
    p.position,
    p.avg_price,
    p.event_type,
    p.group_label,
    e.exec_time,
    e.trade_date,
    e.create_time,
    CASE
        WHEN e.corrects IS NOT NULL THEN 'CORRECTION'
        WHEN EXISTS (SELECT 1 FROM execution y WHERE y.corrects = e.exec_id) THEN 'CORRECTED'
        ELSE 'FILL'
    END AS entry,
    e.corrects,
    e.replaces,
    e.strategy_id,
    e.broker_id,
    e.strategy_run_id,
    r.run_key,
    COALESCE(r.client, c.client) AS client,
    COALESCE(r.code_hash, c.code_hash) AS code_hash,
    CASE WHEN e.mode = 'live' OR r.current IS NULL THEN 1 ELSE r.current END AS current_run
FROM (
    SELECT
        x.*,
        (
            SELECT ROUND(COALESCE(SUM(m.booked_amount), 0.0), 8)
            FROM commission m
            WHERE m.exec_id = x.exec_id AND m.currency = x.currency
        ) AS commission
    FROM execution x
) e
JOIN strategy s ON s.strategy_id = e.strategy_id
JOIN position_event p ON p.exec_id = e.exec_id
LEFT JOIN trade_fill t ON t.execution_seq = e.seq_id
LEFT JOIN broker b ON b.broker_id = e.broker_id
LEFT JOIN strategy_run r ON r.strategy_run_id = e.strategy_run_id
LEFT JOIN client_run c ON c.run_id = e.client_run_id
