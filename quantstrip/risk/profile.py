"""Which limits apply: a profile per strategy form, printed with every run."""

import math
from dataclasses import dataclass, fields

from quantstrip.errors import ConfigError


@dataclass(frozen=True, slots=True)
class RiskProfile:
    """The limits; None switches a rule off. Ratios are fractions of the strategy's equity.

    All of them judge orders that open or enlarge a position. An order that reduces one passes every rule but
    instrument validity, trading hours and the clip to the position.

    Attributes:
        max_order_value: money one order may be worth at its expected price.
        max_symbol_weight: value of one symbol's position, with what waits to be opened.
        max_total_weight: gross value of all positions, with what waits to be opened.
        min_cash_ratio: cash left after a buy, and after all waiting buys.
        allow_margin: may gross value exceed ``leverage`` times equity?
        allow_short: may a sell open or flip to a short position?
        allow_long: may a buy open or flip to a long position? No is for runs that look at one direction alone.
        max_daily_loss: loss since the session before; halts entries for the rest of the session.
        max_drawdown: loss since the highest equity; halts entries until a person clears it.
        max_price_deviation: move of the last known price since the decision.
        duplicate_seconds: same symbol, side and quantity within less than this, in feed time.
        trading_hours: orders only while the instrument's exchange is open (where the engine is given hours).
        leverage: gross value as a multiple of equity while margin is not allowed.

    """

    name: str = "NATIVE"
    max_order_value: float | None = 20_000.0
    max_symbol_weight: float | None = 0.20
    max_total_weight: float | None = 0.80
    min_cash_ratio: float | None = 0.10
    allow_margin: bool = False
    allow_short: bool = False
    max_daily_loss: float | None = 0.03
    max_drawdown: float | None = 0.08
    max_price_deviation: float | None = 0.01
    duplicate_seconds: float | None = 60.0
    trading_hours: bool = True
    leverage: float = 1.0
    allow_long: bool = True

    def __post_init__(self) -> None:
        for name in _NUMBERS:
            value = getattr(self, name)
            if value is not None and not 0.0 <= value < math.inf:
                raise ConfigError(
                    f"risk limit {name} must be a number of at least 0, got {value!r}",
                    hint="Write ratios as fractions (0.03 is 3 %); None switches a rule off.",
                )

    def describe(self) -> str:
        """One line for the head of a run: every rule with its limit, exactly, for it is part of the run's identity."""
        limits = [f"{field.name}={_text(getattr(self, field.name))}" for field in fields(self)[1:]]
        return f"{self.name}: {', '.join(limits)}"


_NUMBERS = (
    "max_order_value",
    "max_symbol_weight",
    "max_total_weight",
    "min_cash_ratio",
    "max_daily_loss",
    "max_drawdown",
    "max_price_deviation",
    "duplicate_seconds",
    "leverage",
)


def _text(value: object) -> str:
    if value is None:
        return "off"
    return ("yes" if value else "no") if isinstance(value, bool) else repr(value).removesuffix(".0")


NATIVE = RiskProfile()
"""The native form's table: the strategy guide, chapter 12."""

CASH_ONLY = RiskProfile(
    name="CASH_ONLY",
    max_order_value=None,
    max_symbol_weight=None,
    max_total_weight=None,
    min_cash_ratio=None,
    allow_short=True,
    max_daily_loss=None,
    max_drawdown=None,
    max_price_deviation=None,
    duplicate_seconds=None,
    trading_hours=False,
)
"""Cash and chosen leverage only; shorts are allowed and count as gross value."""

OFF = RiskProfile(
    name="OFF",
    max_order_value=None,
    max_symbol_weight=None,
    max_total_weight=None,
    min_cash_ratio=None,
    allow_margin=True,
    allow_short=True,
    max_daily_loss=None,
    max_drawdown=None,
    max_price_deviation=None,
    duplicate_seconds=None,
    trading_hours=False,
)
"""No limits; only validity and the broker stop an order."""

PROFILES = {profile.name: profile for profile in (NATIVE, CASH_ONLY, OFF)}
"""Profiles by name, for settings and the command line."""
