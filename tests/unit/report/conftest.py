"""A report of three strategies over two years, made of random numbers that are the same in every run."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from quantstrip.report.build import Benchmark, History, Trips, build_report
from quantstrip.report.model import Day, Position, Report, Trade

CREATED = "2024-01-02 18:00:00.000000"
NAMES = ("breakout", "carry", "=SUM(A1:A9)")


def business_days(count: int, last: str = "2023-12-29") -> Any:
    days = np.arange(np.datetime64(last) - 2 * count, np.datetime64(last) + 1)
    return days[np.is_busday(days)][-count:]


def history(name: str, seed: int, count: int = 500, capital: float | None = 100_000.0, **given: Any) -> History:
    random = np.random.default_rng(seed)
    days = business_days(count)
    entered = np.sort(random.integers(0, count - 10, count // 8))
    left = entered + random.integers(0, 9, len(entered))
    trips = Trips(
        np.round(random.normal(60, 700, len(entered)), 2), (left - entered) * 86_400.0 + 3600, days[entered], days[left]
    )
    pnl = np.round(random.normal(40, 600, count), 2)
    return History(name, capital, days, pnl, np.abs(pnl) * 10, trips, **given)


def rows_of(histories: list[History]) -> tuple[list[Day], list[Trade]]:
    daily = [
        Day(each.name, date.fromisoformat(str(day)), float(pnl) + 1.0, 0.0, 1.0, float(pnl), 2)
        for each in histories
        for day, pnl in zip(each.days, each.pnl, strict=True)
    ]
    trades = [
        Trade(
            each.name, "AAPL", "LONG", 10.0, f"{entry} 14:30:00.000000", 100.5, f"{left} 20:00:00.000000",
            101.25, float(pnl) + 2, 2.0, float(pnl),
        )
        for each in histories
        for entry, left, pnl in zip(each.trips.entered, each.trips.left, each.trips.pnl, strict=True)
    ]  # fmt: skip
    return daily, sorted(trades, key=lambda trade: trade.exit_time, reverse=True)


def report_of(histories: list[History], **given: Any) -> Report:
    daily, trades = rows_of(histories)
    return build_report(histories, mode="paper", currency="USD", created=CREATED, daily=daily, trades=trades, **given)


@pytest.fixture(scope="session")
def report() -> Report:
    days = business_days(520)
    closes = 50 * np.cumprod(1 + np.random.default_rng(9).normal(3e-4, 0.01, len(days)))
    return report_of(
        [history(name, seed) for seed, name in enumerate(NAMES)],
        benchmark=Benchmark("SPY", days, closes),
        positions=[
            Position("breakout", "AAPL", "NET", 200.0, 150.125, 155.2, date(2023, 12, 29), 1015.0),
            Position("carry", '=HYPERLINK("x")', "LONG", -0.5, 50.0),
        ],
        notes=["No price of <b>GLD</b> & others."],
    )


@pytest.fixture(scope="session")
def empty_report() -> Report:
    return build_report([], mode="live", currency="EUR", created=CREATED)
