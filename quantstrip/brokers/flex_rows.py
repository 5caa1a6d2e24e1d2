"""Rows of a Flex statement: executions, open positions, and events that are no trades."""

import warnings
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

from quantstrip.clock import from_datetime
from quantstrip.errors import StatementError
from quantstrip.model import OrderSide
from quantstrip.model.statement import Fee, StatementEvent, StatementFill, StatementPosition

if TYPE_CHECKING:
    from decimal import Decimal

TRADES, CONFIRMS, POSITIONS = "Trades", "TradeConfirms", "OpenPositions"
EVENTS: Final = ("CorporateActions", "Transfers", "TradeTransfers")
_CANCELS, _BOOKED = ("TradeCancel", "FracShareCancel"), ("BookTrade", "FracShare")
_NEEDED: Final = {
    "symbol": "Symbol", "buySell": "Buy/Sell", "quantity": "Quantity", "tradePrice": "Trade Price",
    "dateTime": "Date/Time", "ibExecID": "IB Execution ID",
}  # fmt: skip


def _parsed(element: ElementTree.Element, section: str, tag: str, account: str) -> list[Any]:
    """The section's rows of one kind as ibflex has them; attributes it does not know are left out."""
    from ibflex import parser  # brings a thousand field definitions that only reconciling needs

    found = []
    for row in element.findall(f"{section}/{tag}"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about attributes that are newer than ibflex
                found.append(parser.parse_data_element(row))
        except parser.FlexParserError as error:
            raise StatementError(
                f"a {tag} of {account} cannot be read: {error}",
                hint="Nothing was written. In the query choose the formats yyyy-MM-dd and HH:mm:ss.",
            ) from error
    return found


def fills_of(element: ElementTree.Element, account: str, zone: ZoneInfo) -> tuple[StatementFill, ...]:
    """The executions of a statement.

    Raises:
        StatementError: a row cannot be read, lacks what is needed, or the section holds summaries only.

    """
    trades = _parsed(element, TRADES, "Trade", account) + _parsed(element, CONFIRMS, "TradeConfirm", account)
    executions = [one for one in trades if one.levelOfDetail in (None, "EXECUTION")]
    summaries = [child.tag for child in element.iterfind(f"{TRADES}/*")]
    if summaries and not executions:
        raise StatementError(
            f"the Trades section of {account} holds no executions, only {', '.join(sorted(set(summaries)))}",
            hint="In the Flex query open Trades and choose Executions.",
        )
    return tuple(_fill(one, account, zone) for one in executions if not _is_event(one))


def _is_event(trade: Any) -> bool:
    transaction = trade.transactionType.value if trade.transactionType is not None else None
    side = trade.buySell.value if trade.buySell is not None else None
    return bool(_kind_of(transaction, side, trade.ibExecID or getattr(trade, "execID", None)))


def _fill(trade: Any, account: str, zone: ZoneInfo) -> StatementFill:
    price = trade.tradePrice if trade.tradePrice is not None else getattr(trade, "price", None)
    exec_id = trade.ibExecID or getattr(trade, "execID", None)
    have: dict[str, Any] = {
        "symbol": trade.symbol, "buySell": trade.buySell, "quantity": trade.quantity, "tradePrice": price,
        "dateTime": trade.dateTime, "ibExecID": exec_id,
    }  # fmt: skip
    lacking = [_NEEDED[name] for name, value in have.items() if value is None]
    if lacking:
        raise StatementError(
            f"a trade of {account} in {trade.symbol or 'an unnamed contract'} lacks {', '.join(lacking)}",
            hint=f"In the Flex query tick these fields of Trades: {', '.join(_NEEDED.values())}.",
        )
    return StatementFill(
        have["ibExecID"],
        trade.accountId or account,
        trade.symbol,
        OrderSide.BUY if trade.buySell.value.startswith("BUY") else OrderSide.SELL,
        abs(float(trade.quantity)),
        float(have["tradePrice"]),
        from_datetime(_moment(trade.dateTime, zone)),
        trade.tradeDate.isoformat() if trade.tradeDate is not None else "",
        trade.conid or "",
        trade.assetCategory.value if trade.assetCategory is not None else None,
        trade.currency,
        _fees(trade),
        trade.orderReference or "",
        trade.ibOrderID or "",
        trade.exchange,
        float(trade.multiplier) if trade.multiplier else None,
    )


def _moment(given: date, zone: ZoneInfo) -> datetime:
    if not isinstance(given, datetime):
        given = datetime(given.year, given.month, given.day)  # noqa: DTZ001 - the zone comes below
    return given.replace(tzinfo=zone)


def _fees(trade: Any) -> tuple[Fee, ...] | None:
    """Commission and tax as money paid; a statement has them negative. None where the query left them out."""
    commission = trade.ibCommission if trade.ibCommission is not None else getattr(trade, "commission", None)
    tax = trade.taxes if trade.taxes is not None else getattr(trade, "tax", None)
    if commission is None and tax is None:
        return None
    currency = trade.ibCommissionCurrency or getattr(trade, "commissionCurrency", None) or trade.currency
    parts: list[tuple[str, str | None, Decimal | None]] = [
        ("COMMISSION", currency, commission),
        ("TAX", trade.currency, tax),
    ]
    return tuple(Fee(kind, unit or "USD", -float(amount)) for kind, unit, amount in parts if amount)


def positions_of(element: ElementTree.Element, account: str) -> tuple[StatementPosition, ...]:
    """The open positions of a statement, lots left out.

    Raises:
        StatementError: a row cannot be read or lacks what is needed, or the section holds lots only.

    """
    rows = _parsed(element, POSITIONS, "OpenPosition", account)
    whole = [one for one in rows if one.levelOfDetail in (None, "SUMMARY")]
    if rows and not whole:
        raise StatementError(
            f"the Open Positions section of {account} holds lots only",
            hint="In the Flex query open Open Positions and choose Summary.",
        )
    lacking = [one for one in whole if one.position is None or not (one.conid or one.symbol)]
    if lacking:
        raise StatementError(
            f"an open position of {account} lacks its quantity or its contract",
            hint="In the Flex query tick Quantity, Conid and Symbol of Open Positions.",
        )
    return tuple(
        StatementPosition(
            one.accountId or account,
            one.symbol or "",
            one.conid or "",
            float(one.position),
            float(one.costBasisPrice) if one.costBasisPrice is not None else None,
        )
        for one in whole
    )


def events_of(element: ElementTree.Element, account: str) -> list[StatementEvent]:
    """What changes holdings and is no execution, from the XML as it is: the kinds are many, and nothing is computed."""
    found = [_event(section, row, account) for section in EVENTS for row in element.iterfind(f"{section}/*")]
    for section in (TRADES, CONFIRMS):
        for row in element.iterfind(f"{section}/*"):
            if row.get("levelOfDetail", "EXECUTION") == "EXECUTION" and row.tag in ("Trade", "TradeConfirm"):
                kind = _kind_of(
                    row.get("transactionType"), row.get("buySell"), row.get("ibExecID") or row.get("execID")
                )
                if kind:
                    found.append(_event(kind, row, account))
    return found


def _kind_of(transaction: str | None, side: str | None, exec_id: str | None) -> str:
    """Which event a row among the trades is; empty where it is an execution."""
    if transaction in _CANCELS or "(Ca.)" in (side or ""):
        return "cancelled trade"
    if not exec_id and transaction in _BOOKED:
        return "exercise, assignment or expiry" if transaction == "BookTrade" else "fraction of a share"
    return ""


def _event(kind: str, row: ElementTree.Element, account: str) -> StatementEvent:
    said = row.get("actionDescription") or row.get("description") or row.get("type") or row.tag
    parts = [said, row.get("quantity", ""), row.get("direction", ""), row.get("ibExecID", "")]
    day = row.get("date") or row.get("reportDate") or row.get("dateTime") or row.get("tradeDate") or ""
    return StatementEvent(
        kind,
        row.get("accountId") or account,
        row.get("symbol", ""),
        row.get("conid", ""),
        day[:10],
        " ".join(part for part in parts if part),
    )


def day_of(given: str, account: str) -> str:
    """A day of a statement as ``YYYY-MM-DD``.

    Raises:
        StatementError: it is none, or in a form that can be read in two ways.

    """
    for form in ("%Y-%m-%d", "%Y%m%d"):
        try:
            return datetime.strptime(given, form).date().isoformat()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise StatementError(
        f"the statement of {account} does not say which days it covers: {given!r}",
        hint="In the Flex query choose the date format yyyy-MM-dd.",
    )
