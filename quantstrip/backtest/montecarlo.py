"""How much of a result was the order of its trades: the same trades, shuffled many times."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from quantstrip.errors import DataError

TRIES: Final = 1_000
LEVELS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
_AT_ONCE: Final = 4_000_000
"""Numbers held at once: tries are made in portions of this size."""


@dataclass(frozen=True, slots=True)
class Shuffled:
    """What the shuffles gave.

    Attributes:
        tries, trades, seed: how it was done.
        drawdown: largest drawdown of the run's own order, a fraction of the highest equity so far.
        drawdowns: the ``LEVELS`` quantiles of the shuffles' largest drawdowns.
        worse: share of the shuffles whose drawdown is larger than the run's own.
        finals: with replacement only: quantiles of the final equity, in money.
        ruined: share of the shuffles whose equity ever fell to nothing.

    """

    tries: int
    trades: int
    seed: int
    replaced: bool
    drawdown: float
    drawdowns: tuple[float, ...]
    worse: float
    finals: tuple[float, ...]
    ruined: float


def shuffle_trades(
    pnl: Sequence[float],
    cash: float,
    *,
    tries: int = TRIES,
    seed: int = 0,
    replace: bool = False,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> Shuffled:
    """Put the trades of a run into other orders, and look at the equity that each gives.

    Without replacement the end is always the same and only the way there differs. With replacement (a bootstrap) trades
    are drawn again, so that the end differs too. Profits are taken as amounts of money: they do not grow with equity.

    Args:
        pnl: profit of each round trip after costs, in money, in the order in which they ended.
        cash: capital at the beginning, in money.
        tries: orders to look at.
        seed: the same seed gives the same figures.
        replace: draw with replacement.
        on_progress: receives the share of the tries that are done.

    Raises:
        DataError: fewer than two trades, no capital or no tries.

    """
    trades = np.asarray(pnl, dtype=np.float64)
    if len(trades) < 2:
        raise DataError(f"there are {len(trades)} trades: no order to shuffle", hint="Take a run with more trades.")
    if not cash > 0.0 or tries < 1:
        raise DataError(f"expected capital and tries above zero, got {cash!r} and {tries!r}")
    draw = np.random.default_rng(seed)
    drawdowns, finals, lowest = np.empty(tries), np.empty(tries), np.empty(tries)
    portion = max(1, _AT_ONCE // len(trades))
    for start in range(0, tries, portion):
        on_progress(start / tries)
        count = min(portion, tries - start)
        if replace:
            orders = draw.choice(trades, (count, len(trades)))
        else:
            orders = draw.permuted(np.tile(trades, (count, 1)), axis=1)
        curves = cash + np.cumsum(orders, axis=1)
        part = slice(start, start + count)
        drawdowns[part], finals[part], lowest[part] = _drawdowns(curves, cash), curves[:, -1], curves.min(axis=1)
    own = float(_drawdowns((cash + np.cumsum(trades))[None, :], cash)[0])
    return Shuffled(
        tries, len(trades), seed, replace, own, _quantiles(drawdowns), float(np.mean(drawdowns > own + 1e-12)),
        _quantiles(finals) if replace else (), float(np.mean(lowest <= 0.0)),
    )  # fmt: skip


def _drawdowns(curves: npt.NDArray[np.float64], cash: float) -> npt.NDArray[np.float64]:
    """Largest fall of each curve below its highest point so far, as a fraction of that; 1 at most."""
    peaks = np.maximum(np.maximum.accumulate(curves, axis=1), cash)
    falls: npt.NDArray[np.float64] = np.minimum(1.0, ((peaks - curves) / peaks).max(axis=1))
    return np.maximum(falls, 0.0)


def _quantiles(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(value) for value in np.quantile(values, LEVELS))
