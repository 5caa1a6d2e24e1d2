"""The figures of the newest report of each mode."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from sqlalchemy import bindparam, delete

from quantstrip.ledger import validate
from quantstrip.ledger.family import Family
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.tables import report_metric

_FORGET = Statement(lambda: delete(report_metric).where(report_metric.c.mode == bindparam("of_mode")))
_ADD = Insert(report_metric)


class ReportFigure(NamedTuple):
    """One figure: ``scope`` is portfolio or strategy, ``complete`` whether history was as long as the horizon."""

    scope: str
    strategy: str
    horizon: str
    metric: str
    value: float | None
    first_date: date
    last_date: date
    complete: bool


class ReportMetrics(Family):
    """Ratios that SQL and Excel read."""

    def replace_report_metrics(self, mode: str, currency: str, as_of: date, figures: Iterable[ReportFigure]) -> int:
        """Make ``figures`` the ones of ``mode``, in one transaction; those of before are forgotten. Returns how many.

        Raises:
            InvalidRecord: a value is not finite; nothing is changed.

        """
        shared = {"mode": validate.words("mode", mode), "currency": currency, "as_of": as_of.isoformat()}
        rows = [
            {
                **shared,
                **figure._asdict(),
                "value": None if figure.value is None else validate.finite(figure.metric, figure.value),
                "first_date": figure.first_date.isoformat(),
                "last_date": figure.last_date.isoformat(),
                "complete": int(figure.complete),
            }
            for figure in figures
        ]
        with self.store.write() as tx:
            tx.run(_FORGET, {"of_mode": mode})
            for row in rows:
                tx.insert(_ADD, row | {"create_time": tx.now})
        return len(rows)
