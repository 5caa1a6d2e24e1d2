-- Equity of each strategy run as it was recorded, over its feed's time. v_equity_daily has every strategy, by session.
-- One row: an equity point.
--
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * client TEXT: client whose run it was, empty where none is known
-- * event_time TIME: moment on the feed's clock
-- * equity REAL: cash plus what open positions are worth
-- * pnl REAL: equity minus initial_cash
-- * initial_cash REAL: what the run began with
-- * strategy_id INTEGER: key of strategy
-- * strategy_run_id INTEGER: key of strategy_run
-- * run_key TEXT: key of the run; the same code, parameters and feed have the same one
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
CREATE VIEW v_equity AS
SELECT
    r.mode,
    r.account,
    s.name AS strategy,
    r.client,
    q.event_time,
    q.equity,
    ROUND(q.equity - r.initial_cash, 8) AS pnl,
    r.initial_cash,
    r.strategy_id,
    r.strategy_run_id,
    r.run_key,
    r.current AS current_run
FROM strategy_equity q
JOIN strategy_run r ON r.strategy_run_id = q.strategy_run_id
JOIN strategy s ON s.strategy_id = r.strategy_id
