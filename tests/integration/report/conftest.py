"""A ledger with two years of trades on real prices: three strategies, one of them in euros, one still holding."""

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.model import Instrument

DATA = Path(__file__).parents[3] / "examples/data"
FIRST, LAST = "2011-01-03", "2012-12-31"
EUR_RATE = 1.25


@dataclass(frozen=True)
class Bought:
    """One strategy's rule: hold ``quantity`` of ``symbol`` for ``hold`` sessions in every ``every``."""

    name: str
    symbol: str
    quantity: float
    every: int
    hold: int
    allocation: float | None
    currency: str = "USD"


RULES = (
    Bought("swing", "AAPL", 30, 15, 9, 50_000.0),
    Bought("seldom", "IBM", -20, 60, 30, 40_000.0),
    Bought("euros", "MSFT", 500, 40, 20, 20_000.0, "EUR"),
)


def prices(symbol: str) -> list[tuple[str, float, float]]:
    """Date, open and close of each session of the two years."""
    with (DATA / f"{symbol}.csv").open(encoding="utf-8") as file:
        rows = [(row["time"], float(row["open"]), float(row["close"])) for row in csv.DictReader(file)]
    return [row for row in rows if FIRST <= row[0] <= LAST]


def trade(ledger: Ledger, rule: Bought, mode: str = "paper") -> None:
    """Record the fills of a rule, and a closing price a session."""
    ledger.insert_broker("IBKR")
    ledger.set_instrument(Instrument(rule.symbol, currency=rule.currency))
    ledger.insert_strategy(rule.name, allocation=rule.allocation, currency=rule.currency)
    side, other = ("BUY", "SELL") if rule.quantity > 0 else ("SELL", "BUY")
    for number, (day, opening, close) in enumerate(prices(rule.symbol)):
        ledger.insert_mtm_price(day, rule.symbol, close=close)
        turn = number % rule.every
        if turn in (0, rule.hold):
            fill(ledger, rule, mode, day, side if turn == 0 else other, opening)


def fill(ledger: Ledger, rule: Bought, mode: str, day: str, side: str, price: float) -> None:
    order = ledger.insert_order(
        None, rule.name, "IBKR", "U1", rule.symbol, side, "MKT", abs(rule.quantity), mode=mode, currency=rule.currency
    )
    key = f"{mode}-{rule.name}-{rule.symbol}-{day}-{side}"
    ledger.insert_execution(
        key, order, side=side, quantity=abs(rule.quantity), price=price, exec_time=f"{day} 14:30:00", mode=mode,
        currency=rule.currency, trade_date=day,
    )  # fmt: skip
    ledger.insert_commission(key, 1.0, rule.currency)


@pytest.fixture(scope="session")
def traded_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Made once; tests that write take ``home``, a copy of it."""
    home = Home(tmp_path_factory.mktemp("traded") / "home").create()
    ledger = open_ledger(home)
    with ledger.transaction():
        for rule in RULES:
            trade(ledger, rule)
        for day, _, _ in prices("AAPL"):
            ledger.insert_mtm_price(day, "EURUSD", close=EUR_RATE)
    with ledger.get_connection() as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.close()
    return home


@pytest.fixture
def home(traded_home: Home, tmp_path: Path) -> Iterator[Home]:
    copied = Home(Path(shutil.copytree(traded_home.root, tmp_path / "home")))
    yield copied
    open_ledger(copied).close()
