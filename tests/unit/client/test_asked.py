"""Jobs that a person asks for, in a client's loop on a clock of its own, with the ledger's records."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule import CancelJob

from quantstrip.client.base import ClientBase
from quantstrip.client.context import ClientContext, bound
from quantstrip.client.loop import ClientLoop
from quantstrip.clock import SECOND, from_text, to_text
from quantstrip.ledger import Ledger
from tests.unit.client.conftest import JumpyClock

START = "2026-01-05 14:00:00"


class Desk:
    """A client that runs, and a person who asks it for jobs."""

    def __init__(self, database: Path, kind: type[ClientBase], *arguments: Any) -> None:
        self.clock = JumpyClock(from_text(START))
        self.ledger = Ledger(database, clock=self.clock)
        self.run = self.ledger.start_client_run("desk", 1, "hash", "live")
        with bound(ClientContext("desk", self.clock, ZoneInfo("America/New_York"))):
            self.client: Any = kind(*arguments)
        self.loop = ClientLoop(self.client, self.ledger, self.run, requests=self.ledger)
        self.loop.begin()

    def ask(self, job: str) -> int:
        key = next((key for key in self.loop.due_times() if key.startswith(job)), job)
        return self.ledger.ask_job("desk", key, self.run)

    def until(self, moment: str) -> None:
        end = from_text(f"2026-01-05 {moment}")
        while self.clock.now() < end:
            self.loop.step(longest=min(30.0, (end - self.clock.now()) / SECOND))

    def runs(self) -> list[tuple[str, str, bool]]:
        """Due time, outcome and whether a person asked for it, in the order in which they ran."""
        rows = reversed(self.ledger.job_runs("desk", 1000))
        return [(row["due"][11:19], row["outcome"], row["job_request_id"] is not None) for row in rows]


class Two(ClientBase):
    """A job each five minutes, and a long one that a person may ask for."""

    def __init__(self, *args: Any) -> None:
        super().__init__()
        self.scheduler.every(5).minutes.do(self.look)
        self.scheduler.every().day.at("15:45").do(self.rebalance)

    def look(self) -> None:
        pass

    def rebalance(self) -> None:
        self.clock.wait(400)


class Once(ClientBase):
    """One job that ends with its first run, one whose last moment comes soon."""

    def __init__(self, *args: Any) -> None:
        super().__init__()
        self.scheduler.every(1).hours.do(self.first)
        self.scheduler.every(10).minutes.until("09:15").do(self.over)

    def first(self) -> Any:
        return CancelJob

    def over(self) -> None:
        pass


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger's file, made once: each test has a copy."""
    path = tmp_path_factory.mktemp("empty") / "ledger.db"
    with closing(Ledger(path)) as ledger:
        ledger.ensure()
    return path


@pytest.fixture
def database(empty: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty, tmp_path))


@pytest.fixture
def desk(database: Path) -> Iterator[Desk]:
    made = Desk(database, Two)
    yield made
    made.ledger.close()


def test_the_schedule_goes_on_as_if_nobody_had_asked(desk: Desk) -> None:
    desk.until("14:02:00")
    desk.ask("look")
    desk.until("14:11:00")
    assert desk.runs() == [("14:02:00", "ok", True), ("14:05:00", "ok", False), ("14:10:00", "ok", False)]


def test_one_that_keeps_a_scheduled_run_waiting_is_an_overrun_and_told(desk: Desk) -> None:
    desk.ask("rebalance")
    desk.until("14:08:00")
    assert desk.runs()[0] == ("14:00:00", "overrun", True)
    assert [alert["kind"] for alert in desk.ledger.alerts()] == ["overrun"]
    assert desk.runs()[1] == ("14:05:00", "ok", False), "late, and not lost"


def test_of_several_each_scheduled_run_waits_for_one_alone(desk: Desk) -> None:
    desk.until("14:04:00")
    desk.ask("rebalance")
    desk.ask("look")
    desk.until("14:12:00")
    assert [(due, by_hand) for due, _, by_hand in desk.runs()] == [
        ("14:04:00", True),
        ("14:05:00", False),
        ("14:04:00", True),
    ]


def test_one_that_ends_its_job_ends_it_also_when_asked_for(database: Path) -> None:
    desk = Desk(database, Once)
    desk.ask("first")
    desk.until("14:01:00")
    assert desk.runs() == [("14:00:00", "ok", True)]
    assert [key.split()[0] for key in desk.loop.due_times()] == ["over"]
    gone = desk.ask("first every 1 hours")
    desk.clock.advance(20 * 60)  # past the other one's last moment
    desk.ledger.heartbeat(desk.run)
    over = desk.ask("over")
    desk.until("14:22:00")
    assert [desk.ledger.job_request(number)["state"] for number in (gone, over)] == ["expired", "refused"]
    desk.ledger.close()


def test_after_a_stop_nothing_that_was_asked_for_begins(desk: Desk) -> None:
    number = desk.ask("look")
    desk.client.stop_client()
    desk.loop.step()
    assert desk.runs() == []
    desk.ledger.end_client_run(desk.run, "stopped")
    assert desk.ledger.job_request(number)["state"] == "expired"


def test_scheduled_runs_are_the_same_whatever_people_ask_for(empty: Path) -> None:
    """Short jobs: those that take long may make a scheduled run late, and a late one is still the same run."""

    def scheduled(steps: list[tuple[int, bool]], *, asking: bool) -> list[tuple[str, str]]:
        with TemporaryDirectory() as folder:
            desk = Desk(Path(shutil.copy(empty, folder)), Two)
            for seconds, wanted in steps:
                if asking and wanted:
                    desk.ask("look")
                desk.until(to_text(desk.clock.now() + seconds * SECOND)[11:])
            assert sum(by_hand for _, _, by_hand in desk.runs()) == sum(asking and wanted for _, wanted in steps)
            found = [(due, outcome) for due, outcome, by_hand in desk.runs() if not by_hand]
            desk.ledger.close()
            return found

    @settings(max_examples=8, deadline=None)
    @given(st.lists(st.tuples(st.integers(1, 900), st.booleans()), min_size=1, max_size=6))
    def holds(steps: list[tuple[int, bool]]) -> None:
        assert scheduled(steps, asking=True) == scheduled(steps, asking=False)

    holds()
