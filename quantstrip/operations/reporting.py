"""The Reporting page's figures: the report model over what is recorded, narrowed and grouped.

Without filters it is the report that pages, workbooks and mails are made of; a filter leaves out parts of the same
daily PnL (see ``reporting_parts``), so that what is left and what is left out add up to the whole. Capital stays that
of the whole strategy: a part's return is what it brought the strategy.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from quantstrip.clock import SECOND, Clock, Micros, system_clock, to_text
from quantstrip.home import Home
from quantstrip.ledger.query import Reading
from quantstrip.operations.ledger import existing_ledger, recorded_modes
from quantstrip.operations.portfolio import STAMP
from quantstrip.operations.report_rows import READ_SECONDS, Key, Rows, benchmark_of, rows_of, trips_of
from quantstrip.operations.reporting_filters import LABELS, Choices, Filters, choices_of
from quantstrip.operations.reporting_parts import Parts, Place, parts_of
from quantstrip.report.build import Benchmark, History, Trips, build_report, together
from quantstrip.report.catalogue import Floats
from quantstrip.report.model import Report, Scope

By = Literal["strategy", "symbol", "broker", "tag"]
GROUPINGS: Final[tuple[By, ...]] = ("strategy", "symbol", "broker", "tag")
WITHOUT: Final[Mapping[By, str]] = {"strategy": "", "symbol": "no symbol", "broker": "no broker", "tag": "no tag"}
_FRESH: Final = 20
"""What took a second to read is shown for so many before it is looked at again: a strategy records every second."""
_MOST_KEPT: Final = 8
_TRIPS: Final = (
    "SELECT strategy, account, reporting_net_pnl, hold_seconds, open_date, close_date, symbol, COALESCE(broker, ''), "
    "trade_id FROM v_trades WHERE mode = ? AND current_run = 1 AND rate IS NOT NULL"
)
_HELD: Final = (
    "SELECT strategy, account, symbol, COALESCE(broker, ''), opened FROM v_positions "
    "WHERE mode = ? AND current_run = 1 ORDER BY strategy, account, symbol, leg"
)
_Words = npt.NDArray[np.object_]


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
        read_at: wall clock when the ledger was read.
        market: the benchmark.

    """

    report: Report
    by: By
    groups: tuple[Group, ...]
    rest: Floats
    read_at: Micros
    market: Benchmark | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Ended:
    """Round trips of a strategy with what they may be chosen by."""

    trips: Trips
    words: Mapping[str, _Words]


@dataclass(slots=True, eq=False)
class _Loaded:
    """What was read of one mode; ``parts`` and ``ended`` once a part was asked for."""

    stamp: tuple[Any, ...]
    rows: Rows
    read_at: Micros
    took: float
    looked: float
    choices: Choices
    held: Sequence[tuple[Any, ...]]
    parts: Mapping[Key, Parts] | None = None
    ended: Mapping[Key, _Ended] = field(default_factory=dict)
    made: dict[tuple[Any, ...], Shown] = field(default_factory=dict)


_kept: dict[tuple[Path, str], _Loaded] = {}
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
        anew: look at the ledger now, however fresh what is kept.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
        ReportError: nothing was recorded in the mode, or the benchmark has no prices.

    """
    with _reading:
        loaded = _load(home, mode, narrow=filters.narrow or by != "strategy", anew=anew, clock=clock)
        asked = (filters, by, benchmark)
        if asked not in loaded.made:
            if len(loaded.made) >= _MOST_KEPT:
                del loaded.made[next(iter(loaded.made))]
            loaded.made[asked] = _make(home, loaded, filters, by, benchmark)
        return loaded.made[asked]


def choices(home: Home, mode: str | None = None) -> Choices:
    """What there is to choose from; raises as ``show``."""
    with _reading:
        return _load(home, mode, narrow=False, anew=False, clock=system_clock).choices


def modes(home: Home) -> tuple[str, ...]:
    """The modes in which something was recorded, live first."""
    return recorded_modes(existing_ledger(home))


def _load(home: Home, mode: str | None, *, narrow: bool, anew: bool, clock: Clock) -> _Loaded:
    ledger = existing_ledger(home)
    place, begun = (ledger.path, mode or ""), clock.monotonic()
    kept = _kept.get(place)
    whole = kept is not None and (kept.parts is not None or not narrow)
    if kept is not None and whole and not anew and begun - kept.looked < _FRESH * kept.took:
        return kept
    with ledger.reading(timeout_seconds=READ_SECONDS) as read:
        stamp = (*read.query(STAMP)[1][0], to_text(clock.now())[:10])  # marks have an age in days
        if kept is None or kept.stamp != stamp:
            rows = rows_of(read, mode, None, "", 0)
            held = read.query(_HELD, (rows.mode,))[1]
            kept = _Loaded(stamp, rows, clock.now(), 0.0, begun, choices_of(read, rows.mode), held)
        if narrow and kept.parts is None:
            kept.ended = _ended(read, kept.rows.mode)
            kept.parts = parts_of(read, kept.rows.mode)
    kept.took = max(kept.took, clock.monotonic() - begun)
    kept.looked, kept.read_at = clock.monotonic(), clock.now()
    _kept[place] = kept
    return kept


def _ended(read: Reading, mode: str) -> dict[Key, _Ended]:
    tags = dict(read.query(LABELS)[1])
    rows: dict[Key, list[Sequence[Any]]] = {}
    for row in read.query(_TRIPS, (mode,))[1]:
        rows.setdefault((row[0], row[1]), []).append(row)
    return {
        key: _Ended(
            trips_of(found),
            {
                "symbol": np.array([row[6] for row in found], dtype=object),
                "broker": np.array([row[7] for row in found], dtype=object),
                "tag": np.array([tags.get(row[8], "") for row in found], dtype=object),
            },
        )
        for key, found in rows.items()
    }


def _make(home: Home, loaded: _Loaded, filters: Filters, by: By, benchmark: str) -> Shown:
    rows = loaded.rows
    market = None
    if benchmark:
        with existing_ledger(home).reading(timeout_seconds=READ_SECONDS) as read:
            market = benchmark_of(read, benchmark)
    keys = {label: key for key, label in rows.labels.items()}
    chosen = [
        h
        for h in rows.histories
        if (not filters.strategies or keys[h.name][0] in filters.strategies)
        and (not filters.narrow or _concerned(loaded, keys[h.name], filters))
    ]
    histories = [_narrowed(loaded, h, keys[h.name], filters) for h in chosen]
    names = {each.name for each in histories}
    report = build_report(
        histories,
        mode=rows.mode,
        currency=rows.currency,
        created=to_text(loaded.read_at),
        daily=[] if filters.narrow else [day for day in rows.daily if day.strategy in names],
        positions=_positions(loaded, filters),
        benchmark=market,
        notes=(*filters.said(), *rows.notes),
    )
    if by == "strategy":
        groups = tuple(Group(scope.name, scope) for scope in report.strategies)
    else:
        parts = [
            replace(
                together([_narrowed(loaded, h, keys[h.name], _only(filters, by, value)) for h in users]),
                name=value or WITHOUT[by],
            )
            for value, users in _values(loaded, chosen, keys, filters, by).items()
        ]
        measured = build_report(
            parts, mode=rows.mode, currency=rows.currency, created=report.created, as_of=report.as_of, benchmark=market
        )
        groups = tuple(Group(scope.name, scope) for scope in measured.strategies)
    return Shown(report, by, groups, _rest(report, groups), loaded.read_at, market)


def _rest(report: Report, groups: Sequence[Group]) -> Floats:
    """What of the portfolio's sessions no group has."""
    left = report.portfolio.pnl.copy()
    for group in groups:
        left[np.searchsorted(report.portfolio.days, group.scope.days)] -= group.scope.pnl
    rounded: Floats = np.round(left, 6)
    return rounded


def _only(filters: Filters, by: By, value: str) -> Filters:
    names = {"strategy": "strategies", "symbol": "symbols", "broker": "brokers", "tag": "tags"}
    return replace(filters, **{names[by]: (value,)})


def _values(
    loaded: _Loaded, chosen: Sequence[History], keys: Mapping[str, Key], filters: Filters, by: By
) -> dict[str, list[History]]:
    """What the chosen histories are grouped into, with those that each concerns."""
    found: dict[str, list[History]] = {}
    for history in chosen:
        key = keys[history.name]
        ended = loaded.ended.get(key)
        values: set[str] = set()
        if by == "tag" or filters.tags:
            if ended is not None:
                values = set(ended.words[by][_fits(ended, filters)])
        else:
            places = (loaded.parts or {})[key].pnl if key in (loaded.parts or {}) else {}
            values = {place.symbol if by == "symbol" else place.broker for place in places if _inside(place, filters)}
        for value in values:
            found.setdefault(value, []).append(history)
    return dict(sorted(found.items()))


def _concerned(loaded: _Loaded, key: Key, filters: Filters) -> bool:
    """Whether a strategy has anything that the filters leave: the capital of others is not what it was earned on."""
    if filters.tags:
        ended = loaded.ended.get(key)
        return ended is not None and bool(_fits(ended, filters).any())
    parts = (loaded.parts or {}).get(key)
    return parts is not None and any(_inside(place, filters) for place in parts.pnl)


def _narrowed(loaded: _Loaded, history: History, key: Key, filters: Filters) -> History:
    """What of a strategy's history the filters leave; on the same days, so that figures can be compared."""
    parts = (loaded.parts or {}).get(key)
    if not filters.narrow or parts is None:
        return history
    ended = loaded.ended.get(key, _Ended(Trips(), {}))
    fits = _fits(ended, filters)
    trips = Trips(*(getattr(ended.trips, name)[fits] for name in ("pnl", "seconds", "entered", "left")))
    pnl, traded = np.zeros(len(history.days)), np.zeros(len(history.days))
    opened: list[str] = []
    if filters.tags:
        place = np.searchsorted(history.days, trips.left)
        np.add.at(pnl, place, trips.pnl)
    else:
        place = np.searchsorted(history.days, parts.days)
        for where in parts.pnl:
            if _inside(where, filters):
                pnl[place] += parts.pnl[where]
                traded[place] += parts.traded.get(where, 0.0)
        opened = [row[4][:10] for row in loaded.held if row[:2] == key and _inside(Place(row[2], row[3]), filters)]
    days = np.array(opened, dtype="datetime64[D]")
    return replace(history, pnl=np.round(pnl, 8), traded=traded, trips=trips, open_since=days)


def _fits(ended: _Ended, filters: Filters) -> npt.NDArray[np.bool_]:
    fits = np.ones(len(ended.trips.pnl), dtype=bool)
    for name, wanted in (("symbol", filters.symbols), ("broker", filters.brokers), ("tag", filters.tags)):
        if wanted:
            fits &= np.isin(ended.words[name], np.array(wanted, dtype=object)) if name in ended.words else False
    return fits


def _inside(place: Place, filters: Filters) -> bool:
    return (not filters.symbols or place.symbol in filters.symbols) and (
        not filters.brokers or place.broker in filters.brokers
    )


def _positions(loaded: _Loaded, filters: Filters) -> list[Any]:
    if filters.tags:
        return []
    return [
        position
        for position, row in zip(loaded.rows.positions, loaded.held, strict=True)
        if (not filters.strategies or row[0] in filters.strategies) and _inside(Place(row[2], row[3]), filters)
    ]


def age_seconds(shown: Shown, clock: Clock = system_clock) -> float:
    """How long ago the ledger was read for it."""
    return (clock.now() - shown.read_at) / SECOND
