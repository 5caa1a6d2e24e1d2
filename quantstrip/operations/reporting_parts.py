"""What each instrument at each broker brought, day by day: the parts of a strategy's daily PnL.

A day's amounts of a strategy are rows of ``v_daily_pnl``; its parts are worked out as that view does it, from the same
sums and prices, and add up to it to the cent: cents of rounding go to the largest part. What the recorded equity of a
run says beyond its own prices belongs to no instrument; it stays apart, and is said.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from quantstrip.ledger.query import Reading
from quantstrip.operations.report_rows import Key
from quantstrip.report.catalogue import Floats
from quantstrip.report.periods import Days

_DAYS: Final = (
    "SELECT s.name, p.account, p.currency, p.symbol, COALESCE(b.name, ''), p.contract_id, p.leg, p.trade_date, "
    "p.quantity, p.cost_change, p.realized_pnl, p.commission, p.turnover, p.last_price, p.multiplier "
    "FROM position_day p JOIN strategy s ON s.strategy_id = p.strategy_id "
    "LEFT JOIN broker b ON b.broker_id = p.broker_id WHERE p.mode = ? ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"
)
_TOTALS: Final = (
    "SELECT strategy, account, currency, trade_date, reporting_total_pnl, rate FROM v_daily_pnl "
    "WHERE mode = ? AND current_run = 1 AND missing_rate IS NULL ORDER BY 1, 2, 3, 4"
)
_CLOSES: Final = "SELECT date, close FROM mtm_price WHERE symbol = ? AND contract_id = ? AND close IS NOT NULL"
_RUNS: Final = (  # as v_daily_pnl: the newest run of each account, and whether its equity values the account
    "SELECT s.name, r.account, CASE WHEN r.mode IN ('replay', 'simulation') THEN r.feed_date END, "
    "n.runs = 1 AND EXISTS (SELECT 1 FROM equity_day q WHERE q.strategy_run_id = r.strategy_run_id), "
    "r.strategy_run_id FROM (SELECT MAX(strategy_run_id) AS strategy_run_id, COUNT(*) AS runs FROM strategy_run "
    "WHERE mode = ? GROUP BY strategy_id, account) n JOIN strategy_run r ON r.strategy_run_id = n.strategy_run_id "
    "JOIN strategy s ON s.strategy_id = r.strategy_id"
)
_RUN_MARKS: Final = "SELECT symbol, trade_date, price FROM run_mark WHERE strategy_run_id = ?"
_MINOR: Final = "SELECT currency, digits FROM reporting WHERE reporting_id = 1"
_EXACT: Final = 8


class Place(NamedTuple):
    """Where a result belongs: an instrument's symbol and the broker, "" where none is known."""

    symbol: str
    broker: str


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The daily PnL of one strategy in one account, in the reporting currency.

    Attributes:
        days: its sessions that have a rate, ascending.
        pnl, traded: for each place, net PnL and value bought plus sold on each day.
        rest: what belongs to no place, on each day.

    """

    days: Days
    pnl: Mapping[Place, Floats]
    traded: Mapping[Place, Floats]
    rest: Floats


class _Run(NamedTuple):
    """The run that values an account: how far its feed got, and its own prices where its equity counts."""

    reached: str
    marks: Mapping[str, Mapping[str, float]] | None


class _Own(NamedTuple):
    """A day of one place in its own currency."""

    place: Place
    day: str
    amount: float
    traded: float


def parts_of(read: Reading, mode: str) -> dict[Key, Parts]:
    """The parts of every strategy's daily PnL in ``mode``, by strategy and account."""
    currency, digits = read.query(_MINOR)[1][0]
    runs = {(row[0], row[1]): _run(read, row) for row in read.query(_RUNS, (mode,))[1]}
    closes: dict[tuple[str, str], dict[str, float]] = {}
    own: dict[tuple[str, str, str], list[_Own]] = defaultdict(list)
    for key, rows in _by_position(read.query(_DAYS, (mode,))[1]).items():
        strategy, account, money, symbol, broker, contract, _ = key
        run = runs.get((strategy, account), _Run("9999", None))
        if run.marks is None:
            if (symbol, contract) not in closes:
                closes[symbol, contract] = dict(read.query(_CLOSES, (symbol, contract))[1])
            marks: Mapping[str, float] = closes[symbol, contract]
        else:
            marks = run.marks.get(symbol, {})
        own[strategy, account, money] += _days(
            Place(symbol, broker), rows, marks, run.reached, digits if money == currency else _EXACT
        )
    return _together(own, read.query(_TOTALS, (mode,))[1], digits)


def _run(read: Reading, row: Sequence[Any]) -> _Run:
    if not row[3]:
        return _Run(row[2] or "9999", None)
    marks: dict[str, dict[str, float]] = defaultdict(dict)
    for symbol, day, price in read.query(_RUN_MARKS, (row[4],))[1]:
        marks[symbol][day] = price
    return _Run(row[2] or "9999", marks)


def _by_position(rows: Iterable[Sequence[Any]]) -> dict[tuple[str, ...], list[Sequence[Any]]]:
    found: dict[tuple[str, ...], list[Sequence[Any]]] = defaultdict(list)
    for row in rows:
        found[tuple(row[:7])].append(row[7:])
    return found


def _days(
    place: Place, rows: Sequence[Sequence[Any]], marks: Mapping[str, float], reached: str, digits: int
) -> list[_Own]:
    """One position's days: gross result of what was closed, less commission, plus the change of what is open."""
    traded = {row[0]: row for row in rows}
    first, last = rows[0][0], rows[-1][0]
    goes_on = round(sum(row[1] for row in rows), 9) != 0.0
    multiplier = max((row[7] for row in rows if row[7] is not None), default=1.0)
    later = {day for day in marks if first < day <= reached and (goes_on or day < last)}
    position = cost = before = 0.0
    price: float | None = None
    found = []
    for day in sorted(later | set(traded)):
        row = traded.get(day)
        if row is not None:
            position, cost = round(position + row[1], 9), cost + row[2]
            price = marks.get(day, row[6] if row[6] is not None else price)
        else:
            price = marks[day]
        worth = 0.0 if position == 0.0 or price is None else position * multiplier * price
        unrealised = before if position != 0.0 and price is None else round(worth - cost, digits)
        amount = unrealised - before + (row[3] - row[4] if row is not None else 0.0)
        before = unrealised
        found.append(_Own(place, day, amount, row[5] if row is not None else 0.0))
    return found


def _together(
    own: Mapping[tuple[str, str, str], Sequence[_Own]], totals: Sequence[Sequence[Any]], digits: int
) -> dict[Key, Parts]:
    """The parts of each strategy and account, over its currencies, converted and made to add up."""
    known: dict[Key, dict[str, dict[str, tuple[float, float]]]] = defaultdict(lambda: defaultdict(dict))
    for strategy, account, money, day, total, rate in totals:
        known[strategy, account][money][day] = (total, rate)
    made = {}
    for (strategy, account), currencies in known.items():
        dates = sorted({day for days in currencies.values() for day in days})
        sheet = _Sheet(dates)
        for money, days in currencies.items():
            sheet.add(own.get((strategy, account, money), ()), days, digits)
        made[strategy, account] = sheet.parts()
    return made


class _Sheet:
    """Columns of days, one for each place, that parts are added to."""

    def __init__(self, dates: Sequence[str]) -> None:
        self.dates = dates
        self.at = {day: number for number, day in enumerate(dates)}
        self.pnl: dict[Place, Floats] = {}
        self.traded: dict[Place, Floats] = {}
        self.rest = np.zeros(len(dates))

    def add(self, own: Sequence[_Own], known: Mapping[str, tuple[float, float]], digits: int) -> None:
        """What was made in one currency, beside the totals and rates of its days."""
        parts: dict[str, dict[Place, float]] = defaultdict(lambda: defaultdict(float))
        places = {each.place for each in own}
        for place in places:
            self.pnl.setdefault(place, np.zeros(len(self.dates)))
            self.traded.setdefault(place, np.zeros(len(self.dates)))
        for place, day, amount, value in own:
            if day in known:
                parts[day][place] += amount
                self.traded[place][self.at[day]] += value * known[day][1]
        for day, (total, rate) in known.items():
            shares = {place: round(amount * rate, digits) for place, amount in parts[day].items()}
            left = _shared(shares, round(total - sum(shares.values()), _EXACT), places, 10.0**-digits)
            for place, amount in shares.items():
                self.pnl[place][self.at[day]] += amount
            self.rest[self.at[day]] += left

    def parts(self) -> Parts:
        """What was added."""
        pnl = {place: np.round(each, _EXACT) for place, each in self.pnl.items()}
        return Parts(np.array(self.dates, dtype="datetime64[D]"), pnl, self.traded, np.round(self.rest, _EXACT))


def _shared(shares: dict[Place, float], left: float, places: set[Place], cent: float) -> float:
    """Give what rounding left over to the largest part, all to the only one there is; returns what nobody takes."""
    if left == 0.0:
        return 0.0
    if len(places) == 1:
        (only,) = places
        shares[only] = shares.get(only, 0.0) + left
        return 0.0
    if shares and abs(left) <= cent * (len(shares) + 3):
        largest = max(shares, key=lambda place: abs(shares[place]))
        shares[largest] += left
        return 0.0
    return left
