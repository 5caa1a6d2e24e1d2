"""Do the engine and backtesting.py trade alike? Eight strategies on real prices, every trade and the equity compared.

AAPL, IBM, MSFT and GOOG daily from the shipped sample; GOOG daily and EURUSD hourly from the peer's own package, which
are not shipped. Both fill market orders at the next open; there are no costs. The strategies are written twice, each
the way its own library wants them, with its own indicators.

Two things are made alike. The peer asks a strategy one bar after the first at which all its indicators have a value:
where that matters, ours waits as long. And prices that equal an average but for rounding are not above it.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engine import PEER, ROOT, _row
from benchmarks.peers import peer_python
from quantstrip.backtest import run_backtest
from quantstrip.bars import BarTable, read_csv, sample_folder
from quantstrip.matching import CostModel
from quantstrip.model import Bar, OrderSide, Signal
from quantstrip.risk import OFF
from quantstrip.strategy import StrategyBase

CASH = 1e9
NOISE = 1e-9
_SCRIPT = ROOT / "benchmarks" / "peer_same_trades.py"


class Sided(StrategyBase):
    """Goes where ``wanted`` says: 1 is long, -1 short, 0 flat, None stays."""

    size = 100.0

    def __init__(self, symbol: str) -> None:
        super().__init__(type(self).__name__, [symbol])
        self.held = 0

    def on_trade(self, symbol: str, side: OrderSide, price: float, volume: float) -> None:
        moved = round(volume / self.size) * (1 if side is OrderSide.BUY else -1)
        self.held += moved

    def wanted(self, bar: Bar, history: list[Bar]) -> int | None:
        raise NotImplementedError

    def on_bar(self, bar: Bar) -> list[Signal]:
        wanted = self.wanted(bar, self._bars[bar.symbol])
        if wanted is None or wanted == self.held:
            return []
        side = OrderSide.BUY if wanted > self.held else OrderSide.SELL
        return [Signal(bar.symbol, side, quantity=abs(wanted - self.held) * self.size)]


def _crossed(first: Any, second: Any) -> int:
    """1 where ``first`` crosses above ``second`` at the last value, -1 where below."""
    if len(first) < 2:
        return 0
    return int(first[-2] < second[-2] and first[-1] > second[-1]) - int(
        first[-2] > second[-2] and first[-1] < second[-1]
    )


class sma_cross(Sided):  # noqa: N801
    def wanted(self, bar: Bar, history: list[Bar]) -> int | None:
        found = self.indicators_for(bar.symbol)
        return {1: 1, -1: 0}.get(_crossed(found.sma(10), found.sma(30)))


class sma_flip(Sided):  # noqa: N801
    def wanted(self, bar: Bar, history: list[Bar]) -> int | None:
        found = self.indicators_for(bar.symbol)
        return {1: 1, -1: -1}.get(_crossed(found.sma(10), found.sma(30)))


class rsi_reversion(Sided):  # noqa: N801
    def wanted(self, bar: Bar, history: list[Bar]) -> int | None:
        rsi = self.indicators_for(bar.symbol).rsi(14)[-1]
        return 1 if rsi < 30 else 0 if rsi > 60 else None


class bollinger(Sided):  # noqa: N801
    def wanted(self, bar: Bar, history: list[Bar]) -> int | None:
        _, mid, lower = self.indicators_for(bar.symbol).bbands(20, 2.0)
        return 1 if bar.close < lower[-1] else 0 if bar.close > mid[-1] else None


class breakout(Sided):  # noqa: N801
    def wanted(self, bar: Bar, history: list[Bar]) -> int | None:
        if len(history) < 22:  # as the peer waits
            return None
        before = history[-21:-1]
        if bar.close > max(each.high for each in before):
            return 1
        return -1 if bar.close < min(each.low for each in before) else None


class macd_cross(Sided):  # noqa: N801
    def wanted(self, bar: Bar, history: list[Bar]) -> int | None:
        line, signal, _ = self.indicators_for(bar.symbol).macd(12, 26, 9)
        return {1: 1, -1: 0}.get(_crossed(line, signal))


class momentum(Sided):  # noqa: N801
    def wanted(self, bar: Bar, history: list[Bar]) -> int | None:
        return None if len(history) < 62 else 1 if bar.close > history[-61].close else 0


class limit_dip(Sided):  # noqa: N801
    """A limit 1 % below the close, for one bar; out at the market after a gain over the average."""

    def on_bar(self, bar: Bar) -> list[Signal]:
        mean = self.indicators_for(bar.symbol).sma(10)[-1]
        if len(self._bars[bar.symbol]) < 11:
            return []
        if not self.held and bar.close < mean * (1.0 - NOISE):
            return [
                Signal(
                    bar.symbol, OrderSide.BUY, order_type="LIMIT", limit_price=bar.close * 0.99, quantity=self.size,
                    time_in_force="BAR",
                )
            ]  # fmt: skip
        return [Signal(bar.symbol, OrderSide.SELL)] if self.held and bar.close > mean * (1.0 + NOISE) else []


STRATEGIES = (sma_cross, sma_flip, rsi_reversion, bollinger, breakout, macd_cross, momentum, limit_dip)


def run() -> Iterator[dict[str, Any]]:
    """One figure for each strategy: trades that differ over all series, and series whose final equity differs."""
    tables = _series()
    for cls in STRATEGIES:
        differing, trades, equities = 0, 0, 0
        for path, table in tables:
            ours, equity = _ours(cls, table)
            theirs = _ask("run", str(path), cls.__name__, str(cls.size))
            differing += _unlike(ours, theirs["trades"])
            trades += len(ours)
            equities += abs(equity / theirs["equity"] - 1.0) > 1e-9
        detail = {"trades": trades, "series": len(tables), "series_with_another_equity": equities, "peer": PEER}
        yield _row(f"trades_unlike_backtesting_py: {cls.__name__}", differing + equities, "<=", 0, detail)


def _ours(cls: Callable[[str], StrategyBase], table: BarTable) -> tuple[list[list[float]], float]:
    result = run_backtest(cls(table.symbol), table, cash=CASH, risk=OFF, costs=CostModel(0.0, 0.0))
    row = {ts: number for number, ts in enumerate(table.ts.tolist())}
    trades = [
        [row[each.entry_ts], row[each.exit_ts], 1 if each.side == "LONG" else -1, each.entry_price, each.exit_price]
        for each in result.trades
    ]
    return trades, result.equity_final


def _unlike(ours: list[list[float]], theirs: list[list[float]]) -> int:
    mine, others = sorted(ours), sorted(theirs)
    differing = abs(len(mine) - len(others))
    for one, other in zip(mine, others, strict=False):
        same = one[:3] == other[:3] and np.allclose(one[3:], other[3:], rtol=1e-9, atol=0.0)
        differing += not same
    return differing


def _series() -> list[tuple[Path, BarTable]]:
    folder = ROOT / ".cache" / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for symbol in ("AAPL", "IBM", "MSFT", "GOOG"):
        table = read_csv(sample_folder() / f"{symbol}.csv", symbol, "1d")
        path = folder / f"sample-{symbol}.npz"
        columns = {name: getattr(table, name) for name in ("ts", "open", "high", "low", "close", "volume")}
        np.savez(path, **columns)
        found.append((path, table))
    for name, timeframe in (("GOOG", "1d"), ("EURUSD", "1h")):
        path = folder / f"peer-{name}.npz"
        _ask("export", name, str(path))
        with np.load(path) as data:
            prices = [data[each] for each in ("open", "high", "low", "close", "volume")]
            found.append((path, BarTable.from_arrays(f"PEER_{name}", timeframe, data["ts"], *prices)))
    return found


def _ask(*words: str) -> dict[str, Any]:
    done = subprocess.run([str(peer_python(PEER)), str(_SCRIPT), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{_SCRIPT} {' '.join(words)} failed:\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
