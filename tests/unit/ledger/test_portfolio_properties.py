"""Whatever several strategies do in two currencies, in any accounts: the portfolio's days are the sum of theirs."""

import shutil
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.clock import ManualClock, from_text
from quantstrip.ledger import Ledger
from quantstrip.model import Instrument, OrderSide

DAYS = ("2024-03-04", "2024-03-05", "2024-03-06")
INSTRUMENTS = {
    "A": Instrument("A"),
    "OPT": Instrument("OPT", multiplier=100.0, instrument_type="OPT"),
    "SAP": Instrument("SAP", currency="EUR"),
}


class Trade(NamedTuple):
    strategy: str
    account: str
    symbol: str
    side: OrderSide
    quantity: int
    cents: int
    fee: int
    fee_currency: str


trade = st.builds(
    Trade,
    st.sampled_from(["trend", "carry"]),
    st.sampled_from(["U1", "U2"]),
    st.sampled_from(list(INSTRUMENTS)),
    st.sampled_from(OrderSide),
    st.integers(1, 9),
    st.integers(100, 20_000),
    st.integers(0, 300),
    st.sampled_from(["USD", "EUR"]),
)
plan = st.lists(st.lists(trade, max_size=5), min_size=len(DAYS), max_size=len(DAYS))
rates = st.dictionaries(st.sampled_from(DAYS), st.integers(80, 140).map(lambda n: n / 100))
marks = st.dictionaries(
    st.tuples(st.sampled_from(DAYS), st.sampled_from(list(INSTRUMENTS))),
    st.integers(100, 20_000).map(lambda n: n / 100),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=plan, rates=rates, marks=marks)
def test_the_portfolios_days_are_the_sum_of_its_strategies_to_the_cent(
    empty_database: Path, plan: list[list[Trade]], rates: dict[str, float], marks: dict[tuple[str, str], float]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(shutil.copy(empty_database, folder)), clock=ManualClock(from_text("2024-03-08 17:00:00")))
        play(ledger, plan, rates, marks)
        daily, whole = rows(ledger, "SELECT * FROM v_daily_pnl"), rows(ledger, "SELECT * FROM v_portfolio_daily")
        cumulative = rows(
            ledger, "SELECT strategy, account, currency, SUM(total_pnl) AS total FROM v_daily_pnl GROUP BY 1, 2, 3"
        )
        made = rows(ledger, "SELECT strategy, account, currency, total_pnl AS total FROM v_strategy_pnl")
        ledger.close()

    for row in daily:
        parts = row["realized_pnl"] - row["commission"] + row["unrealized_change"]
        assert round(row["total_pnl"] - parts, 6) == 0.0
        known = [day for day in rates if day <= row["trade_date"]]
        rate = 1.0 if row["currency"] == "USD" else rates[max(known)] if known else None
        assert row["rate"] == rate
        assert row["missing_rate"] == (None if rate else "EURUSD")
        if rate is None:
            assert row["reporting_total_pnl"] is None, "what cannot be converted is empty, never zero"
            continue
        for name in ("realized_pnl", "unrealized_change", "commission"):
            assert abs(row[f"reporting_{name}"] - row[name] * rate) <= 0.005 + 1e-9, "each part is rounded once"
    for day in whole:
        there = [row for row in daily if row["trade_date"] == day["trade_date"] and row["missing_rate"] is None]
        assert day["fills"] == sum(row["fills"] for row in daily if row["trade_date"] == day["trade_date"])
        for name in ("realized_pnl", "unrealized_change", "commission", "net_pnl", "total_pnl"):
            parts = [row[f"reporting_{name}"] for row in there]
            assert cents(day[name] or 0.0) == cents(sum(parts)), name
    assert by_place(cumulative) == {
        place: total for place, total in by_place(made).items() if place in by_place(cumulative)
    }
    assert {place for place, total in by_place(made).items() if total} <= set(by_place(cumulative))


def play(ledger: Ledger, plan: list[list[Trade]], rates: dict[str, float], marks: dict[tuple[str, str], float]) -> None:
    with ledger.transaction():
        for instrument in INSTRUMENTS.values():
            ledger.set_instrument(instrument)
        for day, rate in rates.items():
            ledger.insert_mtm_price(day, "EURUSD", rate)
        for (day, symbol), price in marks.items():
            ledger.insert_mtm_price(day, symbol, price)
        number = 0
        for day, trades in zip(DAYS, plan, strict=True):
            for one in trades:
                number += 1
                ledger.insert_execution(
                    f"x{number}", None, one.strategy, symbol=one.symbol, side=one.side, quantity=one.quantity,
                    price=one.cents / 100, account=one.account, exec_time=f"{day} 15:{number:02d}:00", trade_date=day,
                )  # fmt: skip
                ledger.insert_commission(f"x{number}", one.fee / 100, one.fee_currency)


def rows(ledger: Ledger, sql: str) -> list[dict[str, Any]]:
    columns, found = ledger.query(sql)
    return [dict(zip(columns, row, strict=True)) for row in found]


def cents(amount: float) -> int:
    return round(amount * 100)


def by_place(found: list[dict[str, Any]]) -> dict[tuple[str, str, str], int]:
    totals: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in found:
        totals[row["strategy"], row["account"], row["currency"]] += cents(row["total"])
    return dict(totals)
