"""Bars that join stored ones: what is new, what is there already, and what differs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from quantstrip.bars.partition import About, Part, joined
from quantstrip.bars.table import BarTable, label_text
from quantstrip.errors import DataError

Conflicts = Literal["refuse", "keep", "replace"]
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Merged:
    """What adding bars to the store did, or would do.

    Attributes:
        added: bars of times that were not there.
        same: bars that were there already, the same.
        replaced, kept: bars that differed from the stored ones, and which of the two counts now.

    """

    added: int = 0
    same: int = 0
    replaced: int = 0
    kept: int = 0

    def __str__(self) -> str:
        parts = [f"{self.added:,} added", f"{self.same:,} there already"]
        parts += [f"{self.replaced:,} replaced"] if self.replaced else []
        parts += [f"{self.kept:,} that differ left as they were"] if self.kept else []
        return ", ".join(parts)


class Difference(NamedTuple):
    """A bar that is not the stored one of its time: label, and open, high, low, close, volume of both."""

    label: int
    stored: str
    given: str


def unite(stored: Part, given: Part, conflicts: Conflicts) -> tuple[Part, Merged, list[Difference]]:
    """Both together, what that does, and the first bars that differ."""
    at = np.searchsorted(stored.time, given.time)
    there = np.zeros(len(given), dtype=np.bool_)
    inside = at < len(stored)
    there[inside] = stored.time[at[inside]] == given.time[inside]
    same = there.copy()
    for old, new in zip(stored.values, given.values, strict=True):
        same[there] &= old[at[there]] == new[there]
    differs, fresh = there & ~same, ~there
    examples = [
        Difference(int(given.time[row]), _shown(stored, int(at[row])), _shown(given, row))
        for row in np.flatnonzero(differs)[:_SHOWN].tolist()
    ]
    columns = [column.copy() for column in stored.values]
    if conflicts == "replace":
        for column, new in zip(columns, given.values, strict=True):
            column[at[differs]] = new[differs]
    made = joined([Part(stored.time, tuple(columns)), given.rows(fresh)])
    if fresh.any():
        made = made.rows(np.argsort(made.time, kind="stable"))
    count = int(differs.sum())
    replaced = count if conflicts == "replace" else 0
    return made, Merged(int(fresh.sum()), int(same.sum()), replaced, count - replaced), examples


def _shown(part: Part, row: int) -> str:
    return " ".join(f"{column[row]:g}" for column in part.values)


def refused(table: BarTable, count: int, examples: Sequence[Difference]) -> DataError:
    """What is raised where ``count`` bars differ from the stored ones."""
    shown = "; ".join(
        f"{label_text(table.timeframe, each.label)} is stored as {each.stored}, given as {each.given}"
        for each in examples[:_SHOWN]
    )
    more = f" and {count - _SHOWN} more" if count > _SHOWN else ""
    return DataError(
        f"{table.symbol} {table.timeframe}: {count} bars differ from the stored ones: {shown}{more}",
        hint="Say which ones count: conflicts='keep' leaves the stored ones, conflicts='replace' takes the new ones. "
        "Adjusted prices change with every dividend and split: then replace the whole history.",
    )


def fitting(given: About, stored: About) -> About:
    """``given``, where its bars may join the stored ones.

    Raises:
        DataError: they are of another calendar, or adjusted where the others are not.

    """
    if given.calendar != stored.calendar:
        what, old, new = "calendar", stored.calendar or "none", given.calendar or "none"
    elif given.adjusted is not None and stored.adjusted is not None and given.adjusted != stored.adjusted:
        what, old, new = "adjustment", _adjusted(stored), _adjusted(given)
    else:
        return given if given.adjusted is not None else replace(given, adjusted=stored.adjusted)
    raise DataError(
        f"{given.symbol} {given.timeframe} is stored with the {what} {old}, the new bars have {new}",
        hint=f"Delete the stored ones first: quantstrip data delete {given.symbol} --timeframe {given.timeframe}",
    )


def _adjusted(about: About) -> str:
    return "adjusted prices" if about.adjusted else "prices as traded"
