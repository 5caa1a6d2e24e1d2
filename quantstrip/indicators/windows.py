"""The bars a strategy sees, by symbol."""

from collections.abc import Iterator
from typing import Any, overload

from quantstrip.indicators.history import MAX_BARS, History
from quantstrip.model import Bar


class BarWindows(dict[str, list[Bar]]):
    """``_bars`` of a strategy: for each symbol the last bars, oldest first.

    The lists are real and move with every bar. One is made when it is first looked at, so that a strategy that reads
    indicators alone does not pay for five hundred bars it never reads.
    """

    def __init__(self, limit: int = MAX_BARS) -> None:
        super().__init__()
        self.limit = limit
        self.histories: dict[str, History] = {}

    def history(self, symbol: str) -> History:
        """The history of ``symbol``, made when it is new."""
        found = self.histories.get(symbol)
        if found is None:
            found = self.histories[symbol] = History(symbol, self.limit)
        return found

    def __missing__(self, symbol: str) -> list[Bar]:
        history = self.histories.get(symbol)
        if history is None:
            raise KeyError(symbol)
        window = self[symbol] = history.open_window()
        return window

    @overload
    def get(self, symbol: str, default: None = None, /) -> list[Bar] | None: ...
    @overload
    def get(self, symbol: str, default: Any, /) -> Any: ...
    def get(self, symbol: str, default: Any = None, /) -> Any:
        """The window of ``symbol``, or ``default`` where it is not subscribed to."""
        return self[symbol] if symbol in self.histories else default

    def __contains__(self, symbol: object) -> bool:
        return symbol in self.histories

    def __iter__(self) -> Iterator[str]:
        return iter(self.histories)

    def __len__(self) -> int:
        return len(self.histories)

    def keys(self) -> Any:
        """The symbols."""
        return self.histories.keys()

    def values(self) -> Any:
        """Every window."""
        return [self[symbol] for symbol in self.histories]

    def items(self) -> Any:
        """Symbols and windows."""
        return [(symbol, self[symbol]) for symbol in self.histories]
