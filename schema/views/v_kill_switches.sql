-- Clients whose entries a person switched off, also for runs to come; exits always go on.
-- One row: a client whose kill switch is on.
--
-- * client TEXT: client whose entries are off
-- * reason TEXT: what the person said
-- * create_time TIME: when it was switched
-- * risk_control_id INTEGER: key of risk_control
CREATE VIEW v_kill_switches AS
SELECT c.client, c.reason, c.create_time, c.risk_control_id
FROM risk_control c
WHERE
    c.action = 'kill'
    AND NOT EXISTS (
        SELECT 1 FROM risk_control l
        WHERE l.client = c.client AND l.action IN ('kill', 'revive') AND l.risk_control_id > c.risk_control_id
    )
