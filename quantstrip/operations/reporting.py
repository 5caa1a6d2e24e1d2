"""The Reporting page's figures: the report model over what is recorded, narrowed and grouped.

Without filters it is the report that pages, workbooks and mails are made of; a filter leaves out parts of the same
daily PnL (see ``reporting_parts``), so that what is left and what is left out add up to the whole. Capital stays that
of the whole strategy: a part's return is what it brought the strategy.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from quantstrip.clock import Clock, Micros, system_clock, to_text
from quantstrip.home import Home
from quantstrip.operations.ledger import existing_ledger, recorded_modes
from quantstrip.operations.report_rows import READ_SECONDS, benchmark_of, rows_of
from quantstrip.operations.reporting_cut import (
    WITHOUT,
    By,
    Material,
    concerned,
    narrowed,
    only,
    positions_of,
    values_of,
)
from quantstrip.operations.reporting_filters import Choices, Filters
from quantstrip.operations.stamp import stamp_of
from quantstrip.report.build import Benchmark, build_report, together
from quantstrip.report.catalogue import Floats
from quantstrip.report.model import Report, Scope

_FRESH: Final = 20
"""What took a second to read is shown for so many before it is looked at again: a strategy records every second."""
_MOST_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class Group:
    """One row of the breakdown; ``scope`` holds its figures."""

    name: str
    scope: Scope


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A report with its breakdown.

    Attributes:
        groups: by what was asked for, in the order of their names.
        rest: net PnL of each of the portfolio's sessions that belongs to none of them; all zero for strategies.
        market: the benchmark.

    """

    report: Report
    by: By
    groups: tuple[Group, ...]
    rest: Floats
    market: Benchmark | None = None


@dataclass(slots=True, eq=False)
class _Kept:
    """What was read of one mode, and what was made of it.

    Attributes:
        stamp: what the ledger held then.
        looked, took: when it was looked at last, and the longest a reading took, in seconds of the monotonic clock.
        read_at: wall clock of the last look.

    """

    stamp: tuple[Any, ...]
    material: Material
    looked: float = 0.0
    took: float = 0.0
    read_at: Micros = 0
    made: dict[tuple[Any, ...], Shown] = field(default_factory=dict)


_kept: dict[tuple[Path, str], _Kept] = {}
_reading = threading.Lock()


def show(
    home: Home,
    mode: str | None = None,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    *,
    by: By = "strategy",
    benchmark: str = "",
    anew: bool = False,
    clock: Clock = system_clock,
) -> Shown:
    """The report of ``mode``, narrowed, with its breakdown; of the first mode that has rows where it is None.

    A part of a strategy earns its returns on the whole capital of that strategy; strategies of which the filters leave
    nothing are left out. What was read is kept: the same question again, or another one about the same rows, costs no
    reading as long as nothing was recorded since. Readings that take long are kept for a while even so.

    Args:
        benchmark: symbol in ``mtm_price`` that alpha and beta refer to.
        anew: read the ledger now, whatever is kept.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
        ReportError: nothing was recorded in the mode, or the benchmark has no prices.

    """
    with _reading:
        kept = _load(home, mode, parts=filters.narrow or by != "strategy", anew=anew, clock=clock)
        asked = (filters, by, benchmark)
        if asked not in kept.made:
            if len(kept.made) >= _MOST_KEPT:
                del kept.made[next(iter(kept.made))]
            kept.made[asked] = _make(home, kept, filters, by, benchmark)
        return kept.made[asked]


def choices(home: Home, mode: str | None = None) -> Choices:
    """What there is to choose from; raises as ``show``."""
    with _reading:
        return _load(home, mode).material.choices


def read_at(home: Home, mode: str | None = None) -> Micros:
    """Wall clock of the moment that ``show`` speaks of; raises as that does."""
    with _reading:
        return _load(home, mode).read_at


def modes(home: Home) -> tuple[str, ...]:
    """The modes in which something was recorded, live first."""
    return recorded_modes(existing_ledger(home))


def _load(
    home: Home, mode: str | None, *, parts: bool = False, anew: bool = False, clock: Clock = system_clock
) -> _Kept:
    ledger = existing_ledger(home)
    place, begun = (ledger.path, mode or ""), clock.monotonic()
    kept = _kept.get(place)
    whole = kept is not None and (kept.material.parts is not None or not parts)
    if kept is not None and whole and not anew and begun - kept.looked < _FRESH * kept.took:
        return kept
    with ledger.reading(timeout_seconds=READ_SECONDS) as read:
        stamp = (*stamp_of(read), to_text(clock.now())[:10])  # marks have an age in days
        if kept is None or anew or kept.stamp != stamp:
            kept = _Kept(stamp, Material.read(read, rows_of(read, mode, None, "", 0)))
        if parts:
            kept.material.read_parts(read)
    kept.looked, kept.read_at = clock.monotonic(), clock.now()
    kept.took = max(kept.took, kept.looked - begun)
    _kept[place] = kept
    return kept


def _make(home: Home, kept: _Kept, filters: Filters, by: By, benchmark: str) -> Shown:
    material, rows = kept.material, kept.material.rows
    market = None
    if benchmark:
        with existing_ledger(home).reading(timeout_seconds=READ_SECONDS) as read:
            market = benchmark_of(read, benchmark)
    chosen = {
        key: history
        for history in rows.histories
        for key in (material.keys[history.name],)
        if (not filters.strategies or key[0] in filters.strategies)
        and (not filters.narrow or concerned(material, key, filters))
    }
    histories = [narrowed(material, key, history, filters) for key, history in chosen.items()]
    names = {each.name for each in histories}
    report = build_report(
        histories,
        mode=rows.mode,
        currency=rows.currency,
        created=to_text(kept.read_at),
        daily=[] if filters.narrow else [day for day in rows.daily if day.strategy in names],
        positions=positions_of(material, filters),
        benchmark=market,
        notes=(*filters.said(), *rows.notes),
    )
    scopes = report.strategies
    if by != "strategy":
        parts = [
            replace(
                together([narrowed(material, key, chosen[key], only(filters, by, value)) for key in keys]),
                name=value or WITHOUT[by],
            )
            for value, keys in values_of(material, chosen, filters, by).items()
        ]
        scopes = build_report(
            parts, mode=rows.mode, currency=rows.currency, created=report.created, as_of=report.as_of, benchmark=market
        ).strategies
    groups = tuple(Group(scope.name, scope) for scope in scopes)
    return Shown(report, by, groups, _rest(report, groups), market)


def _rest(report: Report, groups: Sequence[Group]) -> Floats:
    """What of the portfolio's sessions no group has."""
    left = report.portfolio.pnl.copy()
    for group in groups:
        left[np.searchsorted(report.portfolio.days, group.scope.days)] -= group.scope.pnl
    rounded: Floats = np.round(left, 6)
    return rounded
