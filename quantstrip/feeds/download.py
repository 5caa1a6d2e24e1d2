"""History from feeds elsewhere into the bar store: piece by piece, going on where the last download ended."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from quantstrip.bars import About, BarStore, BarTable
from quantstrip.bars.intake import Policy, take_in
from quantstrip.bars.resample import can_make
from quantstrip.clock import DAY, SECOND, Clock, Micros, system_clock, to_datetime
from quantstrip.errors import DataError, FeedRefused, FeedUnreachable
from quantstrip.feeds.remote import History, Page
from quantstrip.model import TIMEFRAMES

Tell = Callable[[float, str], None]
"""Takes the share that is done and a word on what is being done. What it raises ends the download."""

_OVERLAP = 5
"""Bars before the last stored one that are fetched again: a dividend or a split since then would show in them."""
_REVISED = 1e-4
"""Relative difference of closes above which the past was revised; below, a feed rounds."""
_DEFAULT_DAYS = {"1d": 36_500, "1w": 36_500}
_SHORTER_DAYS = 365
_LONGEST_PAUSE = 60.0
_LOOK = 0.25
"""Seconds between two looks whether a pause is to end."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a feed that does not answer is asked again: after ``pause`` seconds, then twice as long each time."""

    attempts: int = 5
    pause: float = 1.0


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What a download did.

    Attributes:
        timeframe: of the bars that were fetched: the one asked for, or the finer one it is made of.
        added: new bars; ``revised`` is 1 where the newest stored one had not been final.
        bars, first, last: what is stored now; labels.
        gaps: what is missing in what was fetched, in words; "" where nothing is.

    """

    symbol: str
    timeframe: str
    feed: str
    added: int
    revised: int
    bars: int
    first: Micros
    last: Micros
    gaps: str = ""


def download(
    store: BarStore,
    feed: History,
    symbol: str,
    timeframe: str,
    *,
    start: Micros | None = None,
    end: Micros | None = None,
    calendar: str | None = None,
    again: bool = False,
    retry: Retry | None = None,
    tell: Tell | None = None,
    clock: Clock = system_clock,
) -> Downloaded:
    """Fetch bars into the store.

    Each piece is stored as it comes, so a download that is killed loses what it waited for and no more; the next one
    goes on behind the last stored bar. A bar that is not over yet is left out.

    Args:
        store: where they go.
        feed: asked for them.
        symbol: as the feed spells it.
        timeframe: where the feed does not have it, the coarsest it has that this can be made of.
        start: first label; by default behind what is stored, else all there is of days, a year of shorter bars.
        end: labels lie before it; now by default.
        calendar: the exchange; the feed's own by default.
        again: fetch everything and replace what differs, as after a dividend where prices are adjusted.
        retry: bounds of asking again.
        tell: hears of the progress.
        clock: whose time it is.

    Raises:
        FeedRefused: the feed has no such bars.
        FeedUnreachable: it did not answer, as often as ``retry`` says.
        DataError: the bars are wrong, or the stored past was revised since. What was stored stays.

    """
    fine = _coarsest(feed, timeframe)
    until = clock.now() if end is None else min(end, clock.now())
    job = _Job(store, feed, symbol, fine, calendar or feed.calendar, retry or Retry(), tell or _silent, clock)
    stored = store.about(symbol, fine) if fine in store.timeframes(symbol) else None
    added = revised = 0
    if stored is None or again:
        days = _DEFAULT_DAYS.get(fine, _SHORTER_DAYS)
        begin = start if start is not None else min(until - days * DAY, stored.first if stored else until)
        for table in job.tables(max(0, begin), until):
            done = store.merge(table, job.about(), "replace")
            added, revised = added + done.added, revised + done.replaced
    else:
        if start is not None and start < stored.first:
            added += job.earlier(start, stored.first)
        newer, revised = job.newer(stored.last, until)
        added += newer
    if fine not in store.timeframes(symbol):
        raise FeedRefused(
            f"{feed.name} has no {fine} bars of {symbol} from {to_datetime(start or 0).date()} on",
            hint="Look the symbol up, or name an earlier start.",
        )
    now = store.about(symbol, fine)
    since = stored.last if stored is not None and not again and start is None else start
    report = store.read(symbol, fine, since, end).gaps
    job.tell(1.0, f"{symbol} {fine}: {added:,} new bars")
    gaps = str(report) if report.missing_sessions or report.missing_bars else ""
    return Downloaded(symbol, fine, feed.name, added, revised, now.rows, now.first, now.last, gaps)


@dataclass(frozen=True, slots=True)
class _Job:
    """One download."""

    store: BarStore
    feed: History
    symbol: str
    timeframe: str
    calendar: str
    retry: Retry
    tell: Tell
    clock: Clock

    def about(self) -> About:
        from quantstrip.calendars import get_calendar

        return About(
            self.symbol, self.timeframe, get_calendar(self.calendar).name, self.feed.adjusted, (self.feed.name,)
        )

    def earlier(self, start: Micros, first: Micros) -> int:
        """Add what comes before the first stored bar, all at once: a hole would not be seen by the next download."""
        tables = list(self.tables(start, first))
        return sum(self.store.merge(table, self.about(), "keep").added for table in reversed(tables))

    def newer(self, last: Micros, until: Micros) -> tuple[int, int]:
        """Add what comes after the last stored bar, which may not have been final; how many, and whether it changed."""
        stored = self.store.read(self.symbol, self.timeframe, last - _OVERLAP * 2 * _step(self.timeframe))
        begin = int(stored.label[-min(_OVERLAP + 1, len(stored))])
        added = revised = 0
        for table in self.tables(begin, until):
            self._compare(stored, table, last)
            done = self.store.merge(table.between(last), self.about(), "replace")
            added, revised = added + done.added, revised + done.replaced
        return added, revised

    def _compare(self, stored: BarTable, table: BarTable, last: Micros) -> None:
        """Refuse to go on behind bars that the feed sees otherwise by now."""
        _, old, new = np.intersect1d(stored.label, table.label, assume_unique=True, return_indices=True)
        before = stored.label[old] < last
        old, new = old[before], new[before]
        far = np.abs(table.close[new] / stored.close[old] - 1) > _REVISED
        if not far.any():
            return
        row = int(np.flatnonzero(far)[0])
        raise DataError(
            f"{self.symbol} {self.timeframe}: {self.feed.name} revised its past; the close of "
            f"{stored.label_text(int(old[row]))} is stored as {stored.close[old[row]]:g}, and is now "
            f"{table.close[new[row]]:g}",
            hint="Adjusted prices change with every dividend and split. Fetch all of them again: --again",
        )

    def tables(self, start: Micros, end: Micros) -> Iterator[BarTable]:
        """Checked pieces whose labels lie in ``[start, end)``, rising; bars that are not over are left out."""
        at: Micros | None = start
        while at is not None:
            share = (at - start) / max(1, end - start)
            self.tell(min(share, 0.99), f"{self.symbol} {self.timeframe} from {to_datetime(at).date()}")
            page = self._page(at, end)
            if page.bars is not None:
                policy = Policy(gaps="accept", duplicates="last")
                table, _ = take_in(page.bars, self.symbol, self.timeframe, self.calendar, policy=policy, sparse=True)
                table = table.rows(0, int(np.searchsorted(table.ts, self.clock.now(), side="right")))
                if len(table):
                    yield replace(table, path="")
            if page.next is not None and page.next <= at:
                raise FeedRefused(
                    f"{self.feed.name} goes round in circles at {to_datetime(at)}",
                    hint="Please report this; a shorter span may work meanwhile.",
                )
            at = page.next

    def _page(self, start: Micros, end: Micros) -> Page:
        """A piece, asked for again some times where the feed does not answer."""
        pause = self.retry.pause
        for attempt in range(1, self.retry.attempts + 1):
            try:
                return self.feed.page(self.symbol, self.timeframe, start, end)
            except FeedUnreachable as error:
                if attempt == self.retry.attempts:
                    raise FeedUnreachable(f"{error.message} (asked {attempt} times)", hint=error.hint) from error
                self._wait(pause, error.message)
                pause = min(_LONGEST_PAUSE, pause * 2)
        raise FeedUnreachable("a feed is asked at least once", hint="Set the attempts to 1 or more.")

    def _wait(self, seconds: float, why: str) -> None:
        """Pause, saying so now and then, so that a cancelled download ends at once."""
        until = self.clock.monotonic() + seconds
        while (left := until - self.clock.monotonic()) > 0:
            self.tell(0.0, f"{why}; asked again in {left:.0f} s")
            self.clock.wait(min(left, _LOOK))


def _coarsest(feed: History, timeframe: str) -> str:
    """The timeframe to ask a feed for.

    Raises:
        FeedRefused: it has none that ``timeframe`` could be made of.

    """
    if timeframe not in TIMEFRAMES:
        raise DataError(f"unknown timeframe {timeframe!r}", hint=f"Known: {', '.join(TIMEFRAMES)}.")
    fits = [name for name in feed.timeframes if name == timeframe or can_make(name, timeframe)]
    if not fits:
        raise FeedRefused(
            f"{feed.name} has no {timeframe} bars, and none they could be made of",
            hint=f"It has {', '.join(feed.timeframes)}.",
        )
    return max(fits, key=lambda name: TIMEFRAMES[name])


def _step(timeframe: str) -> Micros:
    """How far back bars lie at most that follow each other, closed days included."""
    return max(TIMEFRAMES[timeframe] * SECOND, 2 * DAY)


def _silent(_share: float, _note: str) -> None:
    """Nobody listens."""
