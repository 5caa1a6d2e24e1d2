"""What the round trips brought, and how much of the time and of the capital was at work.

A round trip goes from flat to flat; its profit is money after all costs. None where a figure does not exist.
"""

import numpy as np
import numpy.typing as npt

from quantstrip.report.metrics import TRADING_DAYS

_DAY_SECONDS = 86_400.0
_LARGEST_RATIO = 1e300


def trade_count(pnl: npt.ArrayLike) -> int:
    """Number of round trips, from flat to flat."""
    return len(np.asarray(pnl))


def win_rate(pnl: npt.ArrayLike) -> float | None:
    """Share of the round trips with a profit above zero after costs, 0 to 1; None without round trips."""
    values = np.asarray(pnl, dtype=np.float64)
    return float((values > 0.0).mean()) if len(values) else None


def profit_factor(pnl: npt.ArrayLike) -> float | None:
    """Sum of the profits divided by the sum of the losses of the round trips; None without a loss."""
    values = np.asarray(pnl, dtype=np.float64)
    return _ratio(float(values[values > 0.0].sum()), -float(values[values < 0.0].sum()))


def average_win(pnl: npt.ArrayLike) -> float | None:
    """Mean profit of the round trips above zero, in money; None without one."""
    values = np.asarray(pnl, dtype=np.float64)
    wins = values[values > 0.0]
    return float(wins.mean()) if len(wins) else None


def average_loss(pnl: npt.ArrayLike) -> float | None:
    """Mean result of the round trips below zero, in money, negative; None without one."""
    values = np.asarray(pnl, dtype=np.float64)
    losses = values[values < 0.0]
    return float(losses.mean()) if len(losses) else None


def payoff(pnl: npt.ArrayLike) -> float | None:
    """Average win / average loss, positive; None without a win or without a loss."""
    win, loss = average_win(pnl), average_loss(pnl)
    return None if win is None or loss is None else _ratio(win, -loss)


def expectancy(pnl: npt.ArrayLike) -> float | None:
    """Mean result of a round trip, in money; None without one.

    The same as win rate * average win + share of losers * average loss.
    """
    values = np.asarray(pnl, dtype=np.float64)
    return float(values.mean()) if len(values) else None


def best_trade(pnl: npt.ArrayLike) -> float | None:
    """Largest result of a round trip, in money; None without one."""
    values = np.asarray(pnl, dtype=np.float64)
    return float(values.max()) if len(values) else None


def worst_trade(pnl: npt.ArrayLike) -> float | None:
    """Smallest result of a round trip, in money; None without one."""
    values = np.asarray(pnl, dtype=np.float64)
    return float(values.min()) if len(values) else None


def average_hold(seconds: npt.ArrayLike) -> float | None:
    """Mean time from a round trip's first to its last fill, in days of 24 hours; None without round trips.

    Args:
        seconds: the time that each took.

    """
    values = np.asarray(seconds, dtype=np.float64)
    return float(values.mean()) / _DAY_SECONDS if len(values) else None


def exposure(held: npt.ArrayLike) -> float | None:
    """Share of the days on which a position was held at some moment, 0 to 1; None without days.

    Args:
        held: truth of each day, as ``held_days`` gives it.

    """
    values = np.asarray(held, dtype=bool)
    return float(values.mean()) if len(values) else None


def held_days(days: npt.ArrayLike, entered: npt.ArrayLike, left: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether a position was held on each of ``days``, from the first and the last day of each holding.

    Args:
        days: the sessions, ascending.
        entered, left: days on which positions were opened and closed, of one length; both count as held.

    """
    sessions = np.asarray(days, dtype="datetime64[D]")
    first = np.searchsorted(sessions, np.asarray(entered, dtype="datetime64[D]"), side="left")
    after = np.searchsorted(sessions, np.asarray(left, dtype="datetime64[D]"), side="right")
    changes = np.bincount(first, minlength=len(sessions) + 1) - np.bincount(after, minlength=len(sessions) + 1)
    held: npt.NDArray[np.bool_] = np.cumsum(changes)[:-1] > 0
    return held


def turnover(traded: npt.ArrayLike, equity: npt.ArrayLike, periods: int = TRADING_DAYS) -> float | None:
    """Value bought and sold in a year, as a multiple of the mean equity at which the days began.

    Both sides count: buying and selling the whole capital once a year is 2. None without days or without capital.

    Args:
        traded: value bought plus value sold on each day, in money.
        equity: one value a session, beginning with the capital before the first.

    """
    values, begun = np.asarray(traded, dtype=np.float64), np.asarray(equity, dtype=np.float64)[:-1]
    if not len(values) or not len(begun) or begun[0] <= 0.0 or begun.mean() <= 0.0:
        return None
    return float(values.sum() / begun.mean() / (len(begun) / periods))


def _ratio(gained: float, lost: float) -> float | None:
    """The quotient; None without a loss, and where a loss of next to nothing would make it infinite."""
    if lost <= 0.0 or gained > lost * _LARGEST_RATIO:
        return None
    return gained / lost
