-- Comparisons of the ledger with a broker's statement.
-- One row: a reconciliation.
--
-- * reconciliation_id INTEGER: key of reconciliation
-- * create_time TIME: when it was made
-- * source TEXT: what the ledger was compared with
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * accounts TEXT: accounts it covers, separated by commas
-- * broker TEXT: name of the broker, empty where none is known
-- * first_date DATE: first session of the statement, empty where it has no bound
-- * last_date DATE: last session of the statement, empty where it has no bound
-- * executions_matched INTEGER: executions on which both agree in everything
-- * positions_matched INTEGER: open positions on which both agree
-- * missing_here INTEGER: what the broker had and the ledger did not; those taken over are counted
-- * missing_there INTEGER: what the ledger has and the broker does not
-- * different INTEGER: what both have, with other values
-- * not_trades INTEGER: corporate actions, transfers and the like, which a person enters
-- * taken_over INTEGER: fills and fees that were booked from the statement
-- * confirmed INTEGER: orders whose intention became CONFIRMED
-- * open_differences INTEGER: differences that were left, events apart
-- * notes TEXT: what a person should know of it
CREATE VIEW v_reconciliations AS
SELECT
    r.reconciliation_id,
    r.create_time,
    r.source,
    r.mode,
    r.accounts,
    b.name AS broker,
    r.first_date,
    r.last_date,
    r.executions_matched,
    r.positions_matched,
    r.missing_here,
    r.missing_there,
    r.different,
    r.not_trades,
    r.taken_over,
    r.confirmed,
    r.missing_here + r.missing_there + r.different - r.taken_over AS open_differences,
    r.notes
FROM reconciliation r
LEFT JOIN broker b ON b.broker_id = r.broker_id
