"""What a backtest may be asked beyond bars, money, costs and risk; nothing of it costs a run that does not ask."""

from dataclasses import dataclass
from math import inf

from quantstrip.errors import ConfigError

_DAY_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class Options:
    """Choices of one run; the defaults are those of a plain one.

    Attributes:
        strict: orders fill as they would live, at the next open, also in forms whose documents fill them within the
            bar; the native form does so anyway.
        max_volume_share: the orders of a symbol fill at most this share of a bar's volume, and what is left waits for
            the next bar; None fills them whole.
        borrow_rate: paid on the value of short positions, a year; 0.03 is 3 %.
        funding_rate: paid by long positions to short ones on their value, each interval (perpetual futures).
        funding_hours: length of that interval; intervals begin at midnight UTC.

    Raises:
        ConfigError: a number means nothing.

    """

    strict: bool = False
    max_volume_share: float | None = None
    borrow_rate: float = 0.0
    funding_rate: float = 0.0
    funding_hours: float = 8.0

    def __post_init__(self) -> None:
        share = self.max_volume_share
        if share is not None and not 0.0 < share <= 1.0:
            raise ConfigError(
                f"max_volume_share is a share of a bar's volume above 0 and up to 1, got {share!r}",
                hint="Write 0.1 for 10 %, or leave it out to fill orders whole.",
            )
        if not 0.0 <= self.borrow_rate < inf:
            raise ConfigError(
                f"borrow_rate is a fraction a year of at least 0, got {self.borrow_rate!r}", hint="Write 0.03 for 3 %."
            )
        if not -1.0 < self.funding_rate < 1.0:
            raise ConfigError(
                f"funding_rate is a fraction an interval between -1 and 1, got {self.funding_rate!r}",
                hint="Write 0.0001 for 0.01 %.",
            )
        if not (0.0 < self.funding_hours <= _DAY_HOURS and _DAY_HOURS % self.funding_hours == 0.0):
            raise ConfigError(
                f"funding_hours must divide a day, got {self.funding_hours!r}", hint="Write 8, 4 or 1, for example."
            )

    @property
    def carries(self) -> bool:
        """True where holding a position costs or brings something."""
        return bool(self.borrow_rate or self.funding_rate)


PLAIN = Options()
