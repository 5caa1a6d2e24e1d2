"""What a run came to."""

from array import array
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from quantstrip.clock import Micros
from quantstrip.model import Fill
from quantstrip.ports import Charge
from quantstrip.risk import Halt
from quantstrip.trading import Account


@dataclass(slots=True)
class RunSummary:
    """Counts and curves of one run.

    Attributes:
        run_key: identity of the run.
        strategy: the strategy's name.
        profile: the risk profile in words, to be printed with the run.
        account: the strategy's books as they are at the end.
        slices, bars, orders, fills, rejections: how many there were.
        warmup: bars that were shown before the first that could trade; not in ``bars``.
        stopped: the run was asked to stop before its feed ended.
        halts: halts in force at the end.
        charges: what holding positions cost or brought.
        curve_ts, curve_equity: the curve as it grows, slice by slice.
        drawn: the curve as it is drawn at the end, where the bars are known beforehand; instead of the former.
        foreign: fills the broker reported for orders that are not this run's; nothing was booked for them.

    """

    run_key: str
    strategy: str
    profile: str
    account: Account
    slices: int = 0
    bars: int = 0
    warmup: int = 0
    orders: int = 0
    fills: int = 0
    rejections: int = 0
    stopped: bool = False
    halts: list[Halt] = field(default_factory=list)
    foreign: list[Fill] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    curve_ts: "array[int]" = field(default_factory=lambda: array("q"))
    curve_equity: "array[float]" = field(default_factory=lambda: array("d"))
    drawn: tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]] | None = field(default=None, repr=False)

    @property
    def ts(self) -> npt.NDArray[np.int64]:
        """Close of every slice, microseconds UTC; one entry for each of ``equity``."""
        return np.array(self.curve_ts, dtype=np.int64) if self.drawn is None else self.drawn[0]

    @property
    def equity(self) -> npt.NDArray[np.float64]:
        """Equity at every slice's close, in money: cash plus positions at the last prices."""
        return np.array(self.curve_equity, dtype=np.float64) if self.drawn is None else self.drawn[1]

    @property
    def last_ts(self) -> Micros:
        """Close of the last slice, 0 before the first."""
        ts = self.curve_ts if self.drawn is None else self.drawn[0]
        return int(ts[-1]) if len(ts) else 0
