"""The portfolio's tables."""

from collections.abc import Sequence
from typing import Final

from components import markup, times
from components.markup import Column, Html, Tone
from components.sparkline import sparkline
from quantstrip.operations.curves import Curve
from quantstrip.operations.figures import OpenPosition, Overview, StrategyPnl

SIDE_TONES: Final[dict[str, Tone]] = {"BUY": "info", "SELL": "warn"}  # green and red are for what was earned


def strategies(view: Overview, curves: Sequence[Curve] = ()) -> Html:
    """The result of each strategy in the reporting currency, and of all together, with the shape of its equity."""
    shapes = {curve.name: curve.equity or curve.pnl for curve in curves}
    foreign = any(row.currency != view.currency for row in view.strategies)
    columns = [
        Column("Strategy"),
        Column("Session", minor=True),
        Column("Today", True),
        Column("Realised", True, minor=True),
        Column("Unrealised", True, minor=True),
        Column("Commission", True, minor=True),
        Column("Total PnL", True),
        *([Column("Own currency", True, minor=True)] if foreign else []),
        Column("Return", True),
        Column("Equity", True, minor=True),
        Column("Fills", True, minor=True),
        *([Column("Curve", minor=True)] if shapes else []),
    ]
    found = [
        (row, shapes.get(f"{row.strategy} ({row.account})", shapes.get(row.strategy, ()))) for row in view.strategies
    ]
    rows = [_strategy(row, view.currency, shape if shapes else None, foreign=foreign) for row, shape in found]
    whole = shapes.get(view.portfolio.strategy, ()) if shapes else None
    total = _strategy(view.portfolio, view.currency, whole, foreign=foreign) if len(rows) > 1 else ()
    return markup.table(columns, rows, label="Strategies", none="No strategy ran yet", total=total)


def _strategy(row: StrategyPnl, reporting: str, shape: Sequence[float] | None, *, foreign: bool) -> tuple[object, ...]:
    """One row; equity is in the strategy's own currency, which is named where it is another one."""
    own = row.currency == reporting
    unit = markup.EMPTY if own else markup.tag("small", markup.text(f" {row.currency}"))
    return (
        row.strategy,
        times.day(row.session),
        markup.signed(row.today),
        markup.signed(row.realised),
        markup.signed(row.unrealised),
        markup.number(row.commission),
        markup.signed(row.total),
        *([markup.EMPTY if own else markup.join(markup.signed(row.own_total), unit)] if foreign else []),
        markup.percent(row.return_on_capital),
        markup.join(markup.text(markup.number(row.equity)), unit),
        f"{row.fills:,}",
        *([] if shape is None else [sparkline(shape, _span(shape))]),
    )


def _span(shape: Sequence[float]) -> str:
    return f"from {markup.number(shape[0])} to {markup.number(shape[-1])}" if shape else ""


def missing_rates(view: Overview) -> Html:
    """Which rates are not known, what is left out for that, and what to do."""
    if not view.missing:
        return markup.EMPTY
    lines = [str(rate) for rate in view.missing]
    todo = (
        "Rates are closes in the table mtm_price: add them on the page SQL with Allow writing. In a terminal, "
        "quantstrip db marks takes them from bar files named like the rate."
    )
    return markup.notice("warn", markup.join(*(markup.tag("div", markup.text(line)) for line in (*lines, todo))))


def positions(view: Overview) -> Html:
    """What is held and what it would bring, in few columns: it stands beside the chart."""
    names = ("Units", "Mark", "Unrealised")
    columns = [Column("Symbol"), *(Column(name, numeric=True) for name in names)]
    rows = [
        (
            _under(one.symbol if one.leg == "NET" else f"{one.symbol} {one.leg.lower()}", one.strategy, "b"),
            _under(markup.quantity(one.quantity), f"at {markup.number(one.average_price)}"),
            _mark(one),
            _unrealised(one, view.currency),
        )
        for one in view.positions
    ]
    return markup.table(columns, rows, label="Open positions", none="Nothing is held")


def _mark(one: OpenPosition) -> Html:
    """The price it is valued at, with its age."""
    if one.mark is None or one.mark_age is None:
        return markup.text(markup.DASH)
    return _under(markup.number(one.mark), "of the session" if one.mark_age <= 0 else f"{one.mark_age} d old")


def _unrealised(one: OpenPosition, reporting: str) -> Html:
    amount = markup.signed(one.unrealised)
    return amount if one.currency == reporting else markup.join(amount, markup.tag("small", markup.text(one.currency)))


def _under(first: str, second: str, name: str = "span") -> Html:
    """Two lines in one cell; one line with a space, where the table has little room."""
    return markup.join(
        markup.tag(name, markup.text(first)), markup.text(" "), markup.tag("small", markup.text(second), "qs-second")
    )


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
