-- What was not the same in the ledger and a broker's statement, and events that are no trades.
-- One row: a difference that a reconciliation found.
--
-- * difference_id INTEGER: key of reconciliation_difference
-- * reconciliation_id INTEGER: key of reconciliation
-- * create_time TIME: when it was found
-- * source TEXT: what the ledger was compared with
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * outcome TEXT: MISSING_HERE, MISSING_THERE, DIFFERENT or NOT_A_TRADE
-- * kind TEXT: EXECUTION, POSITION or EVENT
-- * account TEXT: account at the broker
-- * symbol TEXT: symbol of the instrument
-- * contract_id TEXT: the broker's contract, empty where the symbol says it all
-- * reference TEXT: exec_id of an execution, contract of a position, date of an event
-- * what TEXT: what differs: price, quantity, side, commission, date ...; the kind of an event
-- * ours TEXT: what the ledger has, in words
-- * theirs TEXT: what the broker has, in words
-- * strategy TEXT: strategy that has it, empty where none is known
-- * order_id INTEGER: order it belongs to
-- * taken_over INTEGER: 1 where it was booked from the statement
-- * newest INTEGER: 1 in the newest reconciliation of these accounts
CREATE VIEW v_reconciliation_differences AS
SELECT
    d.difference_id,
    d.reconciliation_id,
    r.create_time,
    r.source,
    r.mode,
    d.outcome,
    d.kind,
    d.account,
    d.symbol,
    d.contract_id,
    d.reference,
    d.what,
    d.ours,
    d.theirs,
    d.strategy,
    d.order_id,
    d.taken_over,
    CASE
        WHEN EXISTS (
            SELECT 1 FROM reconciliation n
            WHERE n.reconciliation_id > r.reconciliation_id AND n.mode = r.mode AND n.accounts = r.accounts
        ) THEN 0
        ELSE 1
    END AS newest
FROM reconciliation_difference d
JOIN reconciliation r ON r.reconciliation_id = d.reconciliation_id
