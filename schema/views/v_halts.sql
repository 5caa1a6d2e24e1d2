-- Halts of entries by a risk rule, that are in force; exits always go on.
-- One row: a halt of a current run that is not over and that nobody has lifted.
--
-- * risk_halt_id INTEGER: key of risk_halt
-- * mode TEXT: mode of the run
-- * client TEXT: client whose entries are halted
-- * strategy TEXT: name of the strategy
-- * rule TEXT: max_daily_loss or max_drawdown
-- * reason TEXT: the rule's figures
-- * event_time TIME: when the rule halted, on the feed's clock
-- * create_time TIME: when it was recorded
-- * calendar TEXT: exchange whose session a daily loss counts in; empty for a drawdown
-- * strategy_run_id INTEGER: key of strategy_run
CREATE VIEW v_halts AS
SELECT
    h.risk_halt_id,
    r.mode,
    r.client,
    s.name AS strategy,
    h.rule,
    h.reason,
    h.event_time,
    h.create_time,
    h.calendar,
    h.strategy_run_id
FROM risk_halt h
JOIN strategy_run r ON r.strategy_run_id = h.strategy_run_id
JOIN strategy s ON s.strategy_id = r.strategy_id
WHERE
    r.current = 1 AND h.ended IS NULL
    -- A run takes a person's decision in before its next bar.
    AND NOT EXISTS (
        SELECT 1 FROM risk_control c
        WHERE
            c.strategy_run_id = h.strategy_run_id AND c.action = 'clear' AND c.rule IN ('', h.rule)
            AND c.create_time >= h.create_time
    )
