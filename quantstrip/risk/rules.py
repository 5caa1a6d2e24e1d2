"""The rules that judge an order on the opening side: each gives a reason or None.

``check`` asks them in the order of the table; the first reason wins.
"""

from collections.abc import Callable
from typing import NamedTuple

from quantstrip.clock import SECOND, Micros
from quantstrip.model import Instrument, Leg, OrderSide
from quantstrip.risk.guard import Guard
from quantstrip.risk.profile import RiskProfile


class Intent(NamedTuple):
    """The opening part of an order.

    Attributes:
        quantity: units that open or enlarge a position, after sizing.
        value: what they are worth at the expected price (limit or stop price where the order has one), in money.
        decision_price: price the decision was made on.
        last_price: last known price now.

    """

    instrument: Instrument
    side: OrderSide
    leg: Leg
    quantity: float
    value: float
    decision_price: float
    last_price: float
    ts: Micros


class Book(NamedTuple):
    """The account as the rules see it, in money; waiting entries count as if they had filled.

    Attributes:
        symbol_value: gross value of the intent's symbol.
        gross_value: gross value of all symbols.
        cash: what is left when every waiting buy has filled.

    """

    equity: float
    cash: float
    symbol_value: float
    gross_value: float


class Refusal(NamedTuple):
    """Why a signal became no order; ``rule`` names the limit in ``RiskProfile``."""

    rule: str
    reason: str


def max_order_value(profile: RiskProfile, intent: Intent, _book: Book, _guard: Guard) -> str | None:
    """One order may be worth so much money."""
    limit = profile.max_order_value
    if limit is None or intent.value <= limit:
        return None
    return f"the order is worth {intent.value:,.2f}, one order may be worth {limit:,.2f}"


def max_symbol_weight(profile: RiskProfile, intent: Intent, book: Book, _guard: Guard) -> str | None:
    """One symbol may take such a share of equity, waiting entries included."""
    limit = profile.max_symbol_weight
    after = book.symbol_value + intent.value
    if limit is None or after <= limit * book.equity:
        return None
    return (
        f"{intent.instrument.symbol} would be worth {after:,.2f}, {_share(after, book)} of equity; "
        f"one symbol may take {limit:.0%}"
    )


def max_total_weight(profile: RiskProfile, intent: Intent, book: Book, _guard: Guard) -> str | None:
    """All positions together may take such a share of equity, waiting entries included."""
    limit = profile.max_total_weight
    after = book.gross_value + intent.value
    if limit is None or after <= limit * book.equity:
        return None
    return (
        f"all positions would be worth {after:,.2f}, {_share(after, book)} of equity; "
        f"together they may take {limit:.0%}"
    )


def min_cash_ratio(profile: RiskProfile, intent: Intent, book: Book, _guard: Guard) -> str | None:
    """A buy must leave such a share of equity in cash, after all waiting buys."""
    limit = profile.min_cash_ratio
    if limit is None or intent.side is not _BUY:
        return None
    left = book.cash - intent.value
    if left >= limit * book.equity:
        return None
    return f"cash would fall to {left:,.2f}, {_share(left, book)} of equity; at least {limit:.0%} must stay"


def allow_margin(profile: RiskProfile, intent: Intent, book: Book, _guard: Guard) -> str | None:
    """Without margin, gross value stays within ``leverage`` times equity."""
    if profile.allow_margin:
        return None
    after = book.gross_value + intent.value
    if after <= profile.leverage * book.equity:
        return None
    return (
        f"positions would be worth {after:,.2f} on an equity of {book.equity:,.2f}; "
        f"without margin {profile.leverage:g} times equity is the limit"
    )


def allow_short(profile: RiskProfile, intent: Intent, _book: Book, _guard: Guard) -> str | None:
    """Without shorts, nothing is sold that is not held."""
    if profile.allow_short or intent.side is _BUY:
        return None
    return f"there is no position in {intent.instrument.symbol} left to sell, and short selling is not allowed"


def allow_long(profile: RiskProfile, intent: Intent, _book: Book, _guard: Guard) -> str | None:
    """In a run of shorts alone, nothing is bought but to cover."""
    if profile.allow_long or intent.side is not _BUY:
        return None
    return f"there is no short position in {intent.instrument.symbol} left to cover, and this run opens no long ones"


def max_daily_loss(profile: RiskProfile, intent: Intent, _book: Book, guard: Guard) -> str | None:
    """No entries for the rest of a session that lost too much."""
    return None if profile.max_daily_loss is None else guard.daily_halt(intent.instrument.calendar)


def max_drawdown(profile: RiskProfile, _intent: Intent, _book: Book, guard: Guard) -> str | None:
    """No entries after too deep a fall from the highest equity, until a person clears it."""
    return None if profile.max_drawdown is None else guard.drawdown_halt()


def max_price_deviation(profile: RiskProfile, intent: Intent, _book: Book, _guard: Guard) -> str | None:
    """The last known price must still be near the price of the decision."""
    limit = profile.max_price_deviation
    if limit is None:
        return None
    moved = abs(intent.last_price - intent.decision_price) / intent.decision_price
    if moved <= limit:
        return None
    if moved != moved:  # NaN
        return (
            f"the price of {intent.instrument.symbol} at the signal's timestamp is not known: it lies before the bars "
            "that are kept; leave timestamp out, or decide on a newer bar"
        )
    return (
        f"the price moved {moved:.2%} since the decision, from {intent.decision_price:g} to {intent.last_price:g}; "
        f"{limit:.2%} is the limit"
    )


def duplicate_seconds(profile: RiskProfile, intent: Intent, _book: Book, guard: Guard) -> str | None:
    """The same opening order is not accepted again within less than so many seconds of feed time."""
    window = profile.duplicate_seconds
    if window is None:
        return None
    since = guard.since_accepted(intent.instrument.symbol, intent.side, intent.leg, intent.quantity, intent.ts)
    if since is None or since >= window * SECOND:
        return None
    return (
        f"the same order ({intent.side} {intent.quantity:g} {intent.instrument.symbol}) was accepted "
        f"{since / SECOND:g} s ago; repeats are refused for {window:g} s"
    )


Rule = Callable[[RiskProfile, Intent, Book, Guard], str | None]
RULES: tuple[tuple[str, Rule], ...] = (
    ("allow_short", allow_short),
    ("allow_long", allow_long),
    ("max_order_value", max_order_value),
    ("max_symbol_weight", max_symbol_weight),
    ("max_total_weight", max_total_weight),
    ("min_cash_ratio", min_cash_ratio),
    ("allow_margin", allow_margin),
    ("max_daily_loss", max_daily_loss),
    ("max_drawdown", max_drawdown),
    ("max_price_deviation", max_price_deviation),
    ("duplicate_seconds", duplicate_seconds),
)
"""All rules but trading hours, which exits must pass as well (``quantstrip.trading.desk``)."""

_BUY = OrderSide.BUY


def within_limits(
    guard: Guard, side: OrderSide, value: float, ts: Micros, equity: float, cash: float, own: float, gross: float
) -> bool:
    """True where an opening order of ``value``, decided on the last known price, is sure to pass every rule.

    Most orders do, and one look at the limits is cheaper than ten calls; the other arguments are a ``Book``'s. False
    means that ``check`` has to say.
    """
    order_value, symbol_weight, total_weight, cash_ratio = guard.limits
    return (
        value <= order_value
        and own + value <= symbol_weight * equity
        and gross + value <= total_weight * equity
        and (cash - value >= cash_ratio * equity if side is _BUY else guard.profile.allow_short)
        and ts >= guard.quiet_until
        and not guard.halted
        and guard.killed is None
    )


def check(profile: RiskProfile, intent: Intent, book: Book, guard: Guard) -> Refusal | None:
    """The first rule that refuses the opening part of an order, or None."""
    if guard.killed is not None:
        return Refusal("kill_switch", f"entries are switched off: {guard.killed}")
    for name, rule in RULES:
        reason = rule(profile, intent, book, guard)
        if reason is not None:
            return Refusal(name, reason)
    return None


def _share(value: float, book: Book) -> str:
    return f"{value / book.equity:.1%}" if book.equity > 0.0 else "more than all"
