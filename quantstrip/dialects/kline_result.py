"""A backtest's result in the fields of the kline form's document."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from quantstrip.clock import Micros
from quantstrip.dialects.kline_types import iso
from quantstrip.model import Fill, OrderSide
from quantstrip.model.position import on_grid, rounded

_DIGITS = 8


class _Figures(Protocol):
    @property
    def win_rate(self) -> float | None: ...


class _Table(Protocol):
    @property
    def ts(self) -> Any: ...
    @property
    def ts_open(self) -> Any: ...
    @property
    def close(self) -> Any: ...


class Result(Protocol):
    """What is read of a backtest's result."""

    @property
    def fills(self) -> Sequence[Fill]: ...
    @property
    def metrics(self) -> _Figures: ...
    @property
    def run(self) -> Mapping[str, Any]: ...
    @property
    def tables(self) -> Mapping[str, _Table]: ...
    @property
    def equity(self) -> Any: ...


def result_of(result: Result) -> dict[str, Any]:
    """``initialBalance`` to ``equityCurve``; money in the quote asset, rates from 0 to 1, times the start of a kline.

    ``totalTrades`` counts fills; ``winRate`` is the share of round trips with a profit, 0 where there was none.
    ``finalBalance`` is equity after the last kline. Fees are all paid in the quote asset. Of several symbols each
    trade names its ``symbol``, and ``baseAsset`` and ``position`` are amounts by symbol.
    """
    tables = result.tables
    opened: dict[Micros, Micros] = {}
    for table in tables.values():
        opened.update(zip(table.ts.tolist(), table.ts_open.tolist(), strict=True))
    several = len(tables) > 1
    cash = initial = float(result.run["cash"])
    held = dict.fromkeys(tables, 0.0)
    fees = 0.0
    trades: list[dict[str, Any]] = []
    after: dict[Micros, tuple[float, dict[str, float]]] = {}
    for fill in result.fills:
        buying = fill.side is OrderSide.BUY
        sign = 1.0 if buying else -1.0
        cash = round(cash - rounded(sign * fill.quantity * fill.price, _DIGITS) - fill.commission, _DIGITS)
        held = {**held, fill.symbol: on_grid(held[fill.symbol] + sign * fill.quantity)}
        fees += fill.commission
        trades.append({
            "timestamp": iso(opened[fill.ts]), **({"symbol": fill.symbol} if several else {}),
            "type": "buy" if buying else "sell", "price": fill.price, "amount": fill.quantity, "balance": cash,
            "fee": fill.commission,
        })  # fmt: skip
        after[fill.ts] = (cash, held)
    curve = _curve(result, opened, initial, after)
    final = curve[-1]["equity"] if curve else initial
    return {
        "initialBalance": initial,
        "finalBalance": final,
        "profit": round(final - initial, _DIGITS),
        "profitRate": (final - initial) / initial,
        "maxDrawdown": _drawdown(initial, [each["equity"] for each in curve]),
        "totalTrades": len(trades),
        "winRate": result.metrics.win_rate or 0.0,
        "baseAsset": _amounts(held),
        "quoteAsset": cash,
        "baseFee": 0.0,
        "quoteFee": round(fees, _DIGITS),
        "trades": trades,
        "equityCurve": curve,
    }


def _amounts(held: dict[str, float]) -> float | dict[str, float]:
    """What is held: of one symbol its amount alone, as the form's document has it."""
    return held if len(held) > 1 else next(iter(held.values()))


def _curve(
    result: Result, opened: Mapping[Micros, Micros], cash: float, after: Mapping[Micros, tuple[float, dict[str, float]]]
) -> list[dict[str, Any]]:
    found, held = [], dict.fromkeys(result.tables, 0.0)
    for ts, value in zip(result.equity.ts.tolist(), result.equity.value.tolist(), strict=True):
        cash, held = after.get(ts, (cash, held))
        found.append({
            "timestamp": iso(opened[ts]), "equity": round(value, _DIGITS), "balance": cash, "position": _amounts(held),
        })  # fmt: skip
    return found


def _drawdown(peak: float, curve: Sequence[float]) -> float:
    deepest = 0.0
    for equity in curve:
        peak = max(peak, equity)
        deepest = max(deepest, (peak - equity) / peak if peak > 0.0 else 0.0)
    return deepest
