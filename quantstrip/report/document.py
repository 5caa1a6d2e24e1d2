"""A built report as JSON text and back: what is stored is what was shown, and is shown again without computing anew."""

import json
from datetime import date
from typing import Any, Final

import numpy as np

from quantstrip.errors import ReportError
from quantstrip.report.catalogue import METRICS, Floats
from quantstrip.report.model import Day, Fall, Horizon, Position, Report, Scope, Trade
from quantstrip.report.periods import Days, Year

FORM: Final = "quantstrip.report/1"
"""The version of the text; a later program reads the earlier ones."""


def to_document(report: Report) -> str:
    """The report as one line of JSON; days are ISO text, missing values null."""
    content = {
        "form": FORM,
        "title": report.title,
        "mode": report.mode,
        "currency": report.currency,
        "as_of": report.as_of,
        "created": report.created,
        "benchmark": report.benchmark,
        "notes": report.notes,
        "trade_total": report.trade_total,
        "scopes": [_scope(scope) for scope in report.scopes],
        "daily": report.daily,
        "trades": report.trades,
        "positions": report.positions,
        "correlation": _numbers(report.correlation),
    }
    return json.dumps(content, default=str, separators=(",", ":"), allow_nan=False)


def from_document(text: str) -> Report:
    """Read what ``to_document`` wrote.

    Raises:
        ReportError: the text is damaged, or of a later version.

    """
    try:
        content = json.loads(text)
        if content["form"] != FORM:
            raise ReportError(
                f"a report of the form {FORM} was expected, got {content['form']!r}",
                hint="Update Quantstrip to the version that stored it.",
            )
        scopes = [_scope_from(scope) for scope in content["scopes"]]
        return Report(
            title=content["title"],
            mode=content["mode"],
            currency=content["currency"],
            as_of=date.fromisoformat(content["as_of"]),
            created=content["created"],
            portfolio=scopes[0],
            strategies=tuple(scopes[1:]),
            daily=tuple(Day(name, date.fromisoformat(day), *rest) for name, day, *rest in content["daily"]),
            trades=tuple(Trade(*row) for row in content["trades"]),
            trade_total=content["trade_total"],
            positions=tuple(
                Position(name, symbol, leg, quantity, average, price, _day(day), unrealised)
                for name, symbol, leg, quantity, average, price, day, unrealised in content["positions"]
            ),
            correlation=np.array(content["correlation"], dtype=np.float64).reshape(len(scopes) - 1, len(scopes) - 1),
            benchmark=content["benchmark"],
            notes=tuple(content["notes"]),
        )
    except (ValueError, TypeError, LookupError) as error:
        raise ReportError(
            f"the stored report cannot be read: {error}", hint="It was changed after it was stored: build a new one."
        ) from error


def _scope(scope: Scope) -> dict[str, Any]:
    return {
        "name": scope.name,
        "capital": scope.capital,
        "periods": scope.periods,
        "days": scope.days.astype(str).tolist(),
        **{name: _numbers(getattr(scope, name)) for name in ("pnl", "equity", "drawdown", "rolling_sharpe")},
        "horizons": [[each.name, each.first, each.last, each.complete, dict(each.figures)] for each in scope.horizons],
        "years": [[each.year, each.months, each.total] for each in scope.years],
        "falls": scope.falls,
    }


def _scope_from(content: dict[str, Any]) -> Scope:
    days: Days = np.array(content["days"], dtype="datetime64[D]")
    return Scope(
        name=content["name"],
        capital=content["capital"],
        periods=content["periods"],
        days=days,
        pnl=_array(content["pnl"]),
        equity=_array(content["equity"]),
        drawdown=_array(content["drawdown"]),
        rolling_sharpe=_array(content["rolling_sharpe"]),
        horizons=tuple(
            # Metrics that came after the report was stored have no figure in it.
            Horizon(
                name,
                date.fromisoformat(first),
                date.fromisoformat(last),
                complete,
                {each.name: figures.get(each.name) for each in METRICS},
            )
            for name, first, last, complete, figures in content["horizons"]
        ),
        years=tuple(Year(year, tuple(months), total) for year, months, total in content["years"]),
        falls=tuple(
            Fall(date.fromisoformat(row[0]), date.fromisoformat(row[1]), _day(row[2]), *row[3:])
            for row in content["falls"]
        ),
    )


def _numbers(values: Floats) -> list[Any]:
    """Nested lists with None for NaN, which JSON has no word for."""
    if values.ndim == 2:
        return [_numbers(row) for row in values]
    return [None if value != value else value for value in values.tolist()]


def _array(values: list[float | None]) -> Floats:
    return np.array(values, dtype=np.float64)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
