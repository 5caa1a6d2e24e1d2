"""Marking to market: daily closes from bar files into ``mtm_price``, of what is held or was traded and of currencies.

A price that a person or another program wrote is never replaced; one that came from bars is, when the bars changed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from quantstrip.bars import BarStore, BarTable, read_csv, resample, sample_folder, timeframe_of
from quantstrip.bars.barfile import find
from quantstrip.bars.sessions import date_of
from quantstrip.clock import Micros, from_text, system_clock
from quantstrip.errors import DataError
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.ledger.query import Reading
from quantstrip.operations.settings import manager_of

_BATCH: Final = 500
"""Rows of one transaction: a strategy's fill waits for a moment at most."""
_RATES_BEFORE: Final = timedelta(days=10)
_CURRENCIES_CALENDAR: Final = "24/5"
_STANDARD_CALENDAR: Final = "NYSE"
_BY_SYMBOL: Final = frozenset({"", "STK", "ETF", "CASH", "CRYPTO", "FX", "FOREX", "FUND", "IND"})
"""Kinds of instruments that their symbol names; a future or an option needs a file of its contract."""
_WANTED: Final = (
    "SELECT p.symbol, p.contract_id, MIN(p.trade_date), "
    "MAX(CASE WHEN p.mode IN ('replay', 'simulation') THEN COALESCE(r.feed_date, p.trade_date) ELSE '9999-12-31' END) "
    "FROM position_day p LEFT JOIN strategy_run r ON r.strategy_id = p.strategy_id AND r.mode = p.mode "
    "AND r.account = p.account GROUP BY p.symbol, p.contract_id ORDER BY p.symbol, p.contract_id"
)
_TERMS: Final = (
    "SELECT instrument_type, calendar FROM instrument WHERE symbol = ? AND contract_id IN (?, '') "
    "ORDER BY contract_id DESC LIMIT 1"
)
_TYPE: Final = "SELECT instrument_type FROM execution WHERE symbol = ? AND contract_id = ? ORDER BY seq_id DESC LIMIT 1"
_KNOWN: Final = "SELECT date, close, metadata FROM mtm_price WHERE symbol = ? AND contract_id = ? AND date >= ?"
_CURRENCIES: Final = (
    "SELECT currency FROM position_day UNION SELECT currency FROM strategy WHERE currency IS NOT NULL "
    "UNION SELECT currency FROM reporting"
)
_MISSING: Final = (
    "SELECT missing_rate FROM v_daily_pnl WHERE current_run = 1 AND missing_rate IS NOT NULL "
    "UNION SELECT missing_rate FROM v_positions WHERE current_run = 1 AND missing_rate IS NOT NULL"
)
_STALE: Final = (
    "SELECT DISTINCT symbol, mark_date FROM v_positions WHERE mode IN ('live', 'paper') AND current_run = 1 "
    "AND mark_source = 'fill' ORDER BY symbol"
)


@dataclass(frozen=True, slots=True)
class Marks:
    """What was done.

    Attributes:
        written: rows that are new or changed.
        symbols: what closes were found for.
        without: held live or on paper, and valued at the last fill because no close is known since.
        missing_rates: exchange rates that reports lack, such as EURUSD.
        refused: files that cannot be used, and why.

    """

    written: int = 0
    symbols: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    missing_rates: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def complaints(self) -> list[str]:
        """What a person should know, a line each."""
        return [
            *(f"{symbol} is held and has no close since its last fill" for symbol in self.without),
            *(f"there is no exchange rate {symbol}" for symbol in self.missing_rates),
            *self.refused,
        ]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Closes of one instrument, from ``first`` to ``last``, in files called ``name``."""

    symbol: str
    contract_id: str
    name: str
    calendar: str
    first: str
    last: str


def write_marks(home: Home, *, now: Micros | None = None) -> Marks:
    """Write every close that bar files know and ``mtm_price`` lacks, of sessions that are over.

    Bars are looked for as ``SYMBOL.csv`` (``SYMBOL-CONTRACT.csv`` for futures and options) in the setting
    ``marks.folder``, then in folders that strategy clients trade on, in the home's bars, in its bar store, and in the
    sample.
    Repeated, it changes nothing. A file that cannot be read costs its symbol only.

    Args:
        now: sessions that close later are left out; None is the machine's time.

    """
    ledger = open_ledger(home)
    moment = system_clock.now() if now is None else now
    folders = bar_folders(home)
    written, found, refused = 0, [], []
    for wanted in [*_instruments(ledger), *_pairs(ledger)]:
        rows: dict[str, dict[str, Any]] = {}
        for folder in folders:
            try:
                # The first folder that knows a day's close decides; the others fill in.
                rows = dict(_closes(folder, wanted, moment)) | rows
            except DataError as error:
                refused.append(error.message)
        if rows:
            found.append(wanted.symbol)
            written += _write(ledger, wanted, rows)
    missing = tuple(str(row[0]) for row in ledger.query(_MISSING, timeout_seconds=120)[1])
    without = tuple(str(row[0]) for row in ledger.query(_STALE)[1])
    return Marks(written, tuple(dict.fromkeys(found)), without, missing, tuple(refused))


def calendars_of(home: Home) -> tuple[str, ...]:
    """The exchanges whose closes are waited for: those of what was ever traded, else New York's."""
    found = sorted({each.calendar for each in _instruments(open_ledger(home))})
    return tuple(found) or (_STANDARD_CALENDAR,)


def bar_folders(home: Home) -> list[Path]:
    """Where bar files are looked for; the first folder that knows a bar decides."""
    settings = manager_of(home)
    chosen = str(settings.get("marks.folder", ""))
    clients = settings.items("clients") if settings.find("clients") is not None else {}
    own = [str(each["bars"]) for each in clients.values() if isinstance(each, Mapping) and each.get("bars")]
    named = [home.root / Path(folder).expanduser() for folder in (chosen, *own) if folder]
    return [each for each in dict.fromkeys([*named, home.bars, sample_folder()]) if each.is_dir()]


def bars_name(read: Ledger | Reading, symbol: str, contract_id: str) -> tuple[str, str]:
    """What the file of an instrument's bars is called, without its ending, and the instrument's calendar."""
    terms = read.query(_TERMS, (symbol, contract_id))[1]
    kind, calendar = terms[0] if terms else (None, _STANDARD_CALENDAR)
    if contract_id and kind is None:
        kind = next((row[0] for row in read.query(_TYPE, (symbol, contract_id))[1]), None)
    name = symbol if not contract_id or (kind or "").upper() in _BY_SYMBOL else f"{symbol}-{contract_id}"
    return name, calendar or _STANDARD_CALENDAR


def _instruments(ledger: Ledger) -> list[_Wanted]:
    found = []
    for symbol, contract, first, last in ledger.query(_WANTED)[1]:
        name, calendar = bars_name(ledger, symbol, contract)
        found.append(_Wanted(symbol, contract, name, calendar, first, last))
    return found


def _pairs(ledger: Ledger) -> Iterator[_Wanted]:
    """Every pair that a conversion into the reporting currency may go through, as v_rates tries them."""
    reporting = ledger.reporting_currency()
    own = {str(row[0]) for row in ledger.query(_CURRENCIES)[1]}
    first = ledger.query("SELECT MIN(trade_date) FROM position_day")[1][0][0]
    if own <= {reporting} or first is None:
        return
    since = (date.fromisoformat(first) - _RATES_BEFORE).isoformat()
    through = {reporting, "USD", "EUR"}
    names = {one + other for one in own for other in through if one != other}
    for name in sorted(names | {name[3:] + name[:3] for name in names if len(name) == 6}):
        yield _Wanted(name, "", name, _CURRENCIES_CALENDAR, since, "9999-12-31")


def _closes(folder: Path, wanted: _Wanted, now: Micros) -> Iterator[tuple[str, dict[str, Any]]]:
    """Date and prices of each wanted session that is over."""
    path = find(folder, wanted.name)
    table = _stored(folder, wanted) if path is None else _of_file(path, wanted)
    if table is None:
        return
    source = f"bars:{path.name if path else table.source}"
    columns = (table.label, table.ts, table.open, table.high, table.low, table.close, table.volume)
    for label, closed, *prices in zip(*(column.tolist() for column in columns), strict=True):
        day = date_of(label).isoformat()
        if wanted.first <= day <= wanted.last and closed <= now:
            names = ("open", "high", "low", "close", "volume")
            yield day, dict(zip(names, prices, strict=True)) | {"metadata": {"source": source}}


def _of_file(path: Path, wanted: _Wanted) -> BarTable:
    timeframe = timeframe_of(path)
    if timeframe == "1w":
        raise DataError(f"{path} holds weekly bars, which tell no daily close", hint="Put daily bars there.")
    return _daily(read_csv(path, wanted.symbol, timeframe or "1d", wanted.calendar, gaps="accept"), wanted.calendar)


def _stored(folder: Path, wanted: _Wanted) -> BarTable | None:
    """Daily bars of the bar store that lies in the folder, or None."""
    store = BarStore(folder)
    if store.made_of(wanted.name, "1d") is None:
        return None
    return store.read(wanted.name, "1d", from_text(wanted.first))


def _daily(table: BarTable, calendar: str) -> BarTable:
    """Shorter bars as days; a session that is over is whole, even where its last minutes had no trade."""
    if table.timeframe == "1d":
        return table
    inside = replace(table, **_inside(table, calendar))
    return resample(inside, "1d", calendar, partial=True)


def _inside(table: BarTable, calendar: str) -> dict[str, Any]:
    from quantstrip.bars.sessions import session_grid

    grid = session_grid(calendar, int(table.label[0]), int(table.ts[-1]))
    _, trading = grid.containing(table.ts_open)
    names = ("label", "ts_open", "ts", "open", "high", "low", "close", "volume")
    return {name: getattr(table, name)[trading] for name in names}


def _write(ledger: Ledger, wanted: _Wanted, rows: Mapping[str, dict[str, Any]]) -> int:
    """Insert what is new, bring up to date what came from bars; how many rows."""
    known = {day: row for day, *row in ledger.query(_KNOWN, (wanted.symbol, wanted.contract_id, wanted.first))[1]}
    due = [(day, row) for day, row in sorted(rows.items()) if _is_due(known.get(day), row["close"])]
    for start in range(0, len(due), _BATCH):
        with ledger.transaction():
            for day, row in due[start : start + _BATCH]:
                ledger.insert_mtm_price(day, wanted.symbol, contract_id=wanted.contract_id or None, **row)
    return len(due)


def _is_due(known: Sequence[Any] | None, close: float) -> bool:
    if known is None:
        return True
    price, metadata = known
    return price != close and _from_bars(metadata)


def _from_bars(metadata: str | None) -> bool:
    source = json.loads(metadata or "{}")
    return isinstance(source, dict) and str(source.get("source", "")).startswith("bars:")
