"""Where trading begins in bars of which the first only warm indicators up."""

from collections.abc import Iterable

from quantstrip.bars import BarTable
from quantstrip.clock import Micros
from quantstrip.errors import DataError


def trading_begins(tables: Iterable[BarTable], warmup: int) -> Micros:
    """Close of the first bar that may trade: every symbol has ``warmup`` bars before it. 0 without a warm-up.

    Raises:
        DataError: a symbol has too few bars, or ``warmup`` is no number of bars.

    """
    if isinstance(warmup, bool) or not isinstance(warmup, int) or warmup < 0:
        raise DataError(f"a warm-up is a number of bars of at least 0, got {warmup!r}", hint="For example 200.")
    if not warmup:
        return 0
    begins = []
    for table in tables:
        if len(table) <= warmup:
            raise DataError(
                f"{table.symbol} has {len(table)} bars; a warm-up of {warmup} leaves none of them to trade",
                hint="Warm up with fewer bars, or add older ones.",
            )
        begins.append(int(table.ts[warmup]))
    return max(begins, default=0)
