"""The whole history at once, as fast as the engine takes it."""

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from quantstrip.bars import BarTable, pseudo_ticks
from quantstrip.feeds.timeline import Moment, Tables, Timeline
from quantstrip.ports import Columns


class HistoryFeed:
    """Feeds the bars of tables, oldest first, without waiting.

    Args:
        tables: one ``BarTable``, or one for each symbol (a dict as ``bars.read_folder`` gives it, or a sequence).
        name: what runs call this feed; by default ``history:`` and a digest of the bars, so that runs on other bars
            are other runs.
        steps: parts of each of a bar's moves that are fed one by one (see ``bars.pseudo_ticks``); 0 feeds whole bars.

    Raises:
        DataError: no bars, or two tables of one symbol.

    """

    def __init__(self, tables: Tables, *, name: str = "", steps: int = 0) -> None:
        self._whole = Timeline(tables)
        self._timeline = in_steps(self._whole, steps)
        self.name = name or f"history:{self.digest[:12]}"
        self._stop = threading.Event()

    @property
    def tables(self) -> Sequence[BarTable]:
        """The tables, sorted by symbol; whole bars, however they are fed."""
        return self._whole.tables

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all bars: two feeds of one digest show the same history."""
        return data_digest(self._whole)

    def slices(self) -> Iterator[Moment]:
        """Every slice ``(ts, bars)``; after ``stop`` it ends with the slices that were already built."""
        if self._stop.is_set():
            return iter(())
        return self._timeline.slices(self._stop)

    def columns(self) -> Mapping[str, Columns]:
        """The history of each symbol, as it will be fed."""
        return self._timeline.columns()

    def stop(self) -> None:
        """End ``slices`` soon, from any thread."""
        self._stop.set()


def in_steps(timeline: Timeline, steps: int) -> Timeline:
    """The timeline of the pseudo ticks of its bars; itself without steps."""
    return Timeline([pseudo_ticks(table, steps) for table in timeline.tables]) if steps else timeline


def data_digest(timeline: Timeline) -> str:
    """SHA-256 over the tables of a timeline."""
    return hashlib.sha256("".join(table.digest() for table in timeline.tables).encode()).hexdigest()
