"""What the risk rules remember: highest equity, session starts, halts, accepted orders, the kill switch."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from quantstrip.clock import SECOND, Micros, to_text
from quantstrip.model import Bar, Control, Halt, Instrument, Leg, OrderSide
from quantstrip.risk.profile import RiskProfile

_KEEP = 256


@dataclass(slots=True)
class _Session:
    """One exchange's running session: its last moment and the equity it began with."""

    end: Micros
    start_equity: float
    halt: Halt | None = None


class Guard:
    """Watches the equity of one strategy, bar by bar.

    The engine calls ``mark`` only when equity leaves ``[low, peak]`` or a session ends, which spares the quiet bars.

    Attributes:
        peak: highest equity so far, in money.
        low: the lower of nothing to worry about: below it some limit is broken.
        next_end: the first end of a running session; a bar that closes later begins another.
        limits: of an order's value, and of symbol, total (margin considered) and cash as shares of equity; infinite
            where there is none. What stays within them breaks no rule.
        quiet_until: from this moment on no order can repeat one accepted before.
        killed: why entries are switched off, None while they are on.
        halted: True while some halt is in force.
        changed: True when halts have begun or ended; whoever notes them sets it back.

    """

    def __init__(
        self,
        profile: RiskProfile,
        cash: float,
        instruments: Mapping[str, Instrument],
        session_end: Callable[[Bar], Micros],
    ) -> None:
        self.profile = profile
        self.peak = cash
        self.low = float("-inf")
        self.next_end: Micros = -1
        self.killed: str | None = None
        self.halted = False
        self.changed = False
        self._equity = cash
        self._instruments = instruments
        self._session_end = session_end
        self._sessions: dict[str, _Session] = {}
        self._drawdown: Halt | None = None
        self._accepted: dict[tuple[str, OrderSide, Leg, float], Micros] = {}
        self._window = round((profile.duplicate_seconds or 0.0) * SECOND)
        self.quiet_until: Micros = -1
        self.limits = _limits(profile)
        if profile.max_daily_loss is None:  # then sessions do not matter to the rules
            self.next_end = 1 << 62
        self._lower()

    def mark(self, ts: Micros, bars: Iterable[Bar], equity: float, before: float) -> None:
        """Take note of ``equity`` at ``ts``, the close of ``bars``; ``before`` is that of the slice before."""
        if ts > self.next_end:
            self._begin_sessions(bars, before)
        self._equity = equity
        self.peak = max(self.peak, equity)
        if equity < self.low:
            self._halt(ts, equity)
        self._lower()

    def kill(self, reason: str) -> None:
        """Switch entries off; exits go on. Safe from any thread."""
        self.killed = reason

    def revive(self) -> None:
        """Switch entries on again."""
        self.killed = None

    def halts(self) -> list[Halt]:
        """Every halt in force."""
        daily = [session.halt for session in self._sessions.values() if session.halt is not None]
        return daily + ([self._drawdown] if self._drawdown is not None else [])

    def clear(self, rule: str | None = None, equity: float | None = None) -> None:
        """Lift the halts of ``rule`` (None: all); losses count from ``equity`` on (None: the last one marked).

        What is not halted stays as it is.
        """
        now = self._equity if equity is None else equity
        if rule in (None, "max_drawdown") and self._drawdown is not None:
            self._drawdown, self.changed = None, True
            self.peak = now
        if rule in (None, "max_daily_loss"):
            for session in self._sessions.values():
                if session.halt is not None:
                    session.halt, self.changed = None, True
                    session.start_equity = now
        self._lower()

    def take(self, control: Control, equity: float) -> None:
        """Do what a person decided, at the present ``equity``."""
        if control.action == "kill":
            self.kill(control.reason or "a person switched them off")
        elif control.action == "revive":
            self.revive()
        else:
            self.clear(control.rule or None, equity)

    def daily_halt(self, calendar: str) -> str | None:
        """Why entries in instruments of ``calendar`` are halted for the session, or None."""
        session = self._sessions.get(calendar)
        return session.halt.reason if session is not None and session.halt is not None else None

    def drawdown_halt(self) -> str | None:
        """Why entries are halted until a person clears it, or None."""
        return self._drawdown.reason if self._drawdown is not None else None

    def accept(self, symbol: str, side: OrderSide, leg: Leg, quantity: float, ts: Micros) -> None:
        """Remember an accepted opening order for the duplicate window."""
        accepted = self._accepted
        if len(accepted) > _KEEP:
            oldest = ts - self._window
            self._accepted = accepted = {key: when for key, when in accepted.items() if when > oldest}
        accepted[symbol, side, leg, quantity] = ts
        self.quiet_until = ts + self._window

    def since_accepted(
        self, symbol: str, side: OrderSide, leg: Leg, quantity: float, ts: Micros
    ) -> Micros | None:  # fmt: skip
        """Time since the same opening order was accepted last, microseconds of feed time, or None."""
        when = self._accepted.get((symbol, side, leg, quantity))
        return None if when is None else ts - when

    def _begin_sessions(self, bars: Iterable[Bar], before: float) -> None:
        for bar in bars:
            calendar = self._instruments[bar.symbol].calendar
            session = self._sessions.get(calendar)
            if session is None or bar.ts > session.end:
                self.changed |= session is not None and session.halt is not None
                self._sessions[calendar] = _Session(self._session_end(bar), before)
        self.next_end = min((session.end for session in self._sessions.values()), default=-1)
        self._lower()

    def _halt(self, ts: Micros, equity: float) -> None:
        limit = self.profile.max_drawdown
        if limit is not None and self._drawdown is None and equity < self.peak * (1.0 - limit):
            reason = (
                f"equity fell {1.0 - equity / self.peak:.2%} from its peak of {self.peak:,.2f} to {equity:,.2f} at "
                f"{to_text(ts)}, the limit is {limit:.0%}; entries are halted until you clear it"
            )
            self._drawdown, self.changed = Halt("max_drawdown", ts, reason), True
        limit = self.profile.max_daily_loss
        if limit is None:
            return
        for calendar, session in self._sessions.items():
            if session.halt is None and equity < session.start_equity * (1.0 - limit):
                reason = (
                    f"equity fell {1.0 - equity / session.start_equity:.2%} in this session, from "
                    f"{session.start_equity:,.2f} to {equity:,.2f} at {to_text(ts)}, the limit is {limit:.0%}; entries "
                    "are halted until the next session or until you clear it"
                )
                session.halt, self.changed = Halt("max_daily_loss", ts, reason, calendar), True

    def _lower(self) -> None:
        """The highest equity below which some limit that has not halted yet would."""
        levels = [float("-inf")]
        if self.profile.max_drawdown is not None and self._drawdown is None:
            levels.append(self.peak * (1.0 - self.profile.max_drawdown))
        if self.profile.max_daily_loss is not None:
            share = 1.0 - self.profile.max_daily_loss
            levels += [session.start_equity * share for session in self._sessions.values() if session.halt is None]
        self.low = max(levels)
        self.halted = bool(self.halts())


_INF = float("inf")


def _limits(profile: RiskProfile) -> tuple[float, float, float, float]:
    total = _INF if profile.max_total_weight is None else profile.max_total_weight
    if not profile.allow_margin:
        total = min(total, profile.leverage)
    return (
        _INF if profile.max_order_value is None else profile.max_order_value,
        _INF if profile.max_symbol_weight is None else profile.max_symbol_weight,
        total,
        # Of buys alone it is asked: one that may open nothing is never within the limits.
        _INF if not profile.allow_long else -_INF if profile.min_cash_ratio is None else profile.min_cash_ratio,
    )
