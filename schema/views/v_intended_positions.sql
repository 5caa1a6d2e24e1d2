-- What each strategy wants to hold, by its newest intention that did not fail, beside what it holds.
-- One row: an instrument that a strategy has an intention for.
--
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * symbol TEXT: symbol of the instrument
-- * contract_id TEXT: the broker's contract, empty where the symbol says it all
-- * leg TEXT: NET, or LONG and SHORT of a hedge
-- * intended REAL: units the strategy wants to hold
-- * realized REAL: units it holds
-- * difference REAL: intended minus realized
-- * status TEXT: PENDING, EXECUTED or CONFIRMED
-- * event_time TIME: when it was intended
-- * order_id INTEGER: order that was to bring it about
-- * strategy_id INTEGER: key of strategy
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
CREATE VIEW v_intended_positions AS
SELECT
    e.mode,
    e.account,
    s.name AS strategy,
    e.symbol,
    e.contract_id,
    e.leg,
    e.position AS intended,
    COALESCE(h.position, 0.0) AS realized,
    ROUND(e.position - COALESCE(h.position, 0.0), 9) AS difference,
    e.status,
    e.event_time,
    e.order_id,
    e.strategy_id,
    CASE WHEN e.mode = 'live' OR r.current IS NULL THEN 1 ELSE r.current END AS current_run
FROM (
    SELECT MAX(strategy_event_id) AS newest
    FROM strategy_event
    WHERE status <> 'FAILED' AND position IS NOT NULL
    GROUP BY strategy_id, symbol, mode, account, contract_id, leg
) l
JOIN strategy_event e ON e.strategy_event_id = l.newest
JOIN strategy s ON s.strategy_id = e.strategy_id
LEFT JOIN strategy_run r ON r.strategy_run_id = e.strategy_run_id
LEFT JOIN (
    SELECT strategy_id, symbol, mode, account, contract_id, leg, SUM(position) AS position
    FROM round_trip
    WHERE closed IS NULL
    GROUP BY strategy_id, symbol, mode, account, contract_id, leg
) h
    ON
        h.strategy_id = e.strategy_id AND h.symbol = e.symbol AND h.mode = e.mode AND h.account = e.account
        AND h.contract_id = e.contract_id AND h.leg = e.leg
