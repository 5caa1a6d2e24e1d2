"""Scripts as clients: deployed as they were tested, they book what their backtests fill, and tell what they may not."""

from pathlib import Path
from typing import Any

import pytest

from quantstrip import dialects
from quantstrip.backtest import run_backtest
from quantstrip.bars import read_folder, sample_folder
from quantstrip.home import asset
from quantstrip.model import Fill

from .test_strategy import as_booked, booked

SYMBOL = "IBM"
_TYPES = {list: "list", str: "text", int: "int", float: "float"}


@pytest.fixture
def bars(station: Any) -> Path:
    """Some months of one symbol, in the home."""
    lines = (sample_folder() / f"{SYMBOL}.csv").read_text(encoding="utf-8").splitlines()[:200]
    folder: Path = station.home.bars
    (folder / f"{SYMBOL}.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


def played(station: Any, bars: Path, name: str, **parameters: Any) -> str:
    """Deploy an example, run it to the end of its bars; what it logged."""
    station.deploy(name, (asset("examples") / f"{name}.py").read_text(encoding="utf-8"))
    own = {f"parameters.{key}": value for key, value in parameters.items()}
    for path, value in {"symbols": [SYMBOL], "feed": "history", "bars": str(bars), **own}.items():
        station.settings.set_by_path(f"clients.{name}.{path}", value, _TYPES[type(value)])
    code, output = station.run(name, seconds=60.0)
    assert code == 0, output
    return str(output)


def backtested(bars: Path, name: str, **parameters: Any) -> list[Fill]:
    """The fills of its backtest."""
    strategy, form = dialects.load(asset("examples") / f"{name}.py", symbols=[SYMBOL], parameters=parameters)
    return list(run_backtest(
        strategy, read_folder(bars, [SYMBOL]), form=form, risk=form.risk, costs=form.costs,
        instruments={SYMBOL: form.instrument(SYMBOL, "NYSE")},
    ).fills)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("dataframe_ema_cross", {"leverage": 2.0, "stopLossPct": 0.02, "fast": 5, "slow": 15}),
        ("event_grid", {"runtime": "bot", "tick_steps": 1, "grid_pct": 0.05}),
    ],
)
def test_a_deployed_script_books_what_its_backtest_fills(
    station: Any, bars: Path, name: str, parameters: dict[str, Any]
) -> None:
    output = played(station, bars, name, **parameters)
    fills = backtested(bars, name, **parameters)
    assert len(fills) > 8
    assert booked(station) == as_booked(fills)
    if name == "event_grid":
        assert "grid around" in output  # ctx.log goes to the client's stream


def test_a_script_that_orders_nothing_alerts_its_owner_instead(station: Any, bars: Path) -> None:
    played(station, bars, "dataframe_bands", execution="signal")
    assert booked(station) == []
    assert station.ledger.query("SELECT COUNT(*) FROM orders")[1][0][0] == 0
    told = [each["subject"] for each in station.ledger.alerts() if each["kind"] == "signal"]
    assert len(told) > 5
    assert {"dataframe_bands: open_long IBM", "dataframe_bands: open_short IBM"} <= set(told)
