"""The warden's passes, over a real ledger and a supervisor that only keeps states."""

import os

import pytest

from quantstrip.clock import ManualClock, from_text
from quantstrip.errors import ClientNotFound, ServiceNotRunning
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.model.exits import ExitCode
from quantstrip.supervise.book import client_row
from quantstrip.supervise.configuration import output_file, output_folder, program_file
from quantstrip.supervise.control import Control
from quantstrip.supervise.deploy import deploy_files
from quantstrip.supervise.memory import MemorySupervisor
from quantstrip.supervise.policy import Mark, RestartPolicy
from quantstrip.supervise.reconcile import Reconciler
from quantstrip.supervise.record import control_lock

NAME = "x"
PROGRAM = "client-x"


class World:
    """One home with one deployed client, and everything that acts on it."""

    def __init__(self, home: Home, ledger: Ledger, clock: ManualClock) -> None:
        self.home, self.ledger, self.clock = home, ledger, clock
        self.supervisor = MemorySupervisor(clock)
        self.started = clock.now()
        self.warden = self.new_warden()
        self.control = Control(home, self.supervisor, ledger, clock=clock)
        (home.clients / "x.py").write_text("A = 1\n")
        made = deploy_files(home, "x")
        ledger.set_client(NAME, code_hash=made.code_hash, source=str(made.source), desired_state="running")

    def new_warden(self) -> Reconciler:
        return Reconciler(
            self.home, self.supervisor, self.ledger, self.started, RestartPolicy(delays=(0, 1, 2)), clock=self.clock
        )

    def service_starts_anew(self) -> None:
        self.clock.advance(60)
        self.supervisor = MemorySupervisor(self.clock)
        self.control.supervisor = self.supervisor
        self.started = self.clock.now()
        self.warden = self.new_warden()

    def pass_time(self, seconds: float, step: float = 1.0) -> None:
        """Let the warden look every ``step`` seconds, as it does; a client that runs beats."""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            self.beat()
            self.warden.run_once()

    def beat(self) -> None:
        for run in self.ledger.open_client_runs():
            self.ledger.heartbeat(run["run_id"])

    def child_begins(self) -> int:
        """What the client's process does first: it records itself."""
        return self.ledger.start_client_run(NAME, self.pid, "abc", "paper")

    def crash(self, code: int = ExitCode.CRASHED, outcome: str = "crashed", trace: str = "Trace\nBoom: 1") -> None:
        """The process ends by itself, after it recorded why."""
        runs = self.ledger.open_client_runs()
        run_id = runs[-1]["run_id"] if runs else self.child_begins()
        self.ledger.end_client_run(run_id, outcome, exit_code=code, trace=trace)
        self.supervisor.end(PROGRAM, code)

    @property
    def pid(self) -> int:
        return next(state.pid for state in self.supervisor.states() if state.name == PROGRAM)

    @property
    def state(self) -> str:
        return next((state.state for state in self.supervisor.states() if state.name == PROGRAM), "none")

    @property
    def mark(self) -> Mark:
        return client_row(self.ledger.get_client(NAME) or {}).mark

    def starts(self) -> int:
        return self.supervisor.steps.count(("start", PROGRAM))

    def alerts(self, kind: str) -> int:
        return sum(row["occurrences"] for row in self.ledger.alerts(50) if row["kind"] == kind)


@pytest.fixture
def world(home: Home, ledger: Ledger, clock: ManualClock) -> World:
    return World(home, ledger, clock)


def test_a_client_that_should_run_starts_when_the_service_starts(world: World) -> None:
    world.warden.run_once()
    assert world.state == "RUNNING"
    assert program_file(world.home, NAME).exists()
    world.warden.run_once()
    assert world.starts() == 1


def test_a_client_that_should_not_run_is_left_alone(world: World) -> None:
    world.ledger.set_client(NAME, desired_state="stopped")
    world.warden.run_once()
    assert world.state == "none"


def test_a_crash_is_restarted_at_once_and_told_with_its_trace(world: World) -> None:
    world.warden.run_once()
    world.child_begins()
    world.pass_time(10)
    world.crash()
    world.warden.run_once()
    assert world.starts() == 2
    alert = next(row for row in world.ledger.alerts(5) if row["kind"] == "client_restarted")
    assert "Boom: 1" in alert["body"]


def test_a_crash_loop_pauses_longer_each_time_and_is_given_up_loudly(world: World) -> None:
    world.warden.run_once()
    at: list[float] = []
    begun = world.clock.monotonic()
    for _ in range(4):
        world.child_begins()
        world.crash()
        before = world.starts()
        for _ in range(100):
            world.warden.run_once()
            if world.starts() > before:
                at.append(world.clock.monotonic() - begun)
                break
            world.clock.advance(0.1)
    assert at == pytest.approx([0.0, 1.0, 3.0], abs=0.2), "pauses of 0, 1 and 2 seconds"
    assert world.mark is Mark.GIVEN_UP
    assert world.alerts("client_given_up") == 1
    world.pass_time(3600, step=60)
    assert world.starts() == 4, "given up stays given up, however much time passes"
    assert world.alerts("client_given_up") == 1


def test_a_person_starts_what_was_given_up_with_a_clean_slate(world: World) -> None:
    world.warden.run_once()
    for _ in range(4):
        world.crash()
        world.pass_time(5)
    assert world.mark is Mark.GIVEN_UP
    world.control.start(NAME)
    assert world.state == "RUNNING"
    world.crash()
    world.warden.run_once()
    assert world.state == "RUNNING", "the first failure after a person's start is restarted at once"


def test_old_failures_are_forgiven(world: World) -> None:
    world.warden.run_once()
    for _ in range(20):
        world.crash()
        world.pass_time(10)
        assert world.state == "RUNNING"
        world.pass_time(300, step=30)
    assert world.mark is Mark.NONE


def test_a_load_error_is_marked_and_not_tried_again(world: World) -> None:
    world.warden.run_once()
    world.child_begins()
    world.crash(ExitCode.LOAD_ERROR, "load_error")
    world.pass_time(60)
    assert (world.starts(), world.mark) == (1, Mark.LOAD_ERROR)


def test_marks_are_void_when_the_service_starts_anew(world: World) -> None:
    world.warden.run_once()
    world.crash(ExitCode.LOAD_ERROR, "load_error")
    world.warden.run_once()
    world.service_starts_anew()
    world.warden.run_once()
    assert world.starts() == 1, "what could not be loaded may be repaired by now"


@pytest.mark.parametrize(("outcome", "mark"), [("finished", Mark.FINISHED), ("job_error", Mark.FAILED)])
def test_an_end_of_its_own_choice_outlasts_the_service(world: World, outcome: str, mark: Mark) -> None:
    world.warden.run_once()
    world.child_begins()
    world.crash(ExitCode.STOPPED, outcome, trace="")
    world.warden.run_once()
    assert world.mark is mark
    world.service_starts_anew()
    world.pass_time(60)
    assert world.starts() == 0


def test_a_client_ended_from_outside_in_order_stays_down_until_the_service_starts_anew(world: World) -> None:
    world.warden.run_once()
    world.child_begins()
    world.crash(ExitCode.STOPPED, "stopped", trace="")
    world.pass_time(60)
    assert (world.starts(), world.mark) == (1, Mark.STOPPED)
    world.service_starts_anew()
    world.warden.run_once()
    assert world.starts() == 1


def test_a_process_that_died_without_a_word_is_recorded_with_its_last_output(world: World) -> None:
    world.warden.run_once()
    output_folder(world.home).mkdir(exist_ok=True)
    output_file(world.home, PROGRAM).write_text("Fatal Python error: Segmentation fault\n")
    run_id = world.child_begins()
    pid = world.supervisor.end(PROGRAM, -1)
    assert pid != os.getpid()
    world.warden.run_once()
    run = next(run for run in world.ledger.client_runs(NAME) if run["run_id"] == run_id)
    assert (run["outcome"], run["exit_code"]) == ("killed", -1)
    assert "Segmentation fault" in run["trace"]
    assert world.starts() == 2


def test_a_process_that_died_before_it_recorded_itself_is_recorded_once(world: World) -> None:
    world.warden.run_once()
    world.clock.advance(1)
    world.supervisor.end(PROGRAM, 1)
    world.warden.run_once()
    world.warden.run_once()
    assert [run["outcome"] for run in world.ledger.client_runs(NAME)] == ["crashed"]


def test_a_silent_client_is_killed_recorded_and_started_again(world: World) -> None:
    world.warden.run_once()
    world.child_begins()
    world.pass_time(5)
    silent_for = 0
    while world.pid and ("kill", PROGRAM) not in world.supervisor.steps:
        world.clock.advance(1)
        world.warden.run_once()
        silent_for += 1
        assert silent_for < 40
    assert silent_for == 31
    world.warden.run_once()
    assert world.state == "RUNNING"
    assert world.ledger.client_runs(NAME)[0]["outcome"] == "unresponsive"
    assert world.alerts("client_unresponsive") == 1


def test_after_the_machine_slept_clients_get_time_to_beat_again(world: World) -> None:
    world.warden.run_once()
    world.child_begins()
    world.pass_time(5)
    world.clock.advance(8 * 3600)
    world.warden.run_once()
    assert ("kill", PROGRAM) not in world.supervisor.steps
    world.pass_time(120)
    assert ("kill", PROGRAM) not in world.supervisor.steps


def test_a_person_that_works_on_a_client_is_not_disturbed(world: World) -> None:
    with control_lock(world.home, NAME) as mine:
        assert mine
        world.warden.run_once()
        assert world.starts() == 0
    world.warden.run_once()
    assert world.starts() == 1


def test_what_a_person_stopped_between_two_looks_is_not_started(world: World) -> None:
    world.warden.run_once()
    world.control.stop(NAME)
    assert world.state == "STOPPED"
    world.pass_time(30)
    assert world.starts() == 1


def test_a_new_warden_decides_like_the_one_that_died(world: World) -> None:
    world.warden.run_once()
    for _ in range(3):
        world.child_begins()
        world.crash()
        world.warden = world.new_warden()
        world.pass_time(5)
    world.child_begins()
    world.crash()
    world.warden = world.new_warden()
    world.warden.run_once()
    assert (world.mark, world.starts()) == (Mark.GIVEN_UP, 4)


def test_a_changed_source_is_marked_and_the_mark_goes_with_the_change(world: World) -> None:
    world.warden.run_once()
    assert not client_row(world.ledger.get_client(NAME) or {}).differs
    (world.home.clients / "x.py").write_text("A = 2\n")
    world.warden.run_once()
    assert client_row(world.ledger.get_client(NAME) or {}).differs
    (world.home.clients / "x.py").write_text("A = 1\n")
    world.warden.run_once()
    assert not client_row(world.ledger.get_client(NAME) or {}).differs


def test_remove_forgets_the_client_and_keeps_its_history(world: World) -> None:
    world.warden.run_once()
    world.child_begins()
    world.control.remove(NAME)
    assert world.state == "none"
    assert world.ledger.get_client(NAME) is None
    assert not program_file(world.home, NAME).exists()
    assert len(world.ledger.client_runs(NAME)) == 1
    world.warden.run_once()
    assert world.starts() == 1


def test_a_command_for_an_unknown_client_lists_the_known_ones(world: World) -> None:
    for command in (world.control.start, world.control.stop, world.control.restart, world.control.remove):
        with pytest.raises(ClientNotFound, match="Deployed clients: x"):
            command("y")


def test_without_a_service_a_start_changes_nothing_and_a_stop_still_holds(world: World) -> None:
    world.supervisor.shutdown()
    before = world.ledger.get_client(NAME)
    with pytest.raises(ServiceNotRunning):
        world.control.start(NAME)
    assert world.ledger.get_client(NAME) == before
    world.control.stop(NAME)
    assert not client_row(world.ledger.get_client(NAME) or {}).wanted


def test_the_moment_of_a_note_is_the_clocks(world: World) -> None:
    world.warden.run_once()
    world.control.stop(NAME)
    assert client_row(world.ledger.get_client(NAME) or {}).since == from_text("2026-01-05 10:00:00")
