"""What a report may be narrowed to, and what there is to choose from.

A **tag** is a word that a strategy or a client gave a trade: ``Signal.tag``, which the recorder keeps as the
``group_label`` of the intention (``strategy_event``), or the ``group_label`` that a client gave ``insert_execution`` or
``insert_position_event``. The tag of a round trip is that of the fill that opened it, the fill's own before its
order's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from quantstrip.ledger.query import Reading

LABELS: Final = (
    "SELECT execution_seq AS seq, group_label AS label FROM position_event "
    "WHERE group_label IS NOT NULL AND execution_seq IS NOT NULL "
    "UNION ALL SELECT e.seq_id, v.group_label FROM strategy_event v JOIN execution e ON e.order_id = v.order_id "
    "WHERE v.group_label IS NOT NULL AND NOT EXISTS "
    "(SELECT 1 FROM position_event p WHERE p.execution_seq = e.seq_id AND p.group_label IS NOT NULL)"
)
"""Executions that bear a tag, with it."""
_TAGS: Final = f"SELECT DISTINCT l.label FROM round_trip t JOIN ({LABELS}) l ON l.seq = t.trade_id WHERE t.mode = ?"  # noqa: S608
_PLACES: Final = (
    "SELECT DISTINCT s.name, p.symbol, COALESCE(b.name, '') FROM position_day p "
    "JOIN strategy s ON s.strategy_id = p.strategy_id LEFT JOIN broker b ON b.broker_id = p.broker_id WHERE p.mode = ?"
)
_BENCHMARKS: Final = "SELECT DISTINCT symbol FROM mtm_price WHERE contract_id = '' ORDER BY symbol"


@dataclass(frozen=True, slots=True)
class Filters:
    """Names to narrow a report to; an empty tuple is everything, ``""`` among brokers or tags those without one."""

    strategies: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    brokers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def narrow(self) -> bool:
        """Whether parts of strategies are left out."""
        return bool(self.symbols or self.brokers or self.tags)

    def said(self) -> tuple[str, ...]:
        """What the report is narrowed to, in words."""
        given = ((each.name, getattr(self, each.name)) for each in fields(self))
        found = [f"Only {name}: {', '.join(value or 'none' for value in values)}." for name, values in given if values]
        if self.tags:
            found.append("By tag, closed round trips count, on the day they ended; what is open is left out.")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose from in one mode."""

    strategies: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    brokers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    benchmarks: tuple[str, ...] = ()


def choices_of(read: Reading, mode: str) -> Choices:
    """Everything that was traded in ``mode``; ``""`` stands for no broker, and no tag where there are tags."""
    places = read.query(_PLACES, (mode,))[1]
    tags = sorted(str(row[0]) for row in read.query(_TAGS, (mode,))[1])
    strategies, symbols, brokers = (tuple(sorted({str(row[at]) for row in places})) for at in range(3))
    benchmarks = tuple(str(row[0]) for row in read.query(_BENCHMARKS)[1])
    return Choices(strategies, symbols, brokers, (*tags, "") if tags else (), benchmarks)


def conditions(filters: Filters) -> tuple[str, list[Any]]:
    """The filters as SQL after ``AND`` over ``round_trip t``, ``strategy s`` and ``broker b``, with its parameters."""
    columns = (
        ("s.name", filters.strategies),
        ("t.symbol", filters.symbols),
        ("COALESCE(b.name, '')", filters.brokers),
        (f"COALESCE((SELECT l.label FROM ({LABELS}) l WHERE l.seq = t.trade_id), '')", filters.tags),  # noqa: S608 - constants
    )
    words = ""
    given: list[Any] = []
    for column, names in columns:
        if names:
            words += f" AND {column} IN ({_marks(names)})"
            given += names
    return words, given


def _marks(names: Sequence[str]) -> str:
    return ", ".join("?" * len(names))
