"""How many bars a strategy needs before its decisions no longer depend on where its history began.

An indicator that looks back on itself (an EMA, Wilder's averages) remembers its first value for a while. So the same
bars are traded after warm-ups of different lengths, and the deals compared with those after the longest.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from quantstrip.backtest.parity import compare_deals, deals_of
from quantstrip.backtest.result import BacktestResult
from quantstrip.bars import BarTable
from quantstrip.errors import DataError

LENGTHS: Final = (0, 10, 25, 50, 100, 200, 400)


class Startup(NamedTuple):
    """What one warm-up gave.

    Attributes:
        bars: its length.
        deals: fills there were; ``differ``: those that are not the same after the longest warm-up, either way.

    """

    bars: int
    deals: int
    differ: int


def startup(
    run: Callable[[Mapping[str, BarTable], int], BacktestResult],
    tables: Mapping[str, BarTable],
    lengths: Sequence[int] = LENGTHS,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> list[Startup]:
    """Trade the second half of the bars after several warm-ups.

    Args:
        run: backtests these bars, of which the first so many warm up.
        tables: the bars, by symbol.
        lengths: warm-ups to try, in bars; those longer than the first half are left out.
        on_progress: receives the share of the runs that are done.

    Raises:
        DataError: there are too few bars.

    """
    half = min(len(table) for table in tables.values()) // 2
    tried = sorted({length for length in lengths if 0 <= length < half})
    if not tried:
        raise DataError(f"there are {2 * half} bars, too few to tell", hint="Take a longer span.")
    moments = {symbol: np.asarray(table.ts) for symbol, table in tables.items()}
    longest = deals_of(run({symbol: table.rows(0) for symbol, table in tables.items()}, half))
    found = []
    for number, length in enumerate(tried):
        on_progress((number + 1) / (len(tried) + 1))
        cut = {symbol: table.rows(half - length) for symbol, table in tables.items()}
        deals = deals_of(run(cut, length))
        compared = compare_deals(deals, longest, moments, quantity_tolerance=1.0, price_tolerance=1.0)
        found.append(Startup(length, len(deals), len(compared.mismatches)))
    return found


def enough(found: Sequence[Startup]) -> int | None:
    """The shortest warm-up from which on nothing differed; None where even the longest was too short."""
    good: int | None = None
    for each in sorted(found, reverse=True):
        if each.differ:
            break
        good = each.bars
    return good
