"""Reading a report's rows from the views, in one moment of the ledger. Amounts are in the reporting currency."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np

from quantstrip.calendars import get_calendar
from quantstrip.errors import DataError, ReportError
from quantstrip.ledger import Ledger
from quantstrip.ledger.query import Reading
from quantstrip.model.enums import Mode
from quantstrip.operations.ledger import REPORTING_CURRENCY, recorded_modes
from quantstrip.operations.rates import missing_rates
from quantstrip.report.build import Benchmark, History, Trips, no_days
from quantstrip.report.model import Day, Position, Trade
from quantstrip.report.periods import Days

READ_SECONDS: Final = 120.0
STALE_DAYS: Final = 5
"""Age at which the price of an open position is worth a note."""
_MOST_NAMED: Final = 4
_ALWAYS_OPEN: Final = "24/7"
_UNKNOWN_CALENDAR: Final = "24/5"
_OWN_PACE: Final = frozenset({Mode.REPLAY, Mode.SIMULATION})

_DAILY: Final = (
    "SELECT strategy, account, trade_date, reporting_realized_pnl, reporting_unrealized_change, reporting_commission, "
    "reporting_total_pnl, fills, turnover * rate, missing_rate, rate, currency FROM v_daily_pnl "
    "WHERE mode = ? AND current_run = 1 AND trade_date <= ? ORDER BY trade_date, strategy, account, currency"
)
_CAPITAL: Final = (
    "SELECT strategy, account, currency, capital, client FROM v_return_on_capital WHERE mode = ? AND current_run = 1"
)
_ALLOCATED: Final = "SELECT name, allocation, currency FROM strategy WHERE allocation > 0 AND currency IS NOT NULL"
_RATE: Final = (
    "SELECT rate FROM v_rates WHERE currency = ? AND trade_date >= ? AND rate IS NOT NULL ORDER BY trade_date LIMIT 1"
)
_TRIPS: Final = (
    "SELECT strategy, account, reporting_net_pnl, hold_seconds, open_date, close_date FROM v_trades "
    "WHERE mode = ? AND current_run = 1 AND close_date <= ? AND rate IS NOT NULL"
)
_TRADES: Final = (
    "SELECT strategy, account, symbol, side, quantity, opened, avg_entry, closed, avg_exit, "
    "ROUND(gross_pnl * rate, 8), ROUND(commission * rate, 8), reporting_net_pnl FROM v_trades "
    "WHERE mode = ? AND current_run = 1 AND close_date <= ? AND rate IS NOT NULL "
    "ORDER BY closed DESC, trade_id DESC LIMIT ?"
)
_POSITIONS: Final = (
    "SELECT strategy, account, symbol, leg, position, avg_price, mark_price, mark_date, reporting_unrealized_pnl, "
    "opened, mark_age_days FROM v_positions WHERE mode = ? AND current_run = 1 ORDER BY strategy, account, symbol, leg"
)
_CALENDARS: Final = (
    "SELECT DISTINCT s.name, p.account, i.calendar FROM position_day p "
    "JOIN strategy s ON s.strategy_id = p.strategy_id "
    "JOIN instrument i ON i.symbol = p.symbol AND i.contract_id IN (p.contract_id, '') WHERE p.mode = ?"
)
_PRICES: Final = (
    "SELECT date, COALESCE(adj_close, close) FROM mtm_price WHERE symbol = ? AND contract_id = '' "
    "AND COALESCE(adj_close, close) > 0 ORDER BY date"
)

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What ``build_report`` needs; ``mode`` is "" where nothing was ever recorded.

    ``labels`` are the names of the histories by strategy and account.
    """

    mode: str
    modes: tuple[str, ...]
    currency: str
    histories: tuple[History, ...]
    daily: tuple[Day, ...]
    trades: tuple[Trade, ...]
    positions: tuple[Position, ...]
    benchmark: Benchmark | None
    notes: tuple[str, ...]
    labels: Mapping[Key, str] = field(default_factory=dict)


def read_rows(ledger: Ledger, mode: str | None, until: date | None, benchmark: str, trades: int) -> Rows:
    """Everything of ``mode``, in the first of live, paper, replay and simulation that has rows where it is None.

    Raises:
        ReportError: nothing was recorded in the mode, or the benchmark has no prices.
        LedgerError: the ledger cannot be read.

    """
    with ledger.reading(timeout_seconds=READ_SECONDS) as read:
        return rows_of(read, mode, until, benchmark, trades)


def rows_of(read: Reading, mode: str | None, until: date | None, benchmark: str, trades: int) -> Rows:
    """As ``read_rows``, in a reading that goes on."""
    modes = recorded_modes(read)
    if mode and mode not in modes:
        raise ReportError(
            f"nothing is recorded in the mode {mode!r}",
            hint=f"There is something in: {', '.join(modes)}" if modes else "No strategy has traded yet.",
        )
    chosen, last = mode or next(iter(modes), ""), until.isoformat() if until else "9999-12-31"
    currency = read.query(REPORTING_CURRENCY)[1][0][0]
    market = benchmark_of(read, benchmark) if benchmark else None
    daily = read.query(_DAILY, (chosen, last))[1]
    known = [row for row in daily if row[9] is None]
    converted = {(row[0], row[1]) for row in known}
    unrated = missing_rates(read, chosen, last) if len(known) < len(daily) else ()
    label = _labels(daily)
    held = read.query(_POSITIONS, (chosen,))[1] if until is None else []
    given = read.query(_CAPITAL, (chosen,))[1]
    capital = _capital(daily, given)
    allocated, unrated_capital = _allocated(read, {(row[0], row[1]): row[2] for row in reversed(daily)}, capital)
    capital |= allocated
    histories = _histories(
        chosen, label, capital, known, read.query(_TRIPS, (chosen, last))[1], held,
        read.query(_CALENDARS, (chosen,))[1],
    )  # fmt: skip
    histories += tuple(_unknown(name) for key, name in label.items() if key not in converted)
    shown = read.query(_TRADES, (chosen, last, trades))[1]
    return Rows(
        mode=chosen,
        modes=modes,
        currency=currency,
        histories=histories,
        daily=tuple(Day(label[row[0], row[1]], date.fromisoformat(row[2]), *row[3:8]) for row in known),
        trades=tuple(Trade(label.get((row[0], row[1]), row[0]), *row[2:]) for row in shown),
        positions=tuple(_position(label, row) for row in held),
        benchmark=market,
        labels=label,
        notes=(
            *map(str, unrated),
            *(
                _capital_note(label[key], unrated_capital.get(key), currency)
                for key in sorted(converted - set(capital))
            ),
            *_shared_notes({(row[0], row[1]) for row in given if row[3] and not row[4]} | set(allocated)),
            *_price_notes(chosen, held),
        ),
    )


def _labels(daily: Sequence[Sequence[Any]]) -> dict[Key, str]:
    """A strategy's name; with its account where it has several."""
    keys = sorted({(row[0], row[1]) for row in daily})
    accounts: dict[str, int] = defaultdict(int)
    for name, _ in keys:
        accounts[name] += 1
    return {(name, account): name if accounts[name] == 1 else f"{name} ({account})" for name, account in keys}


def _capital(daily: Sequence[Sequence[Any]], rows: Iterable[Sequence[Any]]) -> dict[Key, float]:
    """Capital by strategy and account, converted at the first rate of its sessions."""
    first: dict[tuple[str, str, str], float] = {}
    for row in daily:
        if row[10] is not None:
            first.setdefault((row[0], row[1], row[11]), row[10])
    found: dict[Key, float] = {}
    for name, account, currency, capital, _ in rows:
        rate = first.get((name, account, currency))
        if capital and rate:
            found[name, account] = found.get((name, account), 0.0) + round(capital * rate, 8)
    return found


def _allocated(
    read: Reading, begun: dict[Key, str], known: dict[Key, float]
) -> tuple[dict[Key, float], dict[Key, str]]:
    """Allocations in a currency in which nothing was traded, so that no session has them, at the rate of the first.

    Returns:
        The converted ones, and the currency of those that lack a rate.

    """
    found: dict[Key, float] = {}
    unrated: dict[Key, str] = {}
    if set(begun) <= set(known):
        return found, unrated
    for name, allocation, currency in read.query(_ALLOCATED)[1]:
        for key in (key for key in begun if key[0] == name and key not in known):
            rates = read.query(_RATE, (currency, begun[key]))[1]
            if rates:
                found[key] = round(allocation * rates[0][0], 8)
            else:
                unrated[key] = currency
    return found, unrated


def _histories(
    mode: str,
    label: dict[Key, str],
    capital: dict[Key, float],
    daily: Sequence[Sequence[Any]],
    trips: Iterable[Sequence[Any]],
    held: Iterable[Sequence[Any]],
    calendars: Iterable[Sequence[Any]],
) -> tuple[History, ...]:
    days: dict[Key, list[Sequence[Any]]] = defaultdict(list)
    ended: dict[Key, list[Sequence[Any]]] = defaultdict(list)
    opened: dict[Key, list[str]] = defaultdict(list)
    names: dict[Key, set[str]] = defaultdict(set)
    for row in daily:
        days[row[0], row[1]].append(row)
    for row in trips:
        ended[row[0], row[1]].append(row)
    for row in held:
        opened[row[0], row[1]].append(row[9][:10])
    for name, account, calendar in calendars:
        names[name, account].add(calendar)
    newest = max((row[2] for row in daily), default="")
    made = []
    for key, rows in sorted(days.items()):
        exchanges = names[key] or {_UNKNOWN_CALENDAR}
        until = rows[-1][2] if mode in _OWN_PACE else newest
        sessions = _sessions([row[2] for row in rows], until, exchanges)
        place = np.searchsorted(sessions, np.array([row[2] for row in rows], dtype="datetime64[D]"))
        pnl, traded = np.zeros(len(sessions)), np.zeros(len(sessions))
        np.add.at(pnl, place, [row[6] for row in rows])
        np.add.at(traded, place, [row[8] or 0.0 for row in rows])
        made.append(
            History(
                label[key],
                capital.get(key),
                sessions,
                np.round(pnl, 8),
                traded,
                trips_of(ended[key]),
                np.array(opened[key], dtype="datetime64[D]"),
                always_open=exchanges == {_ALWAYS_OPEN},
            )
        )
    return tuple(made)


def _unknown(label: str) -> History:
    """A strategy of which no session has a rate: it has no figures, but it is there."""
    return History(label, None, no_days(), np.zeros(0), np.zeros(0))


def _sessions(own: Sequence[str], until: str, exchanges: Iterable[str]) -> Days:
    """Every session of the exchanges from the first of the strategy's own days to ``until``, and those own days."""
    first, last = date.fromisoformat(own[0]), date.fromisoformat(until)
    found = [np.array(own, dtype="datetime64[D]")]
    for name in exchanges:
        try:
            between = np.array(get_calendar(name).sessions(first, last), dtype="datetime64[D]")
        except DataError:  # no exchange of that name, or days beyond what is known of it: Monday to Friday
            between = np.arange(np.datetime64(first), np.datetime64(last) + 1)
            between = between[np.is_busday(between)]
        found.append(between)
    return np.unique(np.concatenate(found))


def trips_of(rows: Sequence[Sequence[Any]]) -> Trips:
    """Round trips from rows of strategy, account, result, seconds held, first and last day."""
    return Trips(
        np.array([row[2] for row in rows], dtype=np.float64),
        np.array([row[3] for row in rows], dtype=np.float64),
        np.array([row[4] for row in rows], dtype="datetime64[D]"),
        np.array([row[5] for row in rows], dtype="datetime64[D]"),
    )


def _position(label: dict[Key, str], row: Sequence[Any]) -> Position:
    name, account, symbol, leg, quantity, average, price, price_date, unrealised = row[:9]
    day = date.fromisoformat(price_date) if price_date else None
    return Position(label.get((name, account), name), symbol, leg, quantity, average, price, day, unrealised)


def benchmark_of(read: Reading, symbol: str) -> Benchmark:
    """The benchmark's prices.

    Raises:
        ReportError: there are none.

    """
    rows = read.query(_PRICES, (symbol,))[1]
    if not rows:
        raise ReportError(
            f"there are no prices of the benchmark {symbol!r}",
            hint="Which there are: quantstrip db query 'SELECT DISTINCT symbol FROM mtm_price'",
        )
    return Benchmark(
        symbol,
        np.array([row[0] for row in rows], dtype="datetime64[D]"),
        np.array([row[1] for row in rows], dtype=np.float64),
    )


def _capital_note(label: str, allocated: str | None, currency: str) -> str:
    why = (
        f"There is no rate {allocated}{currency} for the allocation of {label}"
        if allocated
        else f"{label} has no allocation"
    )
    return f"{why}: its amounts count, but it and the portfolio have no returns."


def _shared_notes(allocated: Iterable[Key]) -> list[str]:
    """Who has its allocation as capital in more than one account."""
    accounts: dict[str, list[str]] = defaultdict(list)
    for name, account in sorted(allocated):
        accounts[name].append(account or "no account")
    return [
        f"{name} traded in {len(places)} accounts ({', '.join(places)}): its allocation counts in each of them."
        for name, places in accounts.items()
        if len(places) > 1
    ]


def _price_notes(mode: str, held: Iterable[Sequence[Any]]) -> list[str]:
    if mode in _OWN_PACE:
        return []
    old = {row[2]: row for row in held if row[10] is not None and row[10] > STALE_DAYS}
    named = [f"{symbol} is valued at its price of {row[7]}, {row[10]} days old." for symbol, row in old.items()]
    if len(named) <= _MOST_NAMED:
        return named
    return [*named[: _MOST_NAMED - 1], f"{len(named) - _MOST_NAMED + 1} further prices are as old; see Open positions."]
