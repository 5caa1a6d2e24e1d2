"""What trading costs: slippage and commission as values a run is made with."""

import math
from dataclasses import dataclass

from quantstrip.errors import InvalidRecord
from quantstrip.model.position import rounded


@dataclass(frozen=True, slots=True)
class CostModel:
    """Costs of a fill; the defaults are the native ones.

    Attributes:
        slippage_bps: market and stop orders fill this many basis points (1/100 %) worse.
        commission_per_share: money per unit.
        commission_rate: fraction of the traded value (0.001 is 0.1 %).
        minimum_commission: money per fill at least.

    Raises:
        InvalidRecord: a cost is negative or not finite.

    """

    slippage_bps: float = 2.0
    commission_per_share: float = 0.005
    commission_rate: float = 0.0
    minimum_commission: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not 0.0 <= value < math.inf:
                raise InvalidRecord(f"{name} must be a number of at least 0, got {value!r}")

    def slipped(self, price: float, buying: bool) -> float:
        """The price after slippage: higher for a buyer, lower for a seller."""
        share = self.slippage_bps / 10_000.0
        return price * (1.0 + share if buying else 1.0 - share)

    def commission(self, quantity: float, price: float, multiplier: float = 1.0, digits: int = 2) -> float:
        """Commission of one fill, in money, rounded to the currency's minor unit."""
        paid = quantity * self.commission_per_share
        if self.commission_rate:
            paid += quantity * price * multiplier * self.commission_rate
        return rounded(paid if paid > self.minimum_commission else self.minimum_commission, digits)


FREE = CostModel(0.0, 0.0)
"""No slippage, no commission."""
