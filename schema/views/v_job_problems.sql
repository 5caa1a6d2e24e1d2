-- Scheduled jobs that did not run as they should. Late: begun more than a minute after it was due.
-- One row: a job run with a problem.
--
-- * job_run_id INTEGER: key of job_run
-- * mode TEXT: mode of the client's run, empty where it never ran
-- * client TEXT: client whose job it is
-- * job TEXT: function and schedule
-- * due TIME: when it should have begun
-- * started TIME: when it began
-- * finished TIME: when it ended
-- * outcome TEXT: as recorded
-- * problem TEXT: MISSED, FAILED, INTERRUPTED, OVERRUN (ran longer than allowed) or LATE
-- * delay_seconds REAL: from due to started
-- * trace TEXT: what went wrong
CREATE VIEW v_job_problems AS
SELECT
    j.job_run_id,
    c.mode,
    j.client,
    j.job,
    j.due,
    j.started,
    j.finished,
    j.outcome,
    CASE WHEN j.outcome IN ('missed', 'failed', 'interrupted', 'overrun') THEN UPPER(j.outcome) ELSE 'LATE' END AS problem,
    ROUND((julianday(j.started) - julianday(j.due)) * 86400.0, 3) AS delay_seconds,
    j.trace
FROM job_run j
LEFT JOIN client_run c ON c.run_id = j.run_id
WHERE
    j.outcome IN ('missed', 'failed', 'interrupted', 'overrun')
    OR (julianday(j.started) - julianday(j.due)) * 86400.0 > 60.0
