"""Word of the platform's own processes that ended by themselves."""

import pytest

from quantstrip.ledger import Ledger
from quantstrip.supervise.ends import tell_ends
from quantstrip.supervise.events import Event


@pytest.mark.parametrize(
    ("name", "process", "expected", "alerts"),
    [
        ("PROCESS_STATE_EXITED", "notifier", "0", 1),
        ("PROCESS_STATE_EXITED", "worker", "0", 1),
        ("PROCESS_STATE_EXITED", "notifier", "1", 0),
        ("PROCESS_STATE_EXITED", "client-notifier", "0", 0),
        ("PROCESS_STATE_EXITED", "dashboard", "0", 0),
        ("PROCESS_STATE_RUNNING", "notifier", "0", 0),
    ],
)
def test_a_person_hears_of_a_notifier_or_worker_that_ended_unexpectedly_and_of_nothing_else(
    ledger: Ledger, name: str, process: str, expected: str, alerts: int
) -> None:
    event = Event(name, {"processname": process, "groupname": process, "pid": "7", "expected": expected})
    for _ in range(2):
        tell_ends(ledger, [event])
    found = ledger.alerts()
    assert [alert["kind"] for alert in found] == [f"{process}_crashed"] * alerts
    assert [alert["occurrences"] for alert in found] == [2] * alerts
