"""Where the bars of backtests come from in a home: its settings, its store, its folder, its feeds."""

from collections.abc import Sequence
from dataclasses import replace
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
    settings = SettingsManager(home)
    store = BarStore(home.bars)
    chosen = str(settings.get("data.folder", ""))
    folder = home.root / Path(chosen).expanduser() if chosen else home.bars
    feeds = [str(name) for name in settings.get("data.feeds", [])]
    places = BarSources(
        store, folder, _fetch(store, feeds, calendar, retry(home)) if feeds else None,
        tuple(str(name) for name in settings.get("data.order", ["store", "folder", "download"])),
    )  # fmt: skip
    if bars is None:
        return places
    return places.only(str(bars)) if is_source(str(bars)) else replace(places, given=Path(bars))


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
