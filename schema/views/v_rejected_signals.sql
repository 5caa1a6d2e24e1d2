-- Signals that became no order.
-- One row: a rejected signal.
--
-- * rejected_signal_id INTEGER: key of rejected_signal
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * client TEXT: client whose run it was, empty where none is known
-- * event_time TIME: when it was decided, on the feed's clock
-- * symbol TEXT: symbol of the instrument
-- * side TEXT: BUY or SELL
-- * order_type TEXT: kind of order it asked for
-- * quantity REAL: units it asked for; empty where the platform was to size it
-- * limit_price REAL: its limit
-- * stop_price REAL: its trigger
-- * rule TEXT: rule that stopped it
-- * reason TEXT: why, in words
-- * create_time TIME: when it was recorded
-- * strategy_id INTEGER: key of strategy
-- * strategy_run_id INTEGER: key of strategy_run
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
CREATE VIEW v_rejected_signals AS
SELECT
    j.rejected_signal_id,
    j.mode,
    j.account,
    s.name AS strategy,
    r.client,
    j.event_time,
    j.symbol,
    j.side,
    j.order_type,
    j.quantity,
    j.limit_price,
    j.stop_price,
    j.rule,
    j.reason,
    j.create_time,
    j.strategy_id,
    j.strategy_run_id,
    CASE WHEN j.mode = 'live' OR r.current IS NULL THEN 1 ELSE r.current END AS current_run
FROM rejected_signal j
JOIN strategy s ON s.strategy_id = j.strategy_id
LEFT JOIN strategy_run r ON r.strategy_run_id = j.strategy_run_id
