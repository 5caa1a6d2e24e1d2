"""A query's result, kept in a file of its own: pages, sorted and filtered, out of a million rows, in little memory."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from quantstrip.errors import LedgerError
from quantstrip.operations.sql import Result

_CHUNK: Final = 5_000
_MOST_FILTER: Final = 200  # characters
_LARGEST: Final = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a result is to be seen.

    Attributes:
        order: index of the column it is sorted by; None as the query gave it.
        find: text that one of the columns contains, whatever its case.

    """

    order: int | None = None
    descending: bool = False
    find: str = ""


class Store:
    """A result's rows in ``path``; written once, read from any thread.

    Attributes:
        columns: their names, as the query gave them.
        rows: how many there are.
        cut: what the result would have more of, ``rows``, ``bytes`` or ``stopped``; empty where it is whole.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns: tuple[str, ...] = ()
        self.rows = 0
        self.cut = ""

    def fill(
        self, columns: Sequence[str], found: Iterable[tuple[Any, ...]], *, most_rows: int, most_bytes: int
    ) -> None:
        """Write rows as they come, up to so many; ``self.rows`` counts them meanwhile.

        Raises:
            LedgerError: the disk is full, or what gives the rows raised it: those that came are kept.

        """
        self.columns = tuple(columns)
        places = ", ".join("?" * len(columns))
        names = ", ".join(f"c{place}" for place in range(len(columns)))
        size = 0
        try:
            with closing(sqlite3.connect(self.path, isolation_level=None)) as raw:
                raw.execute("PRAGMA journal_mode = OFF")
                raw.execute("PRAGMA synchronous = OFF")
                raw.execute(f"CREATE TABLE r ({names})")
                raw.execute("BEGIN")
                chunk: list[tuple[Any, ...]] = []
                try:
                    for row in found:
                        size += sum(len(cell) if isinstance(cell, str | bytes) else 8 for cell in row)
                        self.cut = "rows" if self.rows >= most_rows else "bytes" if size > most_bytes else ""
                        if self.cut:
                            break
                        chunk.append(tuple(row))
                        self.rows += 1
                        if len(chunk) >= _CHUNK:
                            raw.executemany(f"INSERT INTO r VALUES ({places})", chunk)  # noqa: S608 - our own names
                            chunk.clear()
                finally:
                    raw.executemany(f"INSERT INTO r VALUES ({places})", chunk)  # noqa: S608 - our own names
                    raw.execute("COMMIT")
        except sqlite3.Error as error:
            raise LedgerError(
                f"the result could not be kept: {error}", hint="Is the disk full? Read fewer rows, or free some space."
            ) from error

    def count(self, wanted: Wanted) -> int:
        """How many rows fit."""
        if not wanted.find:
            return self.rows
        where, values = self._where(wanted)
        return int(self._read(f"SELECT COUNT(*) FROM r{where}", values)[0][0])  # noqa: S608 - our own names

    def page(self, wanted: Wanted, first: int, count: int) -> Result:
        """Rows from ``first`` on, at most ``count``."""
        where, values = self._where(wanted)
        if wanted.order is None and not wanted.find:  # by the key: the last page is as near as the first
            where, values = " WHERE rowid > ? AND rowid <= ?", (first, first + count)
            rows = self._read(f"SELECT * FROM r{where} ORDER BY rowid", values)  # noqa: S608 - our own names
        else:
            sql = f"SELECT * FROM r{where}{self._by(wanted)} LIMIT ? OFFSET ?"  # noqa: S608 - our own names
            rows = self._read(sql, (*values, count, first))
        return Result(self.columns, tuple(rows), self.cut, 0.0)

    def sample(self, columns: Sequence[int], most: int) -> Result:
        """Some columns of every n-th row, so that a drawing of at most ``most`` points shows the whole."""
        step = max(1, -(-self.rows // most))
        names = ", ".join(f"c{place}" for place in columns)
        sql = f"SELECT {names} FROM r WHERE (rowid - 1) % ? = 0 ORDER BY rowid"  # noqa: S608 - our own names
        rows = self._read(sql, (step,))
        return Result(tuple(self.columns[place] for place in columns), tuple(rows), "rows" if step > 1 else "", 0.0)

    def each(self) -> Iterator[tuple[Any, ...]]:
        """Every row, as it is read."""
        with closing(self._open()) as raw:
            yield from raw.execute("SELECT * FROM r ORDER BY rowid")

    def forget(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)

    def _where(self, wanted: Wanted) -> tuple[str, tuple[Any, ...]]:
        if not wanted.find:
            return "", ()
        text = wanted.find[:_MOST_FILTER]
        escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        each = " OR ".join(f"CAST(c{place} AS TEXT) LIKE ? ESCAPE '!'" for place in range(len(self.columns)))
        return f" WHERE {each}", (f"%{escaped}%",) * len(self.columns)

    def _by(self, wanted: Wanted) -> str:
        if wanted.order is None:
            return " ORDER BY rowid"
        return f" ORDER BY c{int(wanted.order)}{' DESC' if wanted.descending else ''}, rowid"

    def _read(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            with closing(self._open()) as raw:
                return raw.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise LedgerError(
                f"this result is no longer there: {error}",
                hint="Run the query again: only the newest results are kept.",
            ) from error

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)
