"""The portfolio's tables."""

from components import markup, times
from components.markup import Column, Html
from quantstrip.operations.figures import Overview


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
        Column("Currency"),
    ]
    rows = [
        (
            row.strategy,
            times.day(row.session),
            markup.signed(row.today),
            markup.signed(row.realised),
            markup.signed(row.unrealised),
            markup.number(row.commission),
            markup.signed(row.total),
            markup.number(row.equity),
            f"{row.fills:,}",
            row.currency,
        )
        for row in view.strategies
    ]
    return markup.table(columns, rows, label="Strategies", none="No strategy ran yet")


def positions(view: Overview) -> Html:
    """What is held."""
    columns = [
        Column("Symbol"),
        Column("Strategy"),
        Column("Units", True),
        Column("Average price", True),
        Column("Last fill", True),
        Column("Cost", True),
    ]
    rows = [
        (
            row.symbol if row.leg == "NET" else f"{row.symbol} {row.leg.lower()}",
            row.strategy,
            markup.quantity(row.quantity),
            markup.number(row.average_price),
            markup.number(row.last_fill_price),
            markup.number(row.cost),
        )
        for row in view.positions
    ]
    return markup.table(columns, rows, label="Open positions", none="Nothing is held")


def fills(view: Overview) -> Html:
    """The newest fills first, at the feed's time."""
    columns = [
        Column(f"Time ({times.zone_name()})"),
        Column("Strategy"),
        Column("Symbol"),
        Column("Side"),
        Column("Units", True),
        Column("Price", True),
        Column("Net PnL", True),
    ]
    rows = [
        (
            times.minute(row.time),
            row.strategy,
            row.symbol,
            markup.chip(row.side, "good" if row.side == "BUY" else "bad"),
            markup.quantity(row.quantity),
            markup.number(row.price),
            markup.signed(row.net_pnl),
        )
        for row in view.fills
    ]
    return markup.table(columns, rows, label="Last fills", none="No fill yet")
