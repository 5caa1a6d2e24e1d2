"""Where the bars of backtests come from in a home: its settings, its store, its folder, its feeds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from quantstrip.bars import BarStore
from quantstrip.bars.fitting import AUTO
from quantstrip.config import SettingsManager
from quantstrip.errors import FeedError
from quantstrip.feeds.download import Retry, download
from quantstrip.feeds.remote import open_history
from quantstrip.feeds.sources import BarSources, Download, is_source
from quantstrip.home import Home
from quantstrip.log import logger


def bar_sources(home: Home, bars: str | Path | None = None, calendar: str | None = "NYSE") -> BarSources:
    """The places that a home's run asks for bars.

    Args:
        home: whose settings name them.
        bars: a folder, which then is the only one; or the name of the only place to ask: ``store``, ``folder``,
            ``download``, ``sample``, ``synthetic`` or ``synthetic:SEED``. By default all but the invented ones, in the
            order of the setting ``data.order``.
        calendar: of bars that are downloaded.

    Raises:
        DataError: a seed that is none.

    """
    store, said = BarStore(home.bars), places(home)
    fetch = _fetch(store, said.feeds, calendar, retry(home)) if said.feeds else None
    found = BarSources(store, said.folder, fetch, said.order)
    if bars is None:
        return found
    return found.only(str(bars)) if is_source(str(bars)) else replace(found, given=Path(bars))


@dataclass(frozen=True, slots=True)
class Places:
    """What a home's settings say about where bars come from.

    Attributes:
        order: places that are asked, one after the other.
        folder: of files of bars.
        feeds: that may be asked for what is missing; empty where nothing is fetched unasked.

    """

    order: tuple[str, ...]
    folder: Path
    feeds: tuple[str, ...]


def places(home: Home) -> Places:
    """Where a home's runs look for bars."""
    settings = SettingsManager(home)
    chosen = str(settings.get("data.folder", ""))
    return Places(
        tuple(str(name) for name in settings.get("data.order", ["store", "folder", "download"])),
        home.root / Path(chosen).expanduser() if chosen else home.bars,
        tuple(str(name) for name in settings.get("data.feeds", [])),
    )


def retry(home: Home) -> Retry:
    """How often the settings have a feed asked."""
    settings = SettingsManager(home)
    return Retry(int(settings.get("data.attempts", 5)), float(settings.get("data.retry_seconds", 1.0)))


def _fetch(store: BarStore, feeds: Sequence[str], calendar: str | None, retry: Retry) -> Download:
    """Asks one feed after the other, until one has the symbol."""

    def fetch(symbol: str, timeframe: str) -> None:
        failed: list[FeedError] = []
        for name in feeds:
            try:
                feed = open_history(name)
                # Markets that never close have a calendar of their own, whatever the run's exchange is.
                sessions = None if feed.calendar == "24/7" or calendar == AUTO else calendar
                done = download(store, feed, symbol, timeframe, calendar=sessions, retry=retry)
            except FeedError as error:
                failed.append(error)
                continue
            logger.info("{} {}: {} bars were fetched from {}", symbol, done.timeframe, done.added, name)
            return
        raise FeedError("; ".join(each.message for each in failed), hint=failed[-1].hint)

    return fetch
