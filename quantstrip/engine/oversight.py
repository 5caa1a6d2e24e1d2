"""What a kept run does beside trading: takes in a person's decisions, notes halts, compares positions."""

from collections.abc import Callable, Iterator, Sequence

from quantstrip.clock import Micros
from quantstrip.model import Bar, OrderType
from quantstrip.ports import Broker, Recorder
from quantstrip.risk import Guard
from quantstrip.trading import Account, Desk, compare_positions

Slices = Iterator[tuple[Micros, Sequence[Bar]]]


class Oversight:
    """Stands between one engine and the people and brokers it answers to.

    Args:
        broker: compared with, and asked to cancel entries that wait when entries are switched off.
        recorder: knows what was decided, and keeps what is found.
        account: our books of this run.
        guard: halts and kill switch.
        desk: knows which waiting orders are entries.

    """

    def __init__(self, broker: Broker, recorder: Recorder, account: Account, guard: Guard, desk: Desk) -> None:
        self._broker, self._recorder = broker, recorder
        self._account, self._guard, self._desk = account, guard, desk
        self.compares = recorder.kept and not broker.persistent
        """True where our books of the run and the broker begin together, so that they are alike after each bar."""

    def steered(self, slices: Slices, equity: Callable[[], float]) -> Slices:
        """The slices, each after the decisions that take effect before it; ``equity`` tells the present one."""
        if not self._recorder.kept:
            return slices
        return self._steered(slices, equity)

    def note_halts(self, ts: Micros) -> None:
        """Have halts noted that have begun or ended by ``ts``."""
        if self._guard.changed:
            self._guard.changed = False
            self._recorder.halts(ts, self._guard.halts())

    def compare(self, ts: Micros) -> None:
        """Compare the run's positions with the broker's."""
        held: dict[str, float] = {}
        for (symbol, _leg), position in self._account.positions().items():
            held[symbol] = held.get(symbol, 0.0) + position.quantity
        self._tell(ts, held, whole=False)

    def compare_at_start(self, ts: Micros) -> None:
        """Compare what is on record of all strategies with a broker that outlives this process."""
        if self._recorder.kept and self._broker.persistent:
            self._tell(ts, dict(self._recorder.positions()), whole=True)

    def _tell(self, ts: Micros, ours: dict[str, float], *, whole: bool) -> None:
        theirs = [one for one in self._broker.positions() if one.account == self._broker.account]
        agreed, different = compare_positions(ours, theirs)
        self._recorder.compared(ts, agreed, different, whole=whole)

    def _steered(self, slices: Slices, equity: Callable[[], float]) -> Slices:
        for ts, bars in slices:
            for control in self._recorder.controls(ts):
                self._guard.take(control, equity())
                if control.action == "kill":
                    self._withdraw_entries()
            yield ts, bars

    def _withdraw_entries(self) -> None:
        """Cancel what waits to open a position: a limit that fills tomorrow is an entry of tomorrow.

        A market order is on its way already, and a flip closes a position before it opens one: both stay.
        """
        for order, opening in list(self._desk.entries()):
            if order.order_type is not OrderType.MARKET and opening == order.quantity:
                self._broker.cancel(order.reference)
