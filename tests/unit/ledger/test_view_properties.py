"""Whatever happens, views say what a plain recomputation says: the sum of the parts is the whole, to the cent."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.ledger import Ledger
from quantstrip.model import FLAT, Instrument, OrderSide, Position, apply
from tests.unit.ledger.copies import fresh

DAYS = ("2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07")
RATES = {"2024-03-04": 1.25, "2024-03-06": 0.8}  # EURUSD; what is not there is the last one before


class Trade(NamedTuple):
    symbol: str
    side: OrderSide
    quantity: float
    price: float
    fee: float
    fee_currency: str
    late_fee: bool


INSTRUMENTS = {
    "A": Instrument("A"),
    "ES": Instrument("ES", multiplier=50.0, instrument_type="FUT"),
    "SAP": Instrument("SAP", currency="EUR"),
}
trade = st.builds(
    Trade,
    st.sampled_from(list(INSTRUMENTS)),
    st.sampled_from(OrderSide),
    st.integers(1, 10).map(float),  # whole units at whole cents: SQL and Python round ties differently
    st.integers(100, 20_000).map(lambda n: n / 100),
    st.integers(0, 300).map(lambda n: n / 100),
    st.sampled_from(["USD", "EUR"]),
    st.booleans(),
)
days = st.lists(st.lists(trade, max_size=4), min_size=len(DAYS), max_size=len(DAYS))
marks = st.dictionaries(
    st.tuples(st.sampled_from(DAYS), st.sampled_from(list(INSTRUMENTS))),
    st.integers(100, 20_000).map(lambda n: n / 100),
)
quick = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


@contextmanager
def with_instruments(template: Path) -> Iterator[Ledger]:
    with fresh(template) as ledger:
        with ledger.transaction():
            for instrument in INSTRUMENTS.values():
                ledger.set_instrument(instrument)
        yield ledger


def play(ledger: Ledger, plan: list[list[Trade]]) -> None:
    with ledger.transaction():
        number = 0
        for day, trades in zip(DAYS, plan, strict=True):
            for one in trades:
                exec_id, number = f"x{number}", number + 1
                if not one.late_fee:
                    ledger.insert_commission(exec_id, one.fee, one.fee_currency)
                ledger.insert_execution(
                    exec_id, None, "trend", symbol=one.symbol, side=one.side, quantity=one.quantity, price=one.price,
                    exec_time=f"{day} 15:{number:02d}:00", trade_date=day,
                )  # fmt: skip
                if one.late_fee:
                    ledger.insert_commission(exec_id, one.fee, one.fee_currency)


def value(position: Position, price: float, instrument: Instrument) -> float:
    """Profit that waits; in the reporting currency it is rounded to its unit, as days are."""
    worth = position.quantity * price * instrument.multiplier - position.cost
    return round(worth, 2 if instrument.currency == "USD" else 8)


def recomputed(plan: list[list[Trade]], marked: dict[tuple[str, str], float]) -> dict[tuple[str, str], list[float]]:
    """Realised, unrealised change and commission by (currency, day), without a database."""
    held: dict[str, Position] = defaultdict(lambda: FLAT)
    worth: dict[str, float] = defaultdict(float)
    last: dict[str, float] = {}
    found: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for day, trades in zip(DAYS, plan, strict=True):
        for one in trades:
            instrument = INSTRUMENTS[one.symbol]
            booking = apply(held[one.symbol], one.side, one.quantity, one.price, instrument.multiplier)
            held[one.symbol], last[one.symbol] = booking.position, one.price
            found[instrument.currency, day][0] += booking.realized_pnl
            found[one.fee_currency, day][2] += one.fee
        for symbol, instrument in INSTRUMENTS.items():
            price = marked.get((day, symbol))
            if price is None and any(one.symbol == symbol for one in trades):
                price = last[symbol]
            if price is not None and symbol in last:
                now = value(held[symbol], price, instrument)
                found[instrument.currency, day][1] += now - worth[symbol]
                worth[symbol] = now
    return {key: [round(x, 6) for x in row] for key, row in found.items() if any(abs(x) > 1e-9 for x in row)}


def rows(ledger: Ledger, sql: str) -> list[dict[str, Any]]:
    columns, found = ledger.query(sql)
    return [dict(zip(columns, row, strict=True)) for row in found]


@quick
@given(plan=days, marked=marks)
def test_each_day_is_what_a_plain_recomputation_says(
    empty_database: Path, plan: list[list[Trade]], marked: dict[tuple[str, str], float]
) -> None:
    with with_instruments(empty_database) as ledger:
        with ledger.transaction():
            for (day, symbol), price in marked.items():
                ledger.insert_mtm_price(day, symbol, price)
        play(ledger, plan)
        daily = rows(ledger, "SELECT * FROM v_daily_pnl")
        held = rows(ledger, "SELECT * FROM v_positions")

    shown = {
        (row["currency"], row["trade_date"]): [
            round(row[name], 6) + 0.0 for name in ("realized_pnl", "unrealized_change", "commission")
        ]
        for row in daily
        if row["realized_pnl"] or abs(row["unrealized_change"]) > 1e-9 or row["commission"]
    }
    assert shown == recomputed(plan, marked)
    for currency in ("USD", "EUR"):
        open_profit = sum(row["unrealized_pnl"] for row in held if row["currency"] == currency)
        assert round(sum(row["unrealized_change"] for row in daily if row["currency"] == currency), 4) == round(
            open_profit, 4
        )


@quick
@given(plan=days)
def test_the_sum_of_the_parts_is_the_whole(empty_database: Path, plan: list[list[Trade]]) -> None:
    with with_instruments(empty_database) as ledger:
        play(ledger, plan)
        assert ledger.check_totals() == []
        whole = rows(ledger, "SELECT currency, realized_pnl, commission, fills, total_pnl FROM v_strategy_pnl")
        daily = rows(ledger, "SELECT currency, ROUND(SUM(total_pnl), 2) AS total FROM v_daily_pnl GROUP BY currency")
        sums = {
            "days": "SELECT currency, SUM(realized_pnl), SUM(commission), SUM(fills) FROM v_daily_pnl GROUP BY 1",
            "fees": "SELECT currency, SUM(amount) FROM v_commissions GROUP BY 1",
            "fills": "SELECT currency, SUM(realized_pnl), SUM(commission), COUNT(*) FROM v_executions GROUP BY 1",
            "trades": "SELECT currency, SUM(gross), SUM(fee) FROM ("
            "SELECT currency, gross_pnl AS gross, commission AS fee FROM v_trades "
            "UNION ALL SELECT currency, realized_pnl, commission FROM v_positions) GROUP BY currency",
        }
        parts = {
            name: {row[0]: tuple(round(x, 2) for x in row[1:]) for row in ledger.query(sql)[1]}
            for name, sql in sums.items()
        }

    total = {row["currency"]: tuple(round(row[n], 2) for n in ("realized_pnl", "commission", "fills")) for row in whole}
    # A fee of nothing in another currency gives a strategy's row of zeros there, and no day.
    assert parts["days"] == {c: t for c, t in total.items() if any(t) or c in parts["days"]}
    by_day = {row["currency"]: row["total"] for row in daily}
    assert by_day == {
        row["currency"]: round(row["total_pnl"], 2) for row in whole if row["total_pnl"] or row["currency"] in by_day
    }
    assert {c: p[0] for c, p in parts["fees"].items()} == {c: t[1] for c, t in total.items() if c in parts["fees"]}
    own = {c: t for c, t in total.items() if c in parts["fills"]}
    assert {c: (p[0], p[2]) for c, p in parts["fills"].items()} == {c: (t[0], t[2]) for c, t in own.items()}
    assert {c: p[0] for c, p in parts["trades"].items()} == {c: t[0] for c, t in own.items()}
    assert {c: p[1] for c, p in parts["trades"].items()} == {c: p[1] for c, p in parts["fills"].items()}


@quick
@given(data=st.data(), trades=st.lists(trade, min_size=1, max_size=5))
def test_fills_in_any_split_leave_the_same_position_and_profit(
    empty_database: Path, data: st.DataObject, trades: list[Trade]
) -> None:
    def split(one: Trade) -> list[Trade]:
        units = round(one.quantity * 4)
        if units < 2:
            return [one]
        first = data.draw(st.integers(1, units - 1))
        # Whole cents, so that rounding each part's cash is rounding the whole.
        return [one._replace(quantity=first / 4), one._replace(quantity=(units - first) / 4, fee=0.0)]

    even = [one._replace(price=round(one.price * 100) * 4 / 100) for one in trades]
    with with_instruments(empty_database) as ledger:
        play(ledger, [even, [], [], []])
        whole = summary(ledger)
    with with_instruments(empty_database) as ledger:
        play(ledger, [[part for one in even for part in split(one)], [], [], []])
        parted = summary(ledger)

    assert parted == whole


def summary(ledger: Ledger) -> Any:
    trades = (
        "SELECT symbol, side, quantity, max_quantity, ROUND(avg_entry, 6), ROUND(avg_exit, 6), gross_pnl FROM v_trades"
    )
    # A close at the very price of a partial one may round a cent between them: sums by symbol do not.
    held = "SELECT symbol, position, ROUND(avg_price, 6), ROUND(cost, 1) FROM v_positions ORDER BY symbol"
    pnl = "SELECT currency, ROUND(SUM(realized_pnl - cost_change), 2) FROM position_day GROUP BY currency"
    return [ledger.query(sql)[1] for sql in (held, pnl)] + [[row[:6] for row in ledger.query(trades)[1]]]


@quick
@given(data=st.data(), plan=days)
def test_a_corrected_ledger_is_worth_what_it_would_be_without_the_mistake(
    empty_database: Path, data: st.DataObject, plan: list[list[Trade]]
) -> None:
    places = [(d, n) for d, trades in enumerate(plan) for n in range(len(trades))]
    wrong = data.draw(st.sets(st.sampled_from(places), max_size=3)) if places else set()
    numbers = {place: number for number, place in enumerate(places)}
    with with_instruments(empty_database) as ledger:
        play(ledger, plan)
        with ledger.transaction():
            for place in sorted(wrong):
                ledger.correct_execution(f"x{numbers[place]}", "never was", delete=True)
        assert ledger.check_totals() == []
        corrected = truth(ledger)
    kept = [[one for n, one in enumerate(trades) if (d, n) not in wrong] for d, trades in enumerate(plan)]
    with with_instruments(empty_database) as ledger:
        play(ledger, kept)
        assert corrected == truth(ledger)


def truth(ledger: Ledger) -> dict[str, Any]:
    """What is held and was made, by position and by trade."""
    return {
        "held": ledger.query("SELECT symbol, position, avg_price, cost, realized_pnl, commission FROM v_positions")[1],
        "trades": ledger.query(
            "SELECT symbol, side, quantity, gross_pnl, commission, open_date, close_date, fills FROM v_trades "
            "ORDER BY symbol, trade_id"
        )[1],
        "days": ledger.query(
            "SELECT currency, trade_date, fills, ROUND(total_pnl, 4) FROM v_daily_pnl WHERE fills <> 0 "
            "ORDER BY currency, trade_date"
        )[1],
        "sums": [
            row
            for row in ledger.query(
                "SELECT currency, ROUND(realized_pnl, 2), ROUND(commission, 2), fills FROM v_strategy_pnl ORDER BY 1"
            )[1]
            if any(row[1:])
        ],
    }
