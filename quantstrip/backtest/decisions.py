"""What a run decided: its signals, whether they became orders or were refused. Two runs are compared by them too."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from quantstrip.backtest.parity import Deal, Mismatch, Parity, compare_deals
from quantstrip.engine import MemoryRecorder

Moments = Mapping[str, npt.NDArray[np.int64]]


class Decision(NamedTuple):
    """A signal at the bar it was decided on; ``rule`` stopped it, "" where it became an order."""

    signal: Deal
    rule: str = ""


def decisions_of(recorder: MemoryRecorder) -> list[Decision]:
    """Every signal of a run. Protective orders are none: they came with their entry."""
    ordered = [Deal(each.ts, each.symbol, str(each.side)) for each in recorder.orders.values() if not each.parent]
    refused = [(Deal(each.ts, each.signal.symbol, str(each.signal.side)), each.rule) for each in recorder.rejections]
    return joined(ordered, refused)


def joined(ordered: Sequence[Deal], refused: Iterable[tuple[Deal, str]]) -> list[Decision]:
    """Orders and refusals as signals; of one that was cut to size, the order counts."""
    there = set(ordered)
    return sorted(
        [*(Decision(each) for each in ordered), *(Decision(each, rule) for each, rule in refused if each not in there)]
    )


def with_signals(fills: Parity, ours: Sequence[Decision], theirs: Sequence[Decision], moments: Moments) -> Parity:
    """A comparison of fills with that of the signals behind them, and the causes that those know.

    Args:
        moments: close of each bar by symbol.

    """
    signals = compare_deals([each.signal for each in ours], [each.signal for each in theirs], moments)
    here, there = _by_bar(ours, moments), _by_bar(theirs, moments)
    told = tuple(_explained(each, here, there, moments) for each in fills.mismatches)
    return replace(fills, mismatches=told, signals=signals)


_ByBar = dict[tuple[str, str, int], str]


def _by_bar(decisions: Iterable[Decision], moments: Moments) -> _ByBar:
    """The rule, or "", by symbol, side and number of the bar."""
    return {
        (one.symbol, one.side, int(np.searchsorted(moments[one.symbol], one.ts))): rule
        for one, rule in decisions
        if one.symbol in moments
    }


def _explained(each: Mismatch, here: _ByBar, there: _ByBar, moments: Moments) -> Mismatch:
    """A fill that only one side has: what became of its signal on the other."""
    deal, other, where = (each.ours, there, "there") if each.kind == "missing" else (each.theirs, here, "here")
    if each.kind not in ("missing", "extra") or deal is None or deal.symbol not in moments:
        return each
    bar = int(np.searchsorted(moments[deal.symbol], deal.ts))
    for decided in (bar - 1, bar):  # a market order fills at the bar after, a form's own may fill at once
        rule = other.get((deal.symbol, deal.side, decided))
        if rule is not None:
            cause = f"refused {where} by {rule}" if rule else f"decided {where} too, and not filled"
            return each._replace(cause=cause)
    return each
