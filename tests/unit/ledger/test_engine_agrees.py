"""Whatever a strategy does, the engine's books and the ledger's rows are the same to the cent, also after restarts."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.brokers import CostModel, SimulatedBroker
from quantstrip.clock import DAY, Micros
from quantstrip.engine import Engine, RunSummary
from quantstrip.ledger import Ledger, LedgerRecorder
from quantstrip.model import Bar, Instrument, Leg, Signal
from quantstrip.risk import OFF
from quantstrip.strategy import StrategyBase

INSTRUMENTS = {
    "COIN": Instrument("COIN", lot_size=0.001, calendar="24/7"),
    "FUT": Instrument("FUT", multiplier=50.0, calendar="24/7"),
    "STK": Instrument("STK", calendar="24/7"),
}
DAYS = 12
Say = dict[tuple[int, str], list[Signal]]

prices = st.integers(500, 1500).map(lambda n: n / 10)
sides = st.sampled_from(["BUY", "SELL"])
maybe = st.none() | st.sampled_from([0.02, 0.05])


@st.composite
def signals(draw: st.DrawFn) -> Say:
    """What the strategy says, by day and symbol: any order type, any bracket, any leg."""
    said: Say = {}
    for _ in range(draw(st.integers(1, 12))):
        symbol = draw(st.sampled_from(list(INSTRUMENTS)))
        kind = draw(st.sampled_from(["MARKET", "LIMIT", "STOP", "STOP_LIMIT", "TRAILING_STOP"]))
        prices_: dict[str, Any] = {
            "limit_price": draw(prices) if "LIMIT" in kind else None,
            "stop_price": draw(prices) if kind in ("STOP", "STOP_LIMIT") else None,
            "trail_percent": 0.05 if kind == "TRAILING_STOP" else None,
            "stop_loss_pct": draw(maybe), "take_profit_pct": draw(maybe), "trailing_pct": draw(maybe),
        }  # fmt: skip
        leg = draw(st.sampled_from([Leg.NET, Leg.NET, Leg.LONG, Leg.SHORT]))
        quantity = draw(st.none() | st.integers(1, 30_000).map(lambda n: n / 1000))
        one = Signal(symbol, draw(sides), order_type=kind, quantity=quantity, leg=leg, **prices_)
        said.setdefault((draw(st.integers(0, DAYS - 2)), symbol), []).append(one)
    return said


@st.composite
def markets(draw: st.DrawFn) -> list[tuple[Micros, list[Bar]]]:
    """Unrelated daily bars of every symbol: gaps everywhere."""
    made = []
    for day in range(DAYS):
        bars = []
        for symbol in sorted(INSTRUMENTS):
            low, one, other, high = sorted(draw(st.tuples(prices, prices, prices, prices)))
            open_, close = draw(st.permutations((one, other)))
            bars.append(Bar(symbol, "1d", day * DAY, (day + 1) * DAY, open_, high, low, close, 1.0))
        made.append(((day + 1) * DAY, bars))
    return made


class Feed:
    """Given slices, up to where the process is killed."""

    name = "made"

    def __init__(self, slices: list[tuple[Micros, list[Bar]]]) -> None:
        self._slices = slices

    def slices(self) -> Iterator[tuple[Micros, Sequence[Bar]]]:
        yield from self._slices

    def stop(self) -> None:
        """Nothing waits."""


class Scripted(StrategyBase):
    def __init__(self, say: Say) -> None:
        super().__init__("scripted", list(INSTRUMENTS))
        self.say = say

    def on_bar(self, bar: Bar) -> list[Signal]:
        return list(self.say.get((bar.ts_open // DAY, bar.symbol), []))


def run(ledger: Ledger, say: Say, market: list[tuple[Micros, list[Bar]]]) -> RunSummary:
    row = ledger.open_strategy_run("key", "client", "scripted", "replay", "SIM", "code", {}, "made", 1e6)
    recorder = LedgerRecorder(ledger, row, "simulated", INSTRUMENTS)
    engine = Engine(
        Scripted(say), feed=Feed(market), broker=SimulatedBroker(INSTRUMENTS, CostModel()), recorder=recorder,
        instruments=INSTRUMENTS, cash=1e6, risk=OFF, run_key="key",
    )  # fmt: skip
    recorder.valued_by(engine.account.marks)
    summary = engine.run()
    recorder.close()
    return summary


def rows(ledger: Ledger, sql: str) -> list[tuple[Any, ...]]:
    return ledger.query(sql)[1]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(say=signals(), market=markets(), killed=st.lists(st.integers(0, DAYS), max_size=2))
def test_cash_positions_and_profit_of_the_engine_are_those_of_the_ledger(
    empty_database: Path, say: Say, market: list[tuple[Micros, list[Bar]]], killed: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(Ledger(Path(shutil.copy(empty_database, folder)))) as ledger:
        for day in killed:
            run(ledger, say, market[:day])
        account = run(ledger, say, market).account

        (cash,) = rows(
            ledger,
            "SELECT (SELECT COALESCE(SUM(amount), 0) FROM execution) - "
            "(SELECT COALESCE(SUM(booked_amount), 0) FROM commission)",
        )
        assert account.cash == pytest.approx(1e6 + cash[0], abs=1e-6)
        held = {
            (symbol, Leg(leg)): (position, average, cost)
            for symbol, leg, position, average, cost in rows(
                ledger,
                "SELECT symbol, leg, position, avg_price, cost FROM position_event WHERE execution_seq IN "
                "(SELECT MAX(execution_seq) FROM position_event GROUP BY symbol, leg)",
            )
        }
        assert held == {key: tuple(one)[:3] for key, one in account.positions().items()}
        (realized,) = rows(ledger, "SELECT COALESCE(SUM(realized_pnl), 0) FROM position_event")
        assert account.realized_pnl == pytest.approx(realized[0], abs=1e-6)
        # The simulated broker's fills end their orders, and after each bar its positions are compared with ours.
        assert {status for (status,) in rows(ledger, "SELECT status FROM strategy_event")} <= {
            "PENDING", "CONFIRMED", "FAILED",
        }  # fmt: skip
        confirmed = rows(ledger, "SELECT order_id FROM strategy_event WHERE status = 'CONFIRMED' ORDER BY 1")
        assert confirmed == rows(ledger, "SELECT DISTINCT order_id FROM execution ORDER BY 1")
        assert ledger.alerts() == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(say=signals(), market=markets(), killed=st.lists(st.integers(0, DAYS), max_size=2))
def test_open_positions_come_to_the_unrealised_profit_of_their_strategy(
    empty_database: Path, say: Say, market: list[tuple[Micros, list[Bar]]], killed: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(Ledger(Path(shutil.copy(empty_database, folder)))) as ledger:
        for day in [*killed, DAYS]:
            run(ledger, say, market[:day])
            held = rows(
                ledger, "SELECT mark_source, mark_age_days, mark_price, unrealized_pnl, symbol FROM v_positions"
            )
            ((unrealised, reached),) = rows(ledger, "SELECT unrealized_pnl, feed_date FROM v_strategy_pnl") or [
                (0.0, "")
            ]
            assert {row[:2] for row in held} <= {("run", 0)}, f"at {reached}, in the replay's own time"
            # Each position is rounded to cents, the strategy's equity once; a whole cent is not exact in floats.
            assert sum(row[3] for row in held) == pytest.approx(unrealised, abs=0.005 * (len(held) + 1) + 1e-6)
        closes = {bar.symbol: bar.close for bar in market[-1][1]}
        assert all(row[2] == closes[row[4]] for row in held), "at the close of the last bar"
