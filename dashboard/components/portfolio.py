"""The portfolio's tables."""

from components import markup, times
from components.markup import Column, Html
from quantstrip.operations.portfolio import Overview


def strategies(view: Overview) -> Html:
    """The result of each strategy."""
    columns = [
        Column("Strategy"),
        Column("Session"),
        Column("Today", True),
        Column("Realised", True),
        Column("Unrealised", True),
        Column("Commission", True),
        Column("Net PnL", True),
        Column("Equity", True),
        Column("Fills", True),
    ]
    rows = [
        (
            row.strategy,
            times.day(row.trade_date),
            markup.signed(row.today),
            markup.signed(row.realised),
            markup.signed(row.unrealised),
            markup.number(row.commission),
            markup.signed(row.total),
            markup.number(row.equity),
            f"{row.fills:,}",
        )
        for row in view.strategies
    ]
    return markup.table(columns, rows, label="Strategies")


def positions(view: Overview) -> Html:
    """What is held."""
    columns = [
        Column("Symbol"),
        Column("Strategy"),
        Column("Units", True),
        Column("Average", True),
        Column("Last", True),
        Column("Unrealised", True),
    ]
    rows = [
        (
            row.symbol if row.leg == "NET" else f"{row.symbol} {row.leg.lower()}",
            row.strategy,
            markup.quantity(row.quantity),
            markup.number(row.average_price),
            markup.number(row.last_price),
            markup.signed(row.unrealised),
        )
        for row in view.positions
    ]
    return markup.table(columns, rows, label="Open positions")


def fills(view: Overview) -> Html:
    """The newest fills first, at the feed's time."""
    columns = [
        Column(f"Time ({times.zone_name()})"),
        Column("Strategy"),
        Column("Symbol"),
        Column("Side"),
        Column("Units", True),
        Column("Price", True),
        Column("Commission", True),
    ]
    rows = [
        (
            times.minute(row.time),
            row.strategy,
            row.symbol,
            markup.tag("span", markup.text(row.side), "qs-up" if row.side == "BUY" else "qs-down"),
            markup.quantity(row.quantity),
            markup.number(row.price),
            markup.number(row.commission),
        )
        for row in view.fills
    ]
    return markup.table(columns, rows, label="Last fills")
