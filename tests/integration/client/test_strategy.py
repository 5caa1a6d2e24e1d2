"""Strategies as clients: killed at any moment, a run ends with the fills of a run that was never killed."""

import random
from pathlib import Path
from typing import Any

import pytest

from quantstrip.backtest import run_backtest
from quantstrip.bars import read_folder, sample_folder
from quantstrip.clock import from_text, system_clock
from quantstrip.home import asset
from quantstrip.model import Fill, Mode
from quantstrip.operations import validation
from quantstrip.operations.research import backtest
from quantstrip.strategy import load_strategy

STRATEGY = (asset("examples") / "ma_cross.py").read_text(encoding="utf-8")
_FILLED = "    def on_trade(self, symbol, side, price, volume):\n"
SLOW = STRATEGY.replace(_FILLED, f"{_FILLED}        __import__('time').sleep(0.01)\n")
"""Takes more than a second for the whole history: else it is over before a busy machine finds it running."""
SYMBOLS = ["AAPL", "IBM"]

Booked = tuple[str, str, float, float, int, float]


@pytest.fixture(scope="module")
def expected() -> list[Fill]:
    """Fills of the whole history, from a backtest."""
    strategy = load_strategy(asset("examples") / "ma_cross.py", symbols=SYMBOLS)
    fills = run_backtest(strategy, read_folder(sample_folder(), SYMBOLS)).fills
    assert len(fills) > 100
    return list(fills)


def as_booked(fills: list[Fill]) -> list[Booked]:
    return sorted((f.symbol, str(f.side), f.quantity, f.price, f.ts, f.commission) for f in fills)


def booked(station: Any) -> list[Booked]:
    """Fills as the ledger has them."""
    _, rows = station.ledger.query(
        "SELECT e.symbol, e.side, e.quantity, e.price, e.exec_time, COALESCE(SUM(c.amount), 0) FROM execution e"
        " LEFT JOIN commission c ON c.exec_id = e.exec_id GROUP BY e.exec_id"
    )
    return sorted((row[0], row[1], row[2], row[3], from_text(row[4]), row[5]) for row in rows)


def configure(station: Any, seconds: float, feed: str = "replay") -> None:
    station.settings.set_by_path("clients.ma_cross.symbols", SYMBOLS, "list")
    station.settings.set_by_path("clients.ma_cross.replay_seconds", seconds, "float")
    station.settings.set_by_path("clients.ma_cross.feed", feed)


def at_the_end(station: Any) -> bool:
    """True when the run has handled its last bar."""
    runs = station.ledger.strategy_runs()
    return bool(runs) and str(runs[0]["feed_time"]).startswith("2013-03-01")


def test_history_runs_through_finishes_and_books_what_a_backtest_books(station: Any, expected: list[Fill]) -> None:
    station.deploy("ma_cross", STRATEGY)
    configure(station, 0.0, "history")
    code, output = station.run("ma_cross")
    assert code == 0, output
    run = station.last_run("ma_cross")
    assert (run["outcome"], run["mode"]) == ("finished", "replay")
    assert booked(station) == as_booked(expected)
    assert station.ledger.get_client("ma_cross")["display_name"] == "ma_cross"
    again, _ = station.run("ma_cross")
    assert again == 0
    assert booked(station) == as_booked(expected)
    assert len(station.ledger.strategy_runs(current_only=False)) == 1


def test_a_backtest_is_compared_with_what_the_client_traded_signal_by_signal_and_fill_by_fill(station: Any) -> None:
    station.deploy("ma_cross", STRATEGY)
    configure(station, 0.0, "history")
    code, output = station.run("ma_cross")
    assert code == 0, output
    file = asset("examples") / "ma_cross.py"
    same = validation.compare(station.home, file, mode=Mode.REPLAY, symbols=SYMBOLS)
    assert same.signals is not None
    assert (same.percent, same.signals.percent, same.mismatches) == (100.0, 100.0, ())
    assert same.ours > 100
    freer = validation.compare(station.home, file, mode=Mode.REPLAY, symbols=SYMBOLS, quantity=1e6)
    assert freer.signals is not None
    assert freer.signals.matched > 50, "the same crossings, of which the rules let none through"
    assert "refused here by max_order_value" in freer.causes()


@pytest.mark.parametrize(("feed", "longest"), [("replay", 1.2), ("history", 0.6)])
def test_a_run_killed_at_random_moments_ends_with_the_same_fills(
    station: Any, expected: list[Fill], feed: str, longest: float
) -> None:
    assert SLOW != STRATEGY
    station.deploy("ma_cross", SLOW)
    configure(station, 12.0, feed)
    chance = random.Random(20261121)
    seen = []
    for _ in range(5):
        process = station.start("ma_cross")
        station.wait_for(lambda: station.says("ma_cross", "strategy ma_cross runs"), "the strategy to run")
        system_clock.wait(chance.uniform(0.0, longest))
        process.kill()
        process.wait(60)
        seen.append(len(booked(station)))
        (station.home.logs / "ma_cross.log").unlink()
    process = station.start("ma_cross")
    # The last kill may have come after the last fill: a process that has hardly begun is not what is asked to end.
    station.wait_for(lambda: station.says("ma_cross", "strategy ma_cross runs"), "the strategy to run")
    station.wait_for(lambda: at_the_end(station), "the last bar", 60)
    process.terminate()
    assert process.wait(60) == 0
    assert any(0 < count < len(expected) for count in seen), "no kill fell into the middle of the run"
    assert booked(station) == as_booked(expected)
    runs = station.ledger.strategy_runs(current_only=False)
    assert len(runs) == 1
    assert runs[0]["account"].startswith("replay-")
    curve = station.ledger.query("SELECT COUNT(*), COUNT(DISTINCT event_time) FROM strategy_equity")[1][0]
    assert curve[0] == curve[1] == len(read_folder(sample_folder(), SYMBOLS)["IBM"])


def test_jobs_of_a_strategy_client_run_beside_the_strategy_and_sigterm_ends_both(station: Any) -> None:
    station.deploy(
        "mine",
        """
        from quantstrip import StrategyClient, logger
        from ma_cross import MaCross

        class Client(StrategyClient):
            strategy = MaCross
            symbols = ["IBM"]
            parameters = {"fast": 5, "slow": 20}
            replay_seconds = 30
            risk = {"profile": "NATIVE", "max_order_value": 5000.0}

            def __init__(self, *args):
                super().__init__()
                self.display_name = "Mine"
                self.scheduler.every(1).seconds.do(self.job)

            def job(self):
                logger.info("ready")
        """,
        ma_cross=STRATEGY,
    )
    process = station.start_beating("mine")
    station.wait_for(lambda: booked(station), "a fill")
    process.terminate()
    assert process.wait(60) == 0
    assert station.last_run("mine")["outcome"] == "stopped"
    assert set(station.outcomes("mine")) <= {"ok", "overrun"}
    run = station.ledger.strategy_runs()[0]
    assert run["parameters"] == {"fast": 5, "slow": 20}
    assert station.says("mine", "max_order_value=5000")
    assert not station.says("mine", "did not end in time")


def test_other_parameters_are_another_run(station: Any) -> None:
    station.deploy("ma_cross", STRATEGY)
    configure(station, 0.0, "history")
    assert station.run("ma_cross")[0] == 0
    station.settings.set_by_path("clients.ma_cross.parameters.fast", 20, "int")
    assert station.run("ma_cross")[0] == 0
    first, second = station.ledger.strategy_runs(current_only=False)
    assert (first["current"], second["current"]) == (0, 1)
    assert first["account"] != second["account"]
    assert second["parameters"]["fast"] == 20


@pytest.mark.parametrize(
    ("policy", "code", "outcome"), [("continue", 3, "crashed"), ("restart", 4, "job_error"), ("stop", 0, "job_error")]
)
def test_a_strategy_that_raises_ends_its_client_by_the_error_policy(
    station: Any, policy: str, code: int, outcome: str
) -> None:
    broken = STRATEGY.replace("self.crosses += 1", "raise ValueError('bad tick')")
    client = f"""
from quantstrip import StrategyClient
class Client(StrategyClient):
    feed = "history"
    symbols = ["IBM"]
    error_policy = "{policy}"
"""
    station.deploy("faulty", broken + client)
    assert station.run("faulty")[0] == code
    run = station.last_run("faulty")
    assert run["outcome"] == outcome
    assert "MaCross" in run["trace"] or "ma_cross.on_bar for IBM" in run["trace"]
    assert "bad tick" in run["trace"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('feed = "ticks"', "feed must be one of replay, history, got 'ticks'"),
        ('symbols = ["TSLA"]', "no bars of TSLA"),
        ('timeframe = "1m"', "ma_cross wants 1m bars;"),
    ],
)
def test_an_attribute_that_cannot_be_used_is_a_load_error_with_the_choices(station: Any, line: str, words: str) -> None:
    station.deploy("ma_cross", STRATEGY)
    station.home.settings_file.write_text(f"[clients.ma_cross]\n{line}\n", encoding="utf-8")  # past the check of a set
    code, output = station.run("ma_cross")
    assert code == 78, output
    run = station.last_run("ma_cross")
    assert run["outcome"] == "load_error"
    assert words in run["trace"]
    assert station.ledger.strategy_runs() == []


def test_two_strategies_in_one_file_are_refused(station: Any) -> None:
    station.deploy("twice", STRATEGY + "\nclass Second(MaCross):\n    def on_bar(self, bar):\n        return []\n")
    assert station.run("twice")[0] == 78
    assert "2 strategies: MaCross, Second" in station.last_run("twice")["trace"]


def test_a_strategy_file_that_was_not_deployed_is_told(station: Any) -> None:
    text = "from quantstrip import StrategyClient\nclass Client(StrategyClient):\n    strategy = 'elsewhere.py'\n"
    station.deploy("points", text)
    assert station.run("points")[0] == 78
    assert "import the strategy" in station.last_run("points")["trace"]


def test_a_strategy_runs_in_the_foreground_from_its_file(station: Any, tmp_path: Path) -> None:
    file = tmp_path / "ma_cross.py"
    file.write_text(STRATEGY)
    configure(station, 0.0, "history")
    code, output = station.run("--file", str(file))
    assert code == 0
    assert "strategy ma_cross ended after" in output
    assert booked(station)


UNNAMED = """
    from quantstrip.model import Signal
    from quantstrip.strategy import StrategyBase

    class Unnamed(StrategyBase):
        def __init__(self, symbols=None):
            super().__init__(name="unnamed", symbols=symbols or ["IBM"])
            self.bars = 0

        def on_bar(self, bar):
            self.bars += 1
            side = {1: "BUY", 7: "SELL", 9: "BUY", 14: "SELL"}.get(self.bars)
            return [Signal("IBM", side, quantity=10)] if side else []
"""


def test_a_strategy_without_a_timeframe_takes_that_of_its_bars_in_backtest_and_client_alike(
    station: Any, tmp_path: Path
) -> None:
    """Hourly bars with a missing session: accepted in both; the last bar of a session is decided within its hours."""
    source = station.deploy("unnamed", UNNAMED)
    rows = [f"2024-01-{day} {hour}:30" for day in ("02", "04", "05") for hour in range(14, 21)]
    lines = "".join(f"{time},{100 + n},{102 + n},{99 + n},{101 + n},1000\n" for n, time in enumerate(rows))
    (tmp_path / "IBM.csv").write_text(f"time,open,high,low,close,volume\n{lines}")
    station.home.settings_file.write_text(
        f'[clients.unnamed]\nbars = "{tmp_path}"\ngaps = "accept"\nfeed = "history"\n', encoding="utf-8"
    )
    code, output = station.run("unnamed")
    assert code == 0, output
    result = backtest(station.home, source, bars=tmp_path, gaps="accept")
    assert result.run["timeframe"] == "1h"
    assert len(result.fills) == 4
    assert booked(station) == as_booked(list(result.fills))


def test_a_file_of_another_form_is_a_client_and_books_what_its_backtest_books(station: Any) -> None:
    name = "kline_breakout"
    file = asset("examples") / f"{name}.py"
    station.deploy(name, file.read_text(encoding="utf-8"))
    station.settings.set_by_path(f"clients.{name}.symbols", ["IBM"], "list")
    station.settings.set_by_path(f"clients.{name}.feed", "history")
    code, output = station.run(name)
    assert code == 0, output
    expected = as_booked(list(backtest(station.home, file, symbols=["IBM"]).fills))
    assert len(expected) > 40
    assert booked(station) == expected
    assert station.run(name)[0] == 0  # again, from the first bar: everything is known
    assert booked(station) == expected
