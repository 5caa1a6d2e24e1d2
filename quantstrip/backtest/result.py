"""What came of a backtest: for people as text, for programs as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from quantstrip.backtest.canonical import canonical, equity_hash, result_hash, run_id
from quantstrip.backtest.labels import Labels
from quantstrip.backtest.options import PLAIN
from quantstrip.backtest.trades import OpenTrip, RoundTrip
from quantstrip.bars import BarTable
from quantstrip.clock import DAY, Micros
from quantstrip.dialects.dataframe_output import Output
from quantstrip.engine import Rejection
from quantstrip.model import Fill
from quantstrip.ports import Charge
from quantstrip.report import LEAST_SESSIONS, Metrics


class Equity(NamedTuple):
    """Equity after each slice of bars, in money; ``ts`` int64 microseconds UTC, ``value`` float64, one length."""

    ts: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class BacktestResult:
    """A finished run.

    Attributes:
        fills: every fill, in the order in which they happened.
        trades: round trips from flat to flat, in the order in which they ended.
        open_trades: positions that were held at the end; marked at the last close, no exit fee.
        rejected: every signal that became no order, with its rule.
        equity: after each slice.
        metrics: see ``quantstrip.report``.
        more: further figures, see ``figures``.
        charges: what holding positions cost or brought; part of the equity, not of the trades.
        drawn: plots and marks that a script made for the chart, by symbol; no part of the result.
        logged: what a script wrote to its log, the last lines: moment, symbol, text; no part of the result.
        run: what was run: hashes of code and data, parameters, costs, risk limits, dates, gaps.

    """

    fills: Sequence[Fill]
    trades: Sequence[RoundTrip]
    open_trades: Sequence[OpenTrip]
    rejected: Sequence[Rejection]
    equity: Equity
    metrics: Metrics
    run: Mapping[str, Any]
    labels: Labels = field(repr=False)
    more: Mapping[str, float | None] = field(default_factory=dict)
    charges: Sequence[Charge] = ()
    drawn: Mapping[str, Output] = field(default_factory=dict)
    logged: Sequence[tuple[Micros, str, str]] = ()

    @property
    def tables(self) -> Mapping[str, BarTable]:
        """The bars it ran on, by symbol."""
        return self.labels.tables

    @property
    def figures(self) -> dict[str, float | None]:
        """All figures by their names in docs/metrics.md."""
        return {**self.metrics._asdict(), **self.more}

    @property
    def equity_final(self) -> float:
        """Equity after the last bar, in money."""
        return float(self.equity.value[-1]) if len(self.equity.value) else float(self.run["cash"])

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; times are labels of bars. The same run gives the same dict, nothing in it is wall time.

        ``run["equity_hash"]`` stands for the curve, ``run["result_hash"]`` for everything.
        """
        document = self._document()
        hashed = result_hash(document)
        return {**document, "run": {**document["run"], "result_hash": hashed, "run_id": run_id(hashed)}}

    def to_canonical(self) -> bytes:
        """``to_dict`` as the one text that equal results have."""
        return canonical(self.to_dict())

    def _document(self) -> dict[str, Any]:
        label = self.labels.of
        options = self.run.get("options", {})
        charged = {
            "charges": [
                {"time": label(one.symbol, one.ts), "symbol": one.symbol, "kind": one.kind, "amount": one.amount}
                for one in self.charges
            ]
        }
        return {
            "run": {**self.run, "equity_hash": equity_hash(self.equity)},
            "fills": [
                {
                    "time": label(fill.symbol, fill.ts),
                    "symbol": fill.symbol,
                    "side": str(fill.side),
                    "quantity": fill.quantity,
                    "price": fill.price,
                    "fee": fill.commission,
                }
                for fill in self.fills
            ],
            "trades": [
                {
                    "symbol": trade.symbol,
                    "side": trade.side,
                    "quantity": trade.quantity,
                    "entry_time": label(trade.symbol, trade.entry_ts),
                    "entry_price": trade.entry_price,
                    "exit_time": label(trade.symbol, trade.exit_ts),
                    "exit_price": trade.exit_price,
                    "pnl": trade.pnl,
                }
                for trade in self.trades
            ],
            "rejected": [
                {
                    "time": label(rejection.signal.symbol, rejection.ts),
                    "symbol": rejection.signal.symbol,
                    "side": str(rejection.signal.side),
                    "quantity": _finite(rejection.signal.quantity),
                    "rule": rejection.rule,
                    "reason": rejection.reason,
                }
                for rejection in self.rejected
            ],
            "equity_final": self.equity_final,
            "metrics": self.figures,
            **(charged if options.get("borrow_rate") or options.get("funding_rate") else {}),
        }

    def _tells_a_year(self) -> bool:
        """Whether the bars are of enough days for a rate of a year that a person should read."""
        return np.unique((self.equity.ts - 1) // DAY).size >= LEAST_SESSIONS

    def to_json(self) -> str:
        """``to_dict`` as one line of JSON."""
        return json.dumps(self.to_dict(), allow_nan=False, default=str)

    def _measured(self) -> list[tuple[str, str]]:
        """Rows that only some runs have."""
        rows = [("holding", _number(sum(one.amount for one in self.charges)))] if self.charges else []
        if self.run.get("benchmark"):
            alpha = self.more.get("alpha") if self._tells_a_year() else None
            rows += [("benchmark", str(self.run["benchmark"])), ("alpha, a year", _percent(alpha)),
                     ("beta", _number(self.more.get("beta")))]  # fmt: skip
        return rows

    def __str__(self) -> str:
        """Return the summary for people."""
        run, figures = self.run, self.metrics
        rules: dict[str, int] = {}
        for rejection in self.rejected:
            rules[rejection.rule] = rules.get(rejection.rule, 0) + 1
        refused = ", ".join(f"{rule} {count}" for rule, count in sorted(rules.items()))
        held = ", ".join(f"{trip.symbol} {trip.position.quantity:g}" for trip in self.open_trades)
        rows = [
            ("strategy", f"{run['strategy']} ({_pairs(run['parameters'])})"),
            *([] if run["form"] == "native" else [("form", "; ".join([run["form"], *run["notes"]]))]),
            ("bars", f"{', '.join(run['symbols'])} · {run['timeframe']} · {_dates(run)}"),
            ("from", ", ".join(dict.fromkeys(run["sources"]))),
            ("costs", _pairs(run["costs"])),
            ("risk", run["risk"]),
            *_asked(run),
            ("sessions", run["calendar"]),
            ("gaps", "; ".join(run["gaps"]) or "none"),
            ("fills", f"{len(self.fills)}, rejected signals {len(self.rejected)}{f' ({refused})' if refused else ''}"),
            ("open at the end", held or "nothing"),
            ("equity", f"{run['cash']:,.2f} -> {self.equity_final:,.2f}"),
            ("total return", _percent(figures.total_return)),
            ("annualised return", _percent(figures.annualised_return if self._tells_a_year() else None)),
            ("Sharpe ratio", _number(figures.sharpe)),
            ("max drawdown", _percent(figures.max_drawdown)),
            ("round trips", str(figures.trade_count)),
            ("win rate", _percent(figures.win_rate)),
            ("profit factor", _number(figures.profit_factor)),
            ("payoff", _number(self.more.get("payoff"))),
            ("average hold", _days(self.more.get("average_hold"))),
            ("worst day", _percent(self.more.get("worst_day"))),
            *self._measured(),
        ]
        return "\n".join(f"{name:<18} {value}" for name, value in rows)


def _finite(value: float | None) -> float | None:
    """A number that JSON can write; a strategy may have asked for one that it cannot."""
    return value if value is None or isfinite(value) else None


def _asked(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Options that are not those of a plain run."""
    given = {name: value for name, value in run.get("options", {}).items() if getattr(PLAIN, name, None) != value}
    return [("options", _pairs(given))] if given else []


def _dates(run: Mapping[str, Any]) -> str:
    warm = f", after {run['warmup']} bars of warm-up" if run["warmup"] else ""
    return f"{run['start']} to {run['end']}{warm}"


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in values.items()
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def _days(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} days"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
