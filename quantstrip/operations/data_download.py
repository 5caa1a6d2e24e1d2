"""Downloading bars: the task ``download``, and what its arguments may be."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantstrip.errors import FeedError, QuantstripError, TaskCancelled, TaskRefused
from quantstrip.home import Home
from quantstrip.model import TIMEFRAMES

if TYPE_CHECKING:
    from quantstrip.feeds.download import Downloaded
    from quantstrip.feeds.remote import History
    from quantstrip.operations.task_progress import Progress


@dataclass(frozen=True, slots=True)
class DownloadArguments:
    """What to fetch into the store.

    Attributes:
        symbols: as the feed spells them.
        timeframe: of the bars; where the feed does not have it, the coarsest it can be made of.
        feed: ``yfinance`` or ``ccxt:EXCHANGE``; several, with commas between, are asked in that order until one has
            the symbol.
        start, end: first and last bar, as dates; by default from behind what is stored until now.
        calendar: by default the feed's own: NYSE for yfinance, 24/7 for ccxt.
        adjusted: prices adjusted for splits and dividends, where the feed has both.
        again: fetch everything and replace what differs.

    """

    symbols: list[str]
    timeframe: str = "1d"
    feed: str = "yfinance"
    start: str | None = None
    end: str | None = None
    calendar: str | None = None
    adjusted: bool = True
    again: bool = False

    def __post_init__(self) -> None:
        """Refuse what could not be fetched."""
        if not self.symbols or not all(each.strip() for each in self.symbols):
            raise TaskRefused("symbols must name at least one, got none")
        if self.timeframe not in TIMEFRAMES:
            raise TaskRefused(f"there is no timeframe {self.timeframe!r}", hint=f"Known: {', '.join(TIMEFRAMES)}.")


def check_download(arguments: DownloadArguments) -> None:
    """Refuse, before it is queued, what no download could do.

    Raises:
        DataError: what should be a date is none, or no calendar of that name.
        FeedRefused: there is no such feed, or its package is not installed.

    """
    from quantstrip.calendars import get_calendar
    from quantstrip.feeds.remote import open_history
    from quantstrip.operations.dates import moment

    moment(arguments.start), moment(arguments.end)
    if arguments.calendar is not None:
        get_calendar(arguments.calendar)
    for name in feeds_of(arguments.feed):
        open_history(name)


def feeds_of(text: str) -> list[str]:
    """Feeds in their order.

    Raises:
        TaskRefused: none is named.

    """
    found = [each.strip() for each in text.split(",")]
    if not all(found):
        raise TaskRefused(f"feed must name feeds with commas between, got {text!r}", hint="For example: yfinance")
    return found


def work(home: Home, arguments: DownloadArguments, folder: Path, progress: "Progress") -> Mapping[str, Any]:  # noqa: ARG001
    """Fetch each symbol; one that fails does not keep the others from coming.

    Raises:
        QuantstripError: none could be fetched.

    """
    from quantstrip.bars import BarStore, label_text
    from quantstrip.feeds.download import download
    from quantstrip.feeds.remote import open_history
    from quantstrip.operations.data_sources import retry
    from quantstrip.operations.dates import moment

    store = BarStore(home.bars)
    feeds = [open_history(name, adjusted=arguments.adjusted) for name in feeds_of(arguments.feed)]
    done: list[dict[str, Any]] = []
    failed: list[tuple[str, QuantstripError]] = []
    many = len(arguments.symbols)
    for number, symbol in enumerate(arguments.symbols):

        def tell(share: float, note: str, number: int = number) -> None:
            progress.report((number + share) / many, note)

        def fetch(feed: "History", symbol: str = symbol, tell: Callable[[float, str], None] = tell) -> "Downloaded":
            return download(
                store, feed, symbol, arguments.timeframe,
                start=moment(arguments.start), end=moment(arguments.end, last=True), calendar=arguments.calendar,
                again=arguments.again, retry=retry(home), tell=tell,
            )  # fmt: skip

        try:
            made = _first(feeds, fetch)
        except TaskCancelled:
            raise
        except QuantstripError as error:
            failed.append((symbol, error))
            continue
        told = asdict(made)
        done.append(told | {name: label_text(made.timeframe, told[name]) for name in ("first", "last")})
    if failed and not done:
        _, first = failed[0]
        more = f"; nor did {len(failed) - 1} more symbols come" if len(failed) > 1 else ""
        raise first if not more else FeedError(f"{first.message}{more}", hint=first.hint)
    return {
        "feed": arguments.feed,
        "symbols": len(done),
        "added": sum(int(each["added"]) for each in done),
        "downloaded": done,
        "failed": {name: str(why) for name, why in failed},
    }


def _first(feeds: "Sequence[History]", fetch: "Callable[[History], Downloaded]") -> "Downloaded":
    """What the first feed gives that has it.

    Raises:
        FeedError: none has it; says what each said.
        QuantstripError: what came cannot be kept.

    """
    refused: list[FeedError] = []
    for feed in feeds:
        try:
            return fetch(feed)
        except FeedError as error:
            refused.append(error)
    if len(refused) == 1:
        raise refused[0]
    raise FeedError("; ".join(each.message for each in refused), hint=refused[-1].hint)
