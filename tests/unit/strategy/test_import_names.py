"""Files written against ``core.models`` and ``strategies.base`` run as they are, and see exact decimals."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.backtest import run_backtest
from quantstrip.bars import BarTable
from quantstrip.clock import DAY
from quantstrip.errors import StrategyFault
from quantstrip.home import Home
from quantstrip.log import logger
from quantstrip.model import Bar, OrderSide, Tick
from quantstrip.operations.python_file import run_file
from quantstrip.risk import OFF
from quantstrip.strategy import StrategyBase, decimal_view, load_strategy

HEAD = """
from core.enums import OrderSide, OrderType
from core.models import Bar, Signal, Tick
from strategies.base import StrategyBase

class Mine(StrategyBase):
    def __init__(self, symbols=None):
        super().__init__(name="mine", symbols=symbols or ["ABC"])
        self.seen, self.traded = [], []
"""


def days(symbol: str, opens: list[float]) -> BarTable:
    """Daily bars that close one above their open."""
    price = np.array(opens)
    begin = np.arange(len(opens)) * DAY + 19_723 * DAY
    return BarTable.from_arrays(symbol, "1d", begin, price, price + 2, price - 1, price + 1, price * 0 + 1000)


def strategy(folder: Path, body: str, head: str = HEAD) -> Any:
    file = folder / "mine.py"
    file.write_text(head + body)
    return load_strategy(file)


@pytest.fixture(autouse=True)
def _cleared() -> Iterator[None]:
    """Names as in a fresh process."""
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in ("core", "strategies")]:
        del sys.modules[name]


def test_bars_windows_and_fills_are_decimals_and_the_engine_trades_floats(tmp_path: Path) -> None:
    made = strategy(
        tmp_path,
        """
    def on_trade(self, symbol, side, price, volume):
        self.traded.append((str(side), price, volume))
    def on_bar(self, bar: Bar) -> list[Signal]:
        window = self._bars[bar.symbol]
        assert window[-1] is bar and isinstance(bar, Bar)
        self.seen.append((bar.close, bar.volume, bar.timestamp, len(window)))
        if len(window) == 2:
            return [Signal(symbol=bar.symbol, side=OrderSide.BUY, strength=0.8, quantity=bar.close / 10)]
        return []
""",
    )
    result = run_backtest(made, days("ABC", [100.1, 200.3, 300.7]), risk=OFF)
    assert [(each[0], each[3]) for each in made.seen] == [
        (Decimal("101.1"), 1), (Decimal("201.3"), 2), (Decimal("301.7"), 3),
    ]  # fmt: skip
    assert all(type(each[1]) is Decimal and each[2].tzinfo is UTC for each in made.seen)
    (fill,) = result.fills
    assert (fill.quantity, type(fill.price)) == (20.0, float)
    assert made.traded == [("BUY", Decimal(repr(fill.price)), Decimal("20.0"))]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("        return [Signal(bar.symbol, 'BUY', quantity=bar.close * 1.5)]\n",
         r"'decimal\.Decimal' and 'float'\nSee .*mine\.py, line 11\. .*write float\(bar\.close\)"),
        ("        yield Signal(bar.symbol, 'BUY')\n", "got <generator .*\nReturn a list: on_bar with yield"),
    ],
    ids=["decimals", "generator"],
)  # fmt: skip
def test_what_readers_of_the_guide_get_wrong_is_told_with_what_to_do(tmp_path: Path, body: str, says: str) -> None:
    made = strategy(tmp_path, f"    def on_bar(self, bar):\n{body}")
    with pytest.raises(StrategyFault, match=says):
        run_backtest(made, days("ABC", [100.1, 200.3]), risk=OFF)


def test_a_native_strategy_keeps_floats(tmp_path: Path) -> None:
    made = strategy(
        tmp_path,
        "    def on_bar(self, bar):\n        self.seen.append((bar.close, self._bars['ABC'][-1].close))\n",
        HEAD.replace("from strategies.base", "from quantstrip"),
    )
    run_backtest(made, days("ABC", [100.1, 200.3]), risk=OFF)
    assert made.seen == [(101.1, 101.1), (201.3, 201.3)]


def test_a_native_strategy_may_return_signals_of_the_other_names(tmp_path: Path) -> None:
    made = strategy(
        tmp_path,
        "    def on_bar(self, bar):\n        return [Signal(bar.symbol, 'BUY', 1.0, OrderType.LIMIT, 99.5, 2)]\n",
        HEAD.replace("from strategies.base", "from quantstrip"),
    )
    result = run_backtest(made, days("ABC", [100.0, 100.0]), risk=OFF)
    assert [(fill.quantity, fill.price) for fill in result.fills] == [(2.0, 99.5)]


def test_indicators_atr_and_the_window_are_those_of_the_native_contract(tmp_path: Path) -> None:
    body = """
    def on_bar(self, bar):
        ind = self.indicators_for(bar.symbol)
        self.seen.append((ind.sma(3)[-1], self._calculate_atr(self._bars["ABC"], 3), len(self._bars["ABC"])))
"""
    table = days("ABC", [float(100 + number % 7) for number in range(520)])
    found = []
    for head in (HEAD, HEAD.replace("from strategies.base", "from quantstrip")):
        made = strategy(tmp_path, body, head)
        run_backtest(made, table, risk=OFF)
        found.append(made.seen)
    assert found[0][5:] == found[1][5:]
    assert found[0][-1][2] == 500


def test_a_strategy_can_be_tried_by_hand(tmp_path: Path) -> None:
    made = strategy(
        tmp_path,
        """
    def on_bar(self, bar):
        return [Signal(bar.symbol, OrderSide.SELL, 1.0, OrderType.LIMIT, Decimal("150.10"), Decimal("3"))]
    def on_tick(self, tick):
        assert type(tick) is Tick and tick.size is None and tick.exchange is None
        return [Signal(tick.symbol, OrderSide.BUY, 1.0, quantity=tick.price)]
""",
        "from decimal import Decimal" + HEAD,
    )
    bar = decimal_view.Bar(
        symbol="ABC", timeframe="5m", timestamp=datetime(2024, 1, 2), open=Decimal(150), high=Decimal(151),  # noqa: DTZ001
        low=Decimal(149), close=Decimal("150.5"), volume=Decimal(1_000_000),
    )  # fmt: skip
    made.on_init()
    made.on_start()
    for (signal,) in (made.feed_bar(bar), made.on_bar(bar)):
        assert (signal.limit_price, signal.quantity) == (Decimal("150.1"), Decimal(3))
    assert made._bars["ABC"] == [bar]
    (asked,) = made.on_tick(Tick("ABC", DAY, 7.25))
    assert (asked.quantity, asked.plain().quantity) == (Decimal("7.25"), 7.25)


@given(st.floats(1e-6, 1e12), st.floats(1e-6, 1e12))
def test_a_bar_goes_there_and_back_to_the_same_floats(price: float, volume: float) -> None:
    native = Bar("ABC", "1d", DAY, 2 * DAY - 7, price, price, price, price, volume, "x")
    view = decimal_view.Bar.of(native)
    assert view.native() == native
    assert (view.close, view.ts) == (Decimal(repr(price)), native.ts)


def test_a_base_class_of_the_user_between_works_with_super(tmp_path: Path) -> None:
    made = strategy(
        tmp_path,
        """
    def on_bar(self, bar):
        return [Signal(bar.symbol, OrderSide.BUY, quantity=bar.close)]
class Other(Mine):
    def on_bar(self, bar):
        (signal,) = super().on_bar(bar)
        assert type(signal.quantity) is type(bar.close)
        return [Signal(signal.symbol, signal.side, quantity=signal.quantity - 1)]
del Mine
""",
    )
    result = run_backtest(made, days("ABC", [100.5, 100.5]), risk=OFF)
    assert [fill.quantity for fill in result.fills] == [100.0]


# ------------------------------------------------------------------------------------------------------- resolution


def test_helpers_and_imports_inside_functions_find_the_names(tmp_path: Path) -> None:
    (tmp_path / "my_side.py").write_text("from core.enums import OrderSide\ndef side():\n    return OrderSide.BUY\n")
    made = strategy(
        tmp_path,
        """
    def on_bar(self, bar):
        from core.models import Signal as Late
        import my_side
        return [Late(bar.symbol, my_side.side(), quantity=1)]
""",
    )
    (signal,) = made.on_bar(Bar.at("ABC", datetime(2024, 1, 2, tzinfo=UTC), 1, 1, 1, 1))
    assert (signal.side, signal.quantity) == (OrderSide.BUY, 1.0)


def test_the_users_own_package_wins_and_the_log_says_so(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    (one / "core").mkdir(parents=True)
    other.mkdir()
    (one / "core" / "__init__.py").write_text("")
    (one / "core" / "models.py").write_text("MINE = True\n")
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(str(message)), level="WARNING")
    plain = "from quantstrip import StrategyBase\nclass Mine(StrategyBase):\n    def __init__(self):\n"
    plain += "        super().__init__('mine', ['ABC'])\n    def on_bar(self, bar): pass\n"
    try:
        strategy(one, plain, "from core.models import MINE\nfrom core.enums import OrderSide\n")
    finally:
        logger.remove(sink)
    assert any("core" in line and "yours is used" in line for line in lines)
    strategy(other, "    def on_bar(self, bar): pass\n")  # another file's package is not this one's
    strategy(one, plain, "from core.models import MINE\n")


def test_a_repository_with_a_folder_strategies_has_both(tmp_path: Path) -> None:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "shared.py").write_text("from strategies.base import StrategyBase\nPERIOD = 3\n")
    made = strategy(tmp_path, "    def on_bar(self, bar): pass\n", "from strategies.shared import PERIOD\n" + HEAD)
    assert isinstance(made, StrategyBase)


def test_the_vectorised_names_are_the_platforms_own(tmp_path: Path) -> None:
    from quantstrip.strategy import vectorized

    strategy(tmp_path, "    def on_bar(self, bar): pass\n")
    import strategies.vectorized as found  # type: ignore[import-not-found]

    for name in ("VectorizedStrategy", "sma", "ema", "rsi", "atr", "bollinger_bands"):
        assert getattr(found, name) is getattr(vectorized, name)


def test_nothing_resolves_in_a_process_that_loads_no_strategy() -> None:
    code = "import quantstrip.strategy, quantstrip.dialects\nimport core.models"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "No module named 'core'" in done.stderr


def test_quantstrip_python_runs_a_script_with_the_names(tmp_path: Path) -> None:
    (tmp_path / "my_strategy.py").write_text(HEAD + "    def on_bar(self, bar): return []\n")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom my_strategy import Mine\nfrom core.models import Bar\n"
        "assert __name__ == '__main__' and Mine().symbols == ['ABC']\nsys.exit(len(sys.argv))\n"
    )
    assert run_file(Home(tmp_path / "home"), script, ["--a", "b"]) == 3
