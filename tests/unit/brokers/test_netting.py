"""A broker that nets positions holds no symbol long and short at once; with virtual legs every leg is its own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.backtest import run_backtest
from quantstrip.bars import read_folder, sample_folder
from quantstrip.brokers import FREE, SimulatedBroker
from quantstrip.clock import DAY
from quantstrip.errors import OrderRefused
from quantstrip.model import Bar, Instrument, Leg, Order, OrderSide, OrderType, Signal
from quantstrip.risk import OFF
from quantstrip.strategy import StrategyBase

BUY, SELL = OrderSide.BUY, OrderSide.SELL
MARKET, LIMIT = OrderType.MARKET, OrderType.LIMIT
INSTRUMENTS = {"S": Instrument("S"), "T": Instrument("T")}


class Account:
    """A netting broker, and a day after day on which market orders fill."""

    def __init__(self, *, netting: bool = True) -> None:
        self.broker = SimulatedBroker(INSTRUMENTS, FREE, netting=netting)
        self.day = 0
        self.sent = 0

    def send(
        self, side: OrderSide, leg: Leg, kind: OrderType = MARKET, *, symbol: str = "S", reduce_only: bool = False
    ) -> None:
        self.sent += 1
        self.broker.submit(
            Order(
                f"o{self.sent}",
                "x",
                symbol,
                side,
                10.0,
                kind,
                self.day * DAY,
                limit_price=1.0 if kind is LIMIT else None,
                leg=leg,
                reduce_only=reduce_only,
            )
        )

    def wait_a_day(self) -> None:
        bar = Bar("S", "1d", self.day * DAY, (self.day + 1) * DAY, 10.0, 10.0, 10.0, 10.0, 1.0)
        self.broker.advance(bar.ts, [bar])
        self.day += 1

    def hold(self, side: OrderSide, leg: Leg) -> None:
        self.send(side, leg)
        self.wait_a_day()


def test_the_other_side_of_a_position_is_refused_and_the_reason_says_what_to_do() -> None:
    account = Account()
    account.hold(BUY, Leg.LONG)
    with pytest.raises(OrderRefused, match=r"S is long on its LONG leg.*cannot be short on its SHORT leg") as refused:
        account.send(SELL, Leg.SHORT)
    assert "virtual_legs" in (refused.value.hint or "")
    assert account.broker.open_orders() == []


def test_a_net_position_counts_as_well() -> None:
    account = Account()
    account.hold(SELL, Leg.NET)
    with pytest.raises(OrderRefused, match="short on its NET leg"):
        account.send(BUY, Leg.LONG)


def test_an_entry_that_waits_counts_as_if_it_had_filled() -> None:
    account = Account()
    account.send(BUY, Leg.LONG, LIMIT)
    with pytest.raises(OrderRefused, match="or about to be"):
        account.send(SELL, Leg.SHORT)


def test_close_and_open_on_one_bar_is_allowed() -> None:
    account = Account()
    account.hold(BUY, Leg.LONG)
    account.send(SELL, Leg.LONG, reduce_only=True)
    account.send(SELL, Leg.SHORT)
    account.wait_a_day()
    assert [position.quantity for position in account.broker.positions()] == [-10.0]


def test_an_exit_that_waits_for_its_price_is_no_exit_yet() -> None:
    account = Account()
    account.hold(BUY, Leg.LONG)
    account.send(SELL, Leg.LONG, LIMIT, reduce_only=True)
    with pytest.raises(OrderRefused):
        account.send(SELL, Leg.SHORT)


def test_exits_flips_of_one_leg_and_other_symbols_are_left_alone() -> None:
    account = Account()
    account.hold(BUY, Leg.LONG)
    account.send(BUY, Leg.NET)
    account.send(SELL, Leg.SHORT, symbol="T")
    account.send(SELL, Leg.LONG, reduce_only=True)
    assert len(account.broker.open_orders()) == 3


def test_a_refused_order_may_be_sent_again_when_the_other_leg_is_closed() -> None:
    account = Account()
    account.hold(BUY, Leg.LONG)
    order = Order("again", "x", "S", SELL, 10.0, MARKET, DAY, leg=Leg.SHORT)
    with pytest.raises(OrderRefused):
        account.broker.submit(order)
    account.send(SELL, Leg.LONG, reduce_only=True)
    account.wait_a_day()
    account.broker.submit(order)
    assert [update.reference for update in account.broker.open_orders()] == ["again"]


def test_virtual_legs_hold_both() -> None:
    account = Account(netting=False)
    account.hold(BUY, Leg.LONG)
    account.hold(SELL, Leg.SHORT)
    assert sorted(position.quantity for position in account.broker.positions()) == [-10.0, 10.0]


orders = st.tuples(
    st.sampled_from([BUY, SELL]), st.sampled_from(list(Leg)), st.sampled_from([MARKET, LIMIT]), st.booleans()
)


@settings(max_examples=200)
@given(st.lists(st.one_of(st.none(), orders), max_size=12))
def test_whatever_is_sent_no_symbol_is_ever_held_on_both_sides(
    sent: list[tuple[OrderSide, Leg, OrderType, bool] | None],
) -> None:
    account = Account()
    for one in [*sent, None]:
        if one is None:
            account.wait_a_day()
            held = [position.quantity for position in account.broker.positions()]
            assert not (min(held, default=0.0) < 0.0 < max(held, default=0.0)), held
            continue
        side, leg, kind, reduce_only = one
        try:
            account.send(side, leg, kind, reduce_only=reduce_only)
        except OrderRefused:
            assert not reduce_only


class Both(StrategyBase):
    """Goes long and short at once."""

    def __init__(self, symbols: list[str] | None = None) -> None:
        super().__init__("both", symbols or ["AAPL"])
        self.days = 0

    def on_bar(self, bar: Bar) -> list[Signal]:
        self.days += 1
        if self.days != 3:
            return []
        return [
            Signal(bar.symbol, "BUY", quantity=1, leg="LONG"), Signal(bar.symbol, "SELL", quantity=1, leg="SHORT"),
        ]  # fmt: skip


class Legged(Both):
    """Of a form that needs legs."""

    virtual_legs = True


def test_a_run_nets_unless_its_strategy_or_its_user_wants_legs() -> None:
    tables = read_folder(sample_folder(), ["AAPL"])
    plain = run_backtest(Both(), tables, risk=OFF)
    assert [(refusal.rule, refusal.signal.leg) for refusal in plain.rejected] == [("broker", Leg.SHORT)]
    assert len(plain.fills) == 1
    assert len(run_backtest(Both(), tables, risk=OFF, virtual_legs=True).fills) == 2
    assert len(run_backtest(Legged(), tables, risk=OFF).fills) == 2
    assert len(run_backtest(Legged(), tables, risk=OFF, virtual_legs=False).fills) == 1
