"""Instruments, end-of-day prices, and the session a moment belongs to."""

from contextlib import suppress
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, or_, select

from quantstrip.clock import from_text, to_text
from quantstrip.errors import QuantstripError
from quantstrip.ledger import validate
from quantstrip.ledger.alerts import raise_alert
from quantstrip.ledger.family import Family
from quantstrip.ledger.statements import Statement, Upsert
from quantstrip.ledger.store import Store, Transaction
from quantstrip.ledger.tables import instrument, mtm_price
from quantstrip.log import logger
from quantstrip.model import Instrument

_COLUMNS = ("instrument_type", "currency", "multiplier", "tick_size", "lot_size", "calendar")
_PUT = Upsert(instrument, ("symbol", "contract_id"), (*_COLUMNS, "update_time"))
# The contract's own row, else the row of its symbol.
_FIND = Statement(
    lambda: (
        select(instrument.c.multiplier, instrument.c.currency, instrument.c.calendar, instrument.c.instrument_type)
        .where(
            instrument.c.symbol == bindparam("symbol"),
            or_(instrument.c.contract_id == bindparam("contract_id"), instrument.c.contract_id == ""),
        )
        .order_by(instrument.c.contract_id.desc())
        .limit(1)
    )
)
_CALENDARS = Statement(lambda: select(instrument.c.calendar).distinct())
_ready: set[str] = set()
_session: dict[str, tuple[str, str, str]] = {}
"""Of each calendar the session that was asked for last: the close before it, its own close, its date."""
_ALL = Statement(lambda: select(instrument).order_by(instrument.c.symbol, instrument.c.contract_id))
_DELETE = Statement(
    lambda: delete(instrument).where(
        instrument.c.symbol == bindparam("symbol"), instrument.c.contract_id == bindparam("contract_id")
    )
)
_PUT_PRICE = Upsert(
    mtm_price,
    ("date", "symbol", "contract_id"),
    ("open", "high", "low", "close", "adj_close", "volume", "metadata"),
)
_M = mtm_price.c
_PRICE = Statement(
    lambda: (
        select(mtm_price)
        .where(
            _M.symbol == bindparam("symbol"), _M.contract_id == bindparam("contract_id"), _M.date <= bindparam("until")
        )
        .order_by(_M.date.desc())
        .limit(1)
    )
)
_PER_UNIT = frozenset({"", "STK", "ETF", "CASH", "CRYPTO", "FX", "FOREX", "FUND", "BOND"})


class Terms(NamedTuple):
    """What booking needs to know of an instrument."""

    multiplier: float = 1.0
    currency: str = "USD"
    calendar: str = "NYSE"
    instrument_type: str | None = None
    registered: bool = True


def put_instrument(tx: Transaction, given: Instrument) -> None:
    """Write an instrument's row, or bring it up to date."""
    row = {name: getattr(given, name) for name in ("symbol", "contract_id", *_COLUMNS)}
    tx.run(_PUT, row | {"create_time": tx.now, "update_time": tx.now})


def terms_of(tx: Transaction, now: int, symbol: str, contract_id: str, instrument_type: str | None) -> Terms:
    """Multiplier, currency and calendar of what was traded.

    An unregistered future or option is booked with multiplier 1 and an alert: the fill must be kept either way.
    """
    known, asked = tx.known, (symbol, contract_id, instrument_type)
    known.look(tx.raw)
    terms = known.terms.get(asked)
    if terms is not None:
        return terms
    found = tx.one(_FIND, {"symbol": symbol, "contract_id": contract_id})
    terms = Terms(instrument_type=instrument_type, registered=False) if found is None else Terms(*found)
    if found is None and (instrument_type or "").upper() not in _PER_UNIT:
        raise_alert(
            tx,
            now,
            "instrument_unknown",
            f"{symbol}: contract multiplier unknown",
            f"A fill of {symbol} ({instrument_type}) was booked with multiplier 1. Register the instrument with "
            "set_instrument(...) before trading it; past fills need a correcting entry.",
            rate_key=f"instrument_unknown:{symbol}:{contract_id}",
        )
    else:
        known.terms[asked] = terms
    return terms


def ready_calendars(store: Store, *names: str) -> None:
    """Load calendars before a transaction needs one: a cold start takes a second in which nobody else could write."""
    from quantstrip.calendars import get_calendar

    with store.read() as tx:
        wanted = {*names, Terms().calendar, *(name for (name,) in tx.all(_CALENDARS))}
    for name in wanted - _ready:
        try:
            get_calendar(name)
        except QuantstripError as error:
            logger.warning("calendar {} of an instrument cannot be used: {}", name, error)
        _ready.add(name)


def trade_date_of(tx: Transaction, now: int, calendar: str, exec_time: str) -> str:
    """The session's date a moment belongs to; its UTC date, with an alert, where the calendar has no answer."""
    # Calendars bring numpy with them, which only a process that trades should pay for.
    from quantstrip.calendars import get_calendar

    after, until, day = _session.get(calendar, ("", "", ""))
    if after < exec_time < until:
        return day
    try:
        found = get_calendar(calendar)
        session = found.session_of(from_text(exec_time))
    except QuantstripError as error:
        raise_alert(
            tx,
            now,
            "calendar",
            f"calendar {calendar} has no session for {exec_time}",
            f"The UTC date was used as trade date. {error}",
            rate_key=f"calendar:{calendar}",
        )
        return exec_time[:10]
    day = session.isoformat()
    with suppress(QuantstripError):  # the calendar's first session has none before it
        ends = found.close_ts(found.previous_session(session)), found.close_ts(session)
        _session[calendar] = (to_text(ends[0]), to_text(ends[1]), day)
    return day


class Instruments(Family):
    """Instruments and prices."""

    def set_instrument(self, given: Instrument) -> None:
        """Register what is traded, or change it; fills booked before keep what they were booked with.

        Raises:
            InvalidRecord: multiplier is not positive, or tick or lot size is negative.

        """
        validate.words("symbol", given.symbol)
        validate.positive("multiplier", given.multiplier)
        for name in ("tick_size", "lot_size"):
            validate.finite(name, getattr(given, name))
        with self.store.write() as tx:
            put_instrument(tx, given)

    def delete_instrument(self, symbol: str, contract_id: str = "") -> None:
        """Forget an instrument; fills that were booked with it keep what they were booked with."""
        with self.store.write() as tx:
            tx.run(_DELETE, {"symbol": symbol, "contract_id": contract_id})

    def instruments(self) -> list[dict[str, Any]]:
        """All registered instruments."""
        return self._rows(_ALL)

    def insert_mtm_price(
        self,
        date: str,
        symbol: str,
        close: float,
        *,
        contract_id: str | int | None = None,
        open: float | None = None,  # noqa: A002 - the column's name
        high: float | None = None,
        low: float | None = None,
        adj_close: float | None = None,
        volume: float | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Note a day's price for marking to market; the same (date, symbol, contract) again replaces it.

        Exchange rates are prices too: ``EURUSD`` is what one euro costs in dollars, without a contract_id.
        """
        row: dict[str, Any] = {
            "date": validate.day("date", date),
            "symbol": validate.words("symbol", symbol),
            "contract_id": validate.optional_words(contract_id) or "",
            "metadata": validate.to_json("metadata", metadata),
            "close": validate.finite("close", close),
        }
        given = {"open": open, "high": high, "low": low, "adj_close": adj_close, "volume": volume}
        row |= {name: validate.optional(name, value) for name, value in given.items()}
        with self.store.write() as tx:
            tx.run(_PUT_PRICE, row)

    def get_mtm_price(
        self, symbol: str, date: str | None = None, contract_id: str | int | None = None
    ) -> dict[str, Any] | None:
        """The last price known at or before ``date``, the newest one when None; None where there is none."""
        until = validate.day("date", date) or "9999-12-31"
        return self._row(_PRICE, symbol=symbol, until=until, contract_id=validate.optional_words(contract_id) or "")
