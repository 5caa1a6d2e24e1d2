"""Cutting a report's histories: what of a strategy's days, round trips and positions the filters leave.

A part has the days and the capital of the whole, so that figures can be compared.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from quantstrip.ledger.query import Reading
from quantstrip.operations.report_rows import Key, Rows, trips_of
from quantstrip.operations.reporting_filters import LABELS, Choices, Filters, choices_of
from quantstrip.operations.reporting_parts import Parts, Place, parts_of
from quantstrip.report.build import History, Trips
from quantstrip.report.model import Position

By = Literal["strategy", "symbol", "broker", "tag"]
GROUPINGS: Final[tuple[By, ...]] = ("strategy", "symbol", "broker", "tag")
WITHOUT: Final[Mapping[By, str]] = {"strategy": "", "symbol": "no symbol", "broker": "no broker", "tag": "no tag"}
_TRIPS: Final = (
    "SELECT strategy, account, reporting_net_pnl, hold_seconds, open_date, close_date, symbol, COALESCE(broker, ''), "
    "trade_id FROM v_trades WHERE mode = ? AND current_run = 1 AND rate IS NOT NULL"
)
_HELD: Final = (
    "SELECT strategy, account, symbol, COALESCE(broker, ''), opened FROM v_positions "
    "WHERE mode = ? AND current_run = 1 ORDER BY strategy, account, symbol, leg"
)
_Words = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """Round trips of a strategy with what they may be chosen by."""

    trips: Trips
    words: Mapping[str, _Words]


@dataclass(eq=False)
class Material:
    """What was read of one mode; ``parts`` and ``ended`` once a part was asked for."""

    rows: Rows
    choices: Choices
    held: Sequence[tuple[Any, ...]]
    parts: Mapping[Key, Parts] | None = None
    ended: Mapping[Key, Ended] = field(default_factory=dict)

    @cached_property
    def keys(self) -> Mapping[str, Key]:
        """Strategy and account by the name of their history."""
        return {label: key for key, label in self.rows.labels.items()}

    @classmethod
    def read(cls, read: Reading, rows: Rows) -> "Material":
        """What is needed for whole strategies."""
        return cls(rows, choices_of(read, rows.mode), read.query(_HELD, (rows.mode,))[1])

    def read_parts(self, read: Reading) -> None:
        """What is needed for parts of strategies, at the same moment of the ledger."""
        if self.parts is None:
            self.ended = _ended(read, self.rows.mode)
            self.parts = parts_of(read, self.rows.mode)


def _ended(read: Reading, mode: str) -> dict[Key, Ended]:
    tags = dict(read.query(LABELS)[1])
    rows: dict[Key, list[Sequence[Any]]] = {}
    for row in read.query(_TRIPS, (mode,))[1]:
        rows.setdefault((row[0], row[1]), []).append(row)
    return {
        key: Ended(
            trips_of(found),
            {
                "symbol": np.array([row[6] for row in found], dtype=object),
                "broker": np.array([row[7] for row in found], dtype=object),
                "tag": np.array([tags.get(row[8], "") for row in found], dtype=object),
            },
        )
        for key, found in rows.items()
    }


def only(filters: Filters, by: By, value: str) -> Filters:
    """The filters, and of ``by`` one value alone."""
    names = {"strategy": "strategies", "symbol": "symbols", "broker": "brokers", "tag": "tags"}
    return replace(filters, **{names[by]: (value,)})


def values_of(material: Material, chosen: Iterable[Key], filters: Filters, by: By) -> dict[str, list[Key]]:
    """What strategies are grouped into, each value with those that it concerns."""
    found: dict[str, list[Key]] = {}
    for key in chosen:
        values: set[str] = set()
        if by == "tag" or filters.tags:
            ended = material.ended.get(key)
            if ended is not None:
                values = set(ended.words[by][_fits(ended, filters)])
        elif material.parts is not None and key in material.parts:
            places = [place for place in material.parts[key].pnl if _inside(place, filters)]
            values = {place.symbol if by == "symbol" else place.broker for place in places}
        for value in values:
            found.setdefault(value, []).append(key)
    return dict(sorted(found.items()))


def concerned(material: Material, key: Key, filters: Filters) -> bool:
    """Whether a strategy has anything that the filters leave: the capital of others is not what it was earned on."""
    if filters.tags:
        ended = material.ended.get(key)
        return ended is not None and bool(_fits(ended, filters).any())
    parts = (material.parts or {}).get(key)
    return parts is not None and any(_inside(place, filters) for place in parts.pnl)


def narrowed(material: Material, key: Key, history: History, filters: Filters) -> History:
    """What of a strategy's history the filters leave; on the same days, so that figures can be compared."""
    parts = (material.parts or {}).get(key)
    if not filters.narrow or parts is None:
        return history
    ended = material.ended.get(key, Ended(Trips(), {}))
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
        opened = [row[4][:10] for row in material.held if row[:2] == key and _inside(Place(row[2], row[3]), filters)]
    days = np.array(opened, dtype="datetime64[D]")
    return replace(history, pnl=np.round(pnl, 8), traded=traded, trips=trips, open_since=days)


def _fits(ended: Ended, filters: Filters) -> npt.NDArray[np.bool_]:
    fits = np.ones(len(ended.trips.pnl), dtype=bool)
    for name, wanted in (("symbol", filters.symbols), ("broker", filters.brokers), ("tag", filters.tags)):
        if wanted:
            fits &= np.isin(ended.words[name], np.array(wanted, dtype=object)) if name in ended.words else False
    return fits


def _inside(place: Place, filters: Filters) -> bool:
    return (not filters.symbols or place.symbol in filters.symbols) and (
        not filters.brokers or place.broker in filters.brokers
    )


def positions_of(material: Material, filters: Filters) -> list[Position]:
    """What is held of what the filters leave; by tag nothing, for tags are of round trips that ended."""
    if filters.tags:
        return []
    return [
        position
        for position, row in zip(material.rows.positions, material.held, strict=True)
        if (not filters.strategies or row[0] in filters.strategies) and _inside(Place(row[2], row[3]), filters)
    ]
