-- What each strategy wants to hold, by its newest intention that did not fail, beside what it holds. What it holds without
-- ever having said so (a trade by hand, a fill of an unknown order) has no intention.
-- One row: an instrument that a strategy has an intention for, or a position in.
--
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * symbol TEXT: symbol of the instrument
-- * contract_id TEXT: the broker's contract, empty where the symbol says it all
-- * leg TEXT: NET, or LONG and SHORT of a hedge
-- * intended REAL: units the strategy wants to hold; empty where it never said
-- * realized REAL: units it holds
-- * difference REAL: intended minus realized; empty where nothing was intended
-- * status TEXT: PENDING, EXECUTED or CONFIRMED; empty where nothing was intended
-- * event_time TIME: when it was intended
-- * order_id INTEGER: order that was to bring it about
-- * strategy_id INTEGER: key of strategy
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
CREATE VIEW v_intended_positions AS
WITH
held AS (
    SELECT
        strategy_id, symbol, mode, account, contract_id, leg, SUM(position) AS position,
        MAX(strategy_run_id) AS strategy_run_id
    FROM round_trip
    WHERE closed IS NULL
    GROUP BY strategy_id, symbol, mode, account, contract_id, leg
),
known AS (
    SELECT strategy_id, symbol, mode, account, contract_id, leg, MAX(newest) AS newest
    FROM (
        SELECT strategy_id, symbol, mode, account, contract_id, leg, MAX(strategy_event_id) AS newest
        FROM strategy_event
        WHERE status <> 'FAILED' AND position IS NOT NULL
        GROUP BY strategy_id, symbol, mode, account, contract_id, leg
        UNION ALL
        SELECT strategy_id, symbol, mode, account, contract_id, leg, NULL
        FROM held
    ) both
    GROUP BY strategy_id, symbol, mode, account, contract_id, leg
)
SELECT
    k.mode,
    k.account,
    s.name AS strategy,
    k.symbol,
    k.contract_id,
    k.leg,
    e.position AS intended,
    COALESCE(h.position, 0.0) AS realized,
    ROUND(e.position - COALESCE(h.position, 0.0), 9) AS difference,
    e.status,
    e.event_time,
    e.order_id,
    k.strategy_id,
    CASE WHEN k.mode = 'live' OR r.current IS NULL THEN 1 ELSE r.current END AS current_run
FROM known k
JOIN strategy s ON s.strategy_id = k.strategy_id
LEFT JOIN strategy_event e ON e.strategy_event_id = k.newest
LEFT JOIN held h
    ON
        h.strategy_id = k.strategy_id AND h.symbol = k.symbol AND h.mode = k.mode AND h.account = k.account
        AND h.contract_id = k.contract_id AND h.leg = k.leg
LEFT JOIN strategy_run r ON r.strategy_run_id = COALESCE(e.strategy_run_id, h.strategy_run_id)
