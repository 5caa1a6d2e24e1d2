"""The portfolio's tables."""

from collections.abc import Iterable, Sequence
from typing import Final

from components import markup, times
from components.markup import Column, Html, Tone
from quantstrip.operations.figures import Overview, StrategyPnl

SIDE_TONES: Final[dict[str, Tone]] = {"BUY": "info", "SELL": "warn"}  # green and red are for what was earned


def strategies(view: Overview) -> Html:
    """The result of each strategy, and of those in the portfolio's currency together."""
    several = len({row.currency for row in view.strategies}) > 1
    columns = [
        Column("Strategy"),
        Column("Session", minor=True),
        Column("Today", True),
        Column("Realised", True, minor=True),
        Column("Unrealised", True, minor=True),
        Column("Commission", True, minor=True),
        Column("Net PnL", True),
        Column("Return", True),
        Column("Equity", True, minor=True),
        Column("Fills", True, minor=True),
        *([Column("Currency", minor=True)] if several else []),
    ]
    added = [row for row in view.strategies if row.currency == view.currency]
    total = _total(view, added, several=several) if len(added) > 1 else ()
    rows = [_strategy(row, several=several) for row in view.strategies]
    return markup.table(columns, rows, label="Strategies", none="No strategy ran yet", total=total)


def _strategy(row: StrategyPnl, *, several: bool) -> tuple[object, ...]:
    return (
        row.strategy,
        times.day(row.session),
        markup.signed(row.today),
        markup.signed(row.realised),
        markup.signed(row.unrealised),
        markup.number(row.commission),
        markup.signed(row.total),
        markup.percent(row.total / row.initial_cash if row.initial_cash else None),
        markup.number(row.equity),
        f"{row.fills:,}",
        *([row.currency] if several else []),
    )


def _total(view: Overview, added: Sequence[StrategyPnl], *, several: bool) -> tuple[object, ...]:
    cash = _all(row.initial_cash for row in added)
    return (
        "Portfolio",
        times.day(view.session),
        markup.signed(view.today),
        markup.signed(sum(row.realised for row in added)),
        markup.signed(_all(row.unrealised for row in added)),
        markup.number(sum(row.commission for row in added)),
        markup.signed(view.total),
        markup.percent(view.total / cash if cash else None),
        markup.number(_all(row.equity for row in added)),
        f"{sum(row.fills for row in added):,}",
        *([view.currency] if several else []),
    )


def _all(amounts: Iterable[float | None]) -> float | None:
    """The sum; None where one of them is unknown."""
    known = list(amounts)
    return None if None in known else sum(amount for amount in known if amount is not None)


def positions(view: Overview) -> Html:
    """What is held, in few columns: it stands beside the chart."""
    columns = [Column("Symbol"), Column("Units", True), Column("Average price", True), Column("Cost", True)]
    rows = [
        (
            markup.join(
                markup.tag("b", markup.text(row.symbol if row.leg == "NET" else f"{row.symbol} {row.leg.lower()}")),
                markup.tag("small", markup.text(f" {row.strategy}")),
            ),
            markup.quantity(row.quantity),
            markup.number(row.average_price),
            markup.number(row.cost),
        )
        for row in view.positions
    ]
    return markup.table(columns, rows, label="Open positions", none="Nothing is held")


def fills(view: Overview) -> Html:
    """The newest fills first, at the feed's time."""
    columns = [
        Column(f"Time ({times.zone_name()})"),
        Column("Strategy", minor=True),
        Column("Symbol"),
        Column("Side"),
        Column("Units", True),
        Column("Price", True),
        Column("Commission", True, minor=True),
        Column("Net PnL", True, minor=True),
    ]
    rows = [
        (
            times.minute(row.time),
            row.strategy,
            row.symbol,
            markup.chip(row.side, SIDE_TONES.get(row.side, "idle")),
            markup.quantity(row.quantity),
            markup.number(row.price),
            markup.number(row.commission),
            markup.signed(row.net_pnl),
        )
        for row in view.fills
    ]
    return markup.table(columns, rows, label="Last fills", none="No fill yet")
