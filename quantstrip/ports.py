"""The few things that differ between backtest, replay, paper and live, as protocols.

The engine knows only these. Adapters in ``brokers``, ``feeds``, ``ledger`` and ``supervise`` implement them.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, runtime_checkable

from quantstrip.clock import Micros
from quantstrip.model import Bar, Control, Fill, Halt, Instrument, Order, OrderState, Signal

if TYPE_CHECKING:  # every process imports the ports, few need arrays
    import numpy as np
    import numpy.typing as npt


class OrderUpdate(NamedTuple):
    """A broker's word on one order.

    ``filled`` and ``remaining`` are units; ``average_price`` is the mean of the fills so far, 0 before the first.
    """

    reference: str
    state: OrderState
    filled: float
    remaining: float
    average_price: float
    ts: Micros
    reason: str = ""
    external_id: str = ""


new_update: Callable[[tuple[object, ...]], OrderUpdate] = partial(tuple.__new__, OrderUpdate)
"""``OrderUpdate._make`` without a Python call: the row must hold all eight fields in their order and types."""


class BrokerPosition(NamedTuple):
    """What the broker says is held."""

    account: str
    symbol: str
    quantity: float
    avg_price: float


class PositionDifference(NamedTuple):
    """A symbol of which we and the broker do not hold the same: units, negative when short."""

    symbol: str
    ours: float
    theirs: float


class OpenOrder(NamedTuple):
    """One of our orders without a final state, as far as the recorder knows; ``exec_ids`` are its booked fills."""

    order: Order
    state: OrderState
    filled: float = 0.0
    average_price: float = 0.0
    exec_ids: Sequence[str] = ()


class Slice(NamedTuple):
    """All bars that close at one moment, in sorted symbol order; a plain ``(ts, bars)`` tuple does as well."""

    ts: Micros
    bars: Sequence[Bar]


SIGNAL_ONLY: Final = "signal_only"
"""The rule under which a run that orders nothing has its signals recorded, and whoever owns it told."""


class Columns(NamedTuple):
    """The whole history of one symbol: equally long arrays, oldest first, one row a bar.

    Times are int64 microseconds UTC, the others float64; ``timeframe`` and ``source`` are those of every bar.
    """

    ts_open: "npt.NDArray[np.int64]"
    ts: "npt.NDArray[np.int64]"
    open: "npt.NDArray[np.float64]"
    high: "npt.NDArray[np.float64]"
    low: "npt.NDArray[np.float64]"
    close: "npt.NDArray[np.float64]"
    volume: "npt.NDArray[np.float64]"
    timeframe: str = ""
    source: str = ""


class Charge(NamedTuple):
    """What holding a position cost, or brought, apart from any fill.

    Attributes:
        kind: ``borrow`` or ``funding``.
        amount: in money; negative is paid, positive received.

    """

    ts: Micros
    symbol: str
    kind: str
    amount: float


BrokerEvent = OrderUpdate | Fill | Charge


@runtime_checkable
class Broker(Protocol):
    """Takes orders and reports what becomes of them.

    ``submit`` and ``cancel`` return at once; everything that happens afterwards comes out of ``advance``.
    """

    name: str
    account: str
    persistent: bool
    """True when its orders outlive this process, so that they are asked about at the start."""

    @property
    def idle(self) -> bool:
        """True while ``advance`` cannot have anything to say without a new order; False where that is not known."""
        ...

    def submit(self, order: Order) -> None:
        """Send an order.

        Sending a reference again is a no-op.

        Raises:
            OrderRefused: the broker refused it.
            BrokerUnreachable: unknown whether it arrived; the caller reconciles before sending anything else.

        """
        ...

    def cancel(self, reference: str) -> None:
        """Ask for a cancellation; an unknown or finished order is left alone."""
        ...

    def advance(self, now: Micros, bars: Sequence[Bar]) -> Sequence[BrokerEvent]:
        """Events up to ``now``: a simulated broker makes them from ``bars``, a real one returns what has arrived."""
        ...

    def open_orders(self) -> Sequence[OrderUpdate]:
        """Every order that is not final.

        An empty answer means that there is none: orders we know of would be ended for it. One that may be incomplete
        is not given.

        Raises:
            BrokerUnreachable: the broker cannot be asked, or it is unsure whether it told everything.

        """
        ...

    def executions_since(self, ts: Micros) -> Sequence[Fill]:
        """Every fill at or after ``ts``.

        Raises:
            BrokerUnreachable: the broker cannot be asked, or its memory does not reach back to ``ts``; fewer fills
                than there were would read as "nothing happened".

        """
        ...

    def positions(self) -> Sequence[BrokerPosition]:
        """What is held."""
        ...


class Feed(Protocol):
    """A stream of bars in the order in which they could have been known."""

    name: str

    def slices(self) -> Iterator[tuple[Micros, Sequence[Bar]]]:
        """All slices ``(ts, bars)``, oldest first. A live or paced feed blocks between two; ``stop`` ends it.

        Plain tuples are as good as ``Slice``: for one symbol ``zip(ts, zip(map(bar_of_row, zip(*columns))))`` over
        chunks of some thousand rows costs no Python call a bar.
        """
        ...

    def stop(self) -> None:
        """End ``slices`` soon, from any thread."""
        ...


@runtime_checkable
class InstantBroker(Broker, Protocol):
    """A simulated broker that can also fill within the bar at hand, as one strategy form's document says."""

    def fill_at(self, reference: str, price: float, bar: Bar) -> Sequence[BrokerEvent]:
        """Fill a waiting order whole, at ``price``, in ``bar``; returns what happened."""
        ...


@runtime_checkable
class ColumnFeed(Feed, Protocol):
    """A feed that knows its whole history beforehand, so that indicators are computed once, as arrays.

    ``columns()[symbol]`` holds exactly the bars that ``slices`` will yield for that symbol, in the same order. The
    strategy is shown no row before its bar has been fed.
    """

    def columns(self) -> Mapping[str, Columns]:
        """The history of each symbol of the feed."""
        ...


class Recorder(Protocol):
    """Keeps what happens. Every call is idempotent by its key, so that a repeated run changes nothing."""

    kept: bool
    """True where a person may step in and positions are compared with the broker's; False in a backtest."""
    follows_orders: bool
    """False where orders and their states are forgotten: then the engine need not call ``order`` and ``update``."""

    def order(self, order: Order, instrument: Instrument) -> None:
        """An order, before it is sent."""
        ...

    def update(self, update: OrderUpdate) -> None:
        """A change of an order's state."""
        ...

    def fill(self, fill: Fill, instrument: Instrument) -> None:
        """A fill: books position, cost and PnL in one transaction."""
        ...

    def rejected(self, signal: Signal, ts: Micros, rule: str, reason: str) -> None:
        """A signal that became no order, with the rule that stopped it."""
        ...

    def open_orders(self) -> Sequence[OpenOrder]:
        """Orders of this run whose last recorded state is not final, oldest first; asked once, at the start."""
        ...

    def controls(self, ts: Micros) -> Sequence[Control]:
        """A person's decisions that take effect before the bars that close at ``ts``.

        Each comes once, and before the same bars when the run is repeated; asked only where ``kept``.
        """
        ...

    def halts(self, ts: Micros, in_force: Sequence[Halt]) -> None:
        """The halts in force after the bars that close at ``ts``; told when they have changed."""
        ...

    def compared(
        self, ts: Micros, agreed: Collection[str], differences: Sequence[PositionDifference], *, whole: bool = False
    ) -> None:
        """Our positions against the broker's, symbol by symbol; told only where ``kept``.

        ``whole`` says that every fill on record was part of it, not only those of this process.
        """
        ...

    def positions(self) -> Mapping[str, float]:
        """Units by symbol in the broker's account, of all strategies; asked at the start of a persistent broker."""
        ...

    def progress(self, ts: Micros, equity: float) -> None:
        """The run has handled everything up to ``ts``; may be throttled by the implementation."""
        ...


class ProcessState(NamedTuple):
    """One supervised process.

    ``state`` is one of STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL, UNKNOWN; times are wall clock,
    0 where unknown.
    """

    name: str
    state: str
    pid: int
    started: Micros
    stopped: Micros
    exit_code: int
    description: str


class Supervisor(Protocol):
    """Starts and stops processes on this machine."""

    def start(self, name: str) -> None:
        """Start a process; one that runs is left alone."""
        ...

    def stop(self, name: str) -> None:
        """Stop a process and wait until it is gone."""
        ...

    def add(self, name: str) -> None:
        """Make a process known, from its generated configuration."""
        ...

    def remove(self, name: str) -> None:
        """Stop a process and forget it."""
        ...

    def states(self) -> Iterable[ProcessState]:
        """Every known process."""
        ...

    def shutdown(self) -> None:
        """Stop everything, the supervisor last."""
        ...


class Attachment(NamedTuple):
    """A file of a message; ``content_type`` is a MIME type such as ``application/pdf``."""

    filename: str
    content_type: str
    content: bytes


class Message(NamedTuple):
    """Something to tell a person.

    ``addressees`` are all who get it, ``recipients`` those of this attempt; ``message_id`` is the same at each attempt.
    """

    subject: str
    body: str
    recipients: Sequence[str]
    html: str = ""
    message_id: str = ""
    created: Micros = 0
    addressees: Sequence[str] = ()
    attachments: Sequence[Attachment] = ()


class Delivery(NamedTuple):
    """What became of one attempt: who has the message, who never will, who may later; the latter two with reasons."""

    delivered: Sequence[str]
    refused: Mapping[str, str]
    postponed: Mapping[str, str]


class Channel(Protocol):
    """A way to reach a person: mail, chat, webhook."""

    @property
    def name(self) -> str:
        """What the owner calls it."""
        ...

    def send(self, message: Message) -> Delivery:
        """Deliver; every recipient is in exactly one part of the answer.

        Raises:
            MessageRefused: nobody has it, and trying again would not help.
            DeliveryFailed: nobody has it as far as is known; to be tried again with the same Message-ID.

        """
        ...
