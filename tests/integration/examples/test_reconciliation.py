"""The reconciliation examples run as they are, against a real ledger."""

from quantstrip.home import Home
from tests.integration.examples.test_clients import rows, running, stop, wait_for
from tests.unit.brokers.flex_samples import response, statement, trade, trades, write


def test_positions_are_compared_and_the_one_that_differs_is_told(home: Home) -> None:
    differences = "SELECT symbol, ours, theirs FROM reconciliation_difference"
    with running(home, "position_reconciliation.py") as process:
        found = wait_for(lambda: rows(home, differences), process, home)
        assert stop(process) == 0

    assert found == [("MSFT", "0", "-4")]
    assert rows(home, "SELECT kind FROM alert WHERE kind = 'position_mismatch'") == [("position_mismatch",)]
    assert rows(home, "SELECT positions_matched FROM reconciliation") == [(1,)]


def test_flex_files_are_taken_over_once_and_a_broken_one_stops_nobody(home: Home) -> None:
    folder = home.data / "flex"
    folder.mkdir(parents=True)
    write(folder, response(statement(trades(trade("x1"))))[:200], "a-broken.xml")
    write(folder, response(statement(trades(trade("x1", orderReference="ref")))), "b.xml")
    from quantstrip.ledger import open_ledger

    ledger = open_ledger(home)
    ledger.insert_broker("IBKR")
    ledger.insert_order(None, "trend", "IBKR", "U1", "SPY", "BUY", "MKT", 10, client_reference="ref")
    for _ in range(2):
        with running(home, "flex_query.py") as process:
            made = len(rows(home, "SELECT 1 FROM reconciliation"))
            wait_for(lambda n=made: len(rows(home, "SELECT 1 FROM reconciliation")) > n, process, home)  # type: ignore[misc]
            assert stop(process) == 0
    ledger.close()

    assert rows(home, "SELECT exec_id, order_id IS NOT NULL FROM execution") == [("x1", 1)]
