"""The figures of the Reporting page as tiles and tables."""

from collections.abc import Sequence
from typing import Final

from components import markup, times
from components.markup import Column, Html
from components.tiles import Tile, tiles
from quantstrip.clock import from_text
from quantstrip.operations.reporting import Shown
from quantstrip.operations.reporting_series import rest_name, rest_of
from quantstrip.operations.reporting_trades import TradeRow
from quantstrip.report.catalogue import BY_NAME, Value
from quantstrip.report.metrics import LEAST_SESSIONS
from quantstrip.report.model import Scope
from quantstrip.report.periods import Year
from quantstrip.report.words import shown as written

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BREAKDOWN: Final = (
    "net_pnl", "total_return", "max_drawdown_amount", "max_drawdown", "sharpe", "trade_count", "win_rate",
    "profit_factor",
)  # fmt: skip
_SHORT: Final = {
    "max_drawdown_amount": "Max DD", "max_drawdown": "Max DD %", "trade_count": "Trades", "win_rate": "Win %",
    "sharpe": "Sharpe", "total_return": "Return",
}  # fmt: skip
_SIGNED: Final = frozenset({"net_pnl", "total_return"})
_MINOR: Final = frozenset({"total_return", "max_drawdown", "profit_factor"})
_BENCHMARK: Final = ("alpha", "beta", "correlation")


def headline(shown: Shown, horizon: str) -> None:
    """The published four, and what stands beside them."""
    total, currency = shown.report.portfolio, shown.report.currency
    span = total.horizon(horizon)
    if span is None:
        return
    figure = {name: total.shown(name, horizon) for name in BY_NAME}
    year = written(figure["annualised_return"], BY_NAME["annualised_return"].unit)
    sessions = f"{times.day(span.first)} to {times.day(span.last)}"
    fall = figure["max_drawdown_amount"]
    lasting = figure["current_drawdown_length"]
    risk = f"{written(figure['volatility'], BY_NAME['volatility'].unit)} volatility a year"
    if figure["annualised_return"] is None:
        risk += f"; rates of a year from {LEAST_SESSIONS} sessions on"
    shown_tiles = [
        Tile("Total PnL", markup.signed(_number(figure["net_pnl"])), currency,
             sessions if span.complete else f"{sessions}, all there is"),
        Tile("Max drawdown", markup.percent(_number(figure["max_drawdown"])), "",
             f"{markup.number(_number(fall))} {currency}"),
        Tile("Current drawdown", markup.percent(_number(figure["current_drawdown"])), "",
             f"for {lasting:g} sessions" if lasting else "at its highest"),
        Tile("Sharpe ratio", written(figure["sharpe"], BY_NAME["sharpe"].unit), "", risk),
        Tile("Return", markup.percent(_number(figure["total_return"])), "", f"{year} a year"),
        Tile("Round trips", f"{figure['trade_count'] or 0:,.0f}", "",
             f"{written(figure['win_rate'], BY_NAME['win_rate'].unit)} won"),
    ]  # fmt: skip
    if shown.market is not None:
        alpha, beta, correlation = (written(figure[name], BY_NAME[name].unit) for name in _BENCHMARK)
        shown_tiles.append(
            Tile(f"Beta to {shown.market.symbol}", beta, "", f"alpha {alpha}, correlation {correlation}")
        )
    tiles(shown_tiles)


def notes(lines: Sequence[str]) -> Html:
    """What the reader should know, in one box."""
    return markup.notice("info", markup.join(*(markup.tag("div", markup.text(line)) for line in lines)))


def breakdown(shown: Shown, horizon: str) -> Html:
    """One row a group, the portfolio last; what no group has stands before it."""
    columns = [
        Column(shown.by.capitalize()),
        *(Column(_heading(name), numeric=True, minor=name in _MINOR) for name in _BREAKDOWN),
    ]
    rows: list[Sequence[object]] = [(group.name, *_figures(group.scope, horizon)) for group in shown.groups]
    left = rest_of(shown, horizon)
    if left:
        rows.append((rest_name(shown.by), markup.signed(left), *[""] * (len(_BREAKDOWN) - 1)))
    total = (shown.report.portfolio.name, *_figures(shown.report.portfolio, horizon))
    return markup.table(columns, rows, label=f"By {shown.by}", none="Nothing was traded in this horizon", total=total)


def heat(years: Sequence[Year], *, share: bool) -> Html:
    """Months as a table, tinted by what they brought: percent, or money where there is no capital."""
    scale = 100.0 if share else 1.0
    known = [abs(value) for year in years for value in year.months if value is not None]
    full = 0.10 if share else max(known, default=1.0) or 1.0
    columns = [Column("Year"), *(Column(name, numeric=True) for name in _MONTHS), Column("Year", numeric=True)]
    rows = [
        (str(row.year), *(_tinted(value, scale, full, share) for value in (*row.months, row.total))) for row in years
    ]
    return markup.table(columns, rows, label="Months", none="No month yet")


def trade_table(rows: Sequence[TradeRow], *, none: str) -> Html:
    """Round trips; each leads to its own page."""
    zone = times.zone_name()
    columns = [
        Column("Trade"), Column("Strategy", minor=True), Column("Symbol"), Column("Side", minor=True),
        Column("Units", True, minor=True), Column(f"Opened ({zone})", minor=True), Column("Entry", True, minor=True),
        Column(f"Closed ({zone})"),
        Column("Exit", True, minor=True), Column("Commission", True, minor=True), Column("Net PnL", True),
        Column("Return", True, minor=True),
    ]  # fmt: skip
    found = [
        (
            link(f"{row.trade_id}", f"/trade?id={row.trade_id}"),
            row.strategy,
            row.symbol,
            row.side.lower(),
            markup.quantity(row.quantity),
            times.minute(from_text(row.opened)),
            markup.number(row.avg_entry),
            times.minute(from_text(row.closed)),
            markup.number(row.avg_exit),
            markup.number(row.commission),
            markup.join(markup.signed(row.net_pnl), markup.text(" "), markup.tag("small", markup.text(row.currency))),
            markup.percent(row.trade_return),
        )
        for row in rows
    ]
    return markup.table(columns, found, label="Round trips", none=none)


def link(words: str, address: str) -> Html:
    """A link to another page of the dashboard; ``connection.js`` follows it without loading anything anew."""
    return markup.tag("a", markup.text(words), "qs-link", href=address, target="_self")


def _heading(name: str) -> str:
    return _SHORT.get(name, BY_NAME[name].label)


def _figures(scope: Scope, horizon: str) -> list[object]:
    return [_figure(name, scope.shown(name, horizon)) for name in _BREAKDOWN]


def _figure(name: str, value: Value) -> object:
    if name == "net_pnl":
        return markup.signed(_number(value))
    if name in _SIGNED:
        return markup.percent(_number(value))
    return written(value, BY_NAME[name].unit)


def _tinted(value: float | None, scale: float, full: float, share: bool) -> Html:
    if value is None:
        return markup.EMPTY
    strength = round(60 * min(abs(value) / full, 1.0))
    words = f"{scale * value:.1f}" if share else f"{value:,.0f}"
    tone = "qs-heat-up" if value >= 0 else "qs-heat-down"
    return markup.tag("span", markup.text(words), f"qs-heat {tone}", style=f"--qs-share:{strength}%")


def _number(value: Value) -> float | None:
    return None if value is None else float(value)
