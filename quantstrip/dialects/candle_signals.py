"""Signals of a vectorised prototype and of the strategy made from it, compared one by one."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

from quantstrip.clock import Micros


class SignalAt(NamedTuple):
    """A signal, without its size: the end of its candle, its symbol, its side."""

    ts: Micros
    symbol: str
    side: str


@dataclass(frozen=True, slots=True)
class SignalReport:
    """Two lists of signals, compared one by one.

    Attributes:
        matched: those that both have, oldest first.
        only_vectorised, only_event: the others.

    """

    matched: tuple[SignalAt, ...]
    only_vectorised: tuple[SignalAt, ...]
    only_event: tuple[SignalAt, ...]

    @property
    def parity(self) -> float | None:
        """Matched signals as a percentage of the longer list; None where both are empty."""
        longer = len(self.matched) + max(len(self.only_vectorised), len(self.only_event))
        return 100.0 * len(self.matched) / longer if longer else None

    def __str__(self) -> str:
        """Return it for people: the parity, and every signal that only one side has."""
        parity = "nothing to compare" if self.parity is None else f"{self.parity:.2f} % parity"
        lines = [f"{parity}: {len(self.matched)} signals on both sides"]
        for where, signals in (("vectorised", self.only_vectorised), ("event-driven", self.only_event)):
            lines += [f"only {where}: {one.side} {one.symbol} at {one.ts} us" for one in signals]
        return "\n".join(lines)


def compare_signals(vectorised: Any, event: Any) -> SignalReport:
    """Compare a vectorised prototype with the event-driven class, signal by signal.

    Args:
        vectorised, event: each a strategy or a manager that ran, a list of ``(ts, symbol, side)``, or the pair
            ``(entries, exits)`` of DataFrames that ``VectorizedStrategy.generate_signals`` gives.

    """
    ours, theirs = Counter(signals_of(vectorised)), Counter(signals_of(event))
    return SignalReport(*(tuple(sorted(part.elements())) for part in (ours & theirs, ours - theirs, theirs - ours)))


def signals_of(source: Any) -> list[SignalAt]:
    """Signals of whatever ``compare_signals`` takes.

    Of DataFrames: an entry counts while nothing is held, an exit while something is, as in a run.
    """
    noted = getattr(source, "signals", None)
    if isinstance(noted, list):
        return noted
    if isinstance(source, tuple) and len(source) == 2 and all(hasattr(one, "columns") for one in source):
        return _of_frames(*source)
    return [SignalAt(int(ts), str(symbol), str(side)) for ts, symbol, side in source]


def _of_frames(entries: Any, exits: Any) -> list[SignalAt]:
    moments = [int(each.timestamp() * 1e6 + 0.5) for each in entries.index]
    found = []
    for symbol in entries.columns:
        held = False
        for ts, enter, leave in zip(moments, entries[symbol], exits[symbol], strict=True):
            if leave if held else enter:
                held = not held
                found.append(SignalAt(ts, str(symbol), "BUY" if held else "SELL"))
    return sorted(found)
