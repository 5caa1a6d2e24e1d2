-- What a person should know: a client that crashed, a job that failed, a position that differs, mail that does not get
-- through. What repeats is counted in one row.
-- One row: an alert.
--
-- * alert_id INTEGER: key of alert
-- * kind TEXT: family of the alert, such as job_error, position_mismatch or order_unknown
-- * client TEXT: client that it is about, empty where it is about none
-- * subject TEXT: what happened, in one line
-- * body TEXT: the rest, with what to do
-- * occurrences INTEGER: times it happened while the row was the newest of its kind
-- * first_time TIME: when it happened first
-- * last_time TIME: when it happened last
-- * seen INTEGER: 1 where a person has seen it, else 0
-- * notified TIME: when the notifier took it up; empty before
CREATE VIEW v_alerts AS
SELECT
    a.alert_id,
    a.kind,
    a.client,
    a.subject,
    a.body,
    a.occurrences,
    a.create_time AS first_time,
    a.update_time AS last_time,
    a.seen,
    NULLIF(a.notified, '') AS notified
FROM alert a
