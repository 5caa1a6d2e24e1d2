"""A vectorised strategy as a client: deployed as it was backtested, and booked to the same fills."""

from typing import Any

from quantstrip.backtest import run_backtest
from quantstrip.bars import read_folder, sample_folder
from quantstrip.dialects import load
from quantstrip.home import asset

from .test_strategy import as_booked, booked

EXAMPLE = asset("examples") / "vectorized_cross.py"
SYMBOLS = ["AAPL", "IBM"]


def test_a_deployed_vectorised_strategy_books_what_its_backtest_books(station: Any) -> None:
    station.deploy("vectorized_cross", EXAMPLE.read_text(encoding="utf-8"))
    station.settings.set_by_path("clients.vectorized_cross.symbols", SYMBOLS, "list")
    station.settings.set_by_path("clients.vectorized_cross.replay_seconds", 0.0, "float")
    station.settings.set_by_path("clients.vectorized_cross.feed", "history")
    code, output = station.run("vectorized_cross", seconds=120.0)
    assert code == 0, output
    fills = run_backtest(load(EXAMPLE, symbols=SYMBOLS).strategy, read_folder(sample_folder(), SYMBOLS)).fills
    assert len(fills) > 50
    assert booked(station) == as_booked(list(fills))
