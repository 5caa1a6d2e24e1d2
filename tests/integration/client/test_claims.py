"""One client for each strategy in one mode: positions are keyed by the strategy's name."""

from typing import Any

from quantstrip.clock import system_clock
from quantstrip.supervise.book import make_note
from quantstrip.supervise.policy import Mark

from .test_strategy import STRATEGY, at_the_end, booked

SYMBOLS = ["IBM"]


def deploy(station: Any, name: str, *, mode: str = "replay", seconds: float = 60.0) -> None:
    station.deploy(name, STRATEGY)
    station.settings.set_by_path(f"clients.{name}.symbols", SYMBOLS, "list")
    station.settings.set_by_path(f"clients.{name}.replay_seconds", seconds, "float")
    station.settings.set_by_path(f"clients.{name}.mode", mode)
    note = make_note(Mark.NONE, system_clock.now(), "started by a person")
    station.ledger.set_client(name, status_note=note)


def start(station: Any, name: str) -> Any:
    process = station.start(name)
    station.wait_for(lambda: station.says(name, "runs: run") or process.poll() is not None, f"{name} trades")
    assert process.poll() is None, process.communicate()[0]
    return process


def current(station: Any, mode: str = "replay") -> list[str]:
    return [str(run["client"]) for run in station.ledger.strategy_runs(mode=mode)]


def test_a_second_client_of_a_strategy_in_one_mode_is_refused_and_names_the_first(station: Any) -> None:
    deploy(station, "first")
    deploy(station, "second")
    start(station, "first")
    code, output = station.run("second")
    assert code == 78
    assert "the strategy 'ma_cross' is traded by the client 'first' already, in the mode replay" in output
    assert "quantstrip stop first" in output
    assert station.last_run("second")["outcome"] == "load_error"
    assert current(station) == ["first"], "and the first one's run is still the one that counts"


def test_another_mode_or_another_name_is_another_strategy(station: Any) -> None:
    deploy(station, "first")
    deploy(station, "second", mode="simulation")
    deploy(station, "third")
    source = station.home.deployed / "third" / "v1" / "third.py"
    source.write_text(STRATEGY.replace('"ma_cross"', '"ma_cross_too"'), encoding="utf-8")
    for name in ("first", "second", "third"):
        start(station, name)
    assert sorted(current(station)) == ["first", "third"]
    assert current(station, "simulation") == ["second"]


def test_once_the_first_is_stopped_by_a_person_another_may_trade_the_strategy(station: Any) -> None:
    deploy(station, "first")
    deploy(station, "second")
    process = start(station, "first")
    process.terminate()
    assert process.wait(60) == 0
    station.ledger.set_client("first", desired_state="stopped")
    start(station, "second")
    assert current(station) == ["second"]
    code, output = station.run("first")
    assert code == 78
    assert "traded by the client 'second'" in output


def test_a_killed_client_takes_its_strategy_up_again_before_another_one_may(station: Any) -> None:
    deploy(station, "first", seconds=3.0)
    deploy(station, "second", seconds=3.0)
    process = start(station, "first")
    process.kill()
    process.wait(60)
    run = station.last_run("first")
    station.ledger.end_client_run(run["run_id"], "killed")  # as the warden does
    second = station.start("second")
    station.wait_for(lambda: station.says("second", "waiting for first, which traded it last"), "second waits")
    start(station, "first")
    assert second.wait(60) == 78
    station.wait_for(lambda: at_the_end(station), "the end of the history")
    assert current(station) == ["first"]
    assert len(station.ledger.strategy_runs(current_only=False)) == 1
    assert booked(station)


def test_no_claim_is_left_when_a_client_ends(station: Any) -> None:
    deploy(station, "first")
    process = start(station, "first")
    locks = station.home.locks
    assert [path.read_text().strip() for path in locks.glob("strategy-*.lock")] == ["first"]
    process.terminate()
    assert process.wait(60) == 0
    assert list(locks.glob("strategy-*.lock")) == []
