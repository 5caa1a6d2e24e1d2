"""The report as one HTML file that needs nothing else: no network, no fonts, no library."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from jinja2 import Environment, FileSystemLoader, Template
from markupsafe import Markup

from quantstrip.report import words
from quantstrip.report.catalogue import BY_NAME, METRICS
from quantstrip.report.charts import HEIGHT, WIDTH, Chart, Line, histogram, line_chart
from quantstrip.report.layout import BREAKDOWN, GROUPS, SIGNED, TILES, pnl_lines
from quantstrip.report.metrics import daily_returns
from quantstrip.report.model import Report

SHOWN_TRADES: Final = 100
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TEMPLATES: Final = Path(__file__).parent / "templates"


def render_html(report: Report) -> str:
    """The whole page."""
    groups = [
        (name, [BY_NAME[metric] for metric in group])
        for name, group in GROUPS.items()
        if name != "Benchmark" or report.benchmark
    ]
    return _template().render(
        report=report,
        tiles=[BY_NAME[name] for name in TILES],
        breakdown=[BY_NAME[name] for name in BREAKDOWN],
        groups=groups,
        has_returns=report.portfolio.capital is not None,
        correlation=[[None if value != value else value for value in row] for row in report.correlation.tolist()],
        **charts_of(report),
    )


@cache
def _template() -> Template:
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True)
    environment.globals.update(_globals())
    return environment.get_template("report.html.j2")


def _globals() -> Mapping[str, Any]:
    return {
        "css": Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        "script": Markup((_TEMPLATES / "hover.js").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        "width": WIDTH,
        "height": HEIGHT,
        "metrics": METRICS,
        "month_names": MONTHS,
        "signed": SIGNED,
        "shown_trades": SHOWN_TRADES,
        "heat": heat,
        "shown": words.shown,
        "sign": words.sign,
        "decimals": words.decimals,
        "money": words.money,
        "percent": words.percent,
        "quantity": words.quantity,
    }


def heat(value: float, full: float) -> int:
    """How strongly a value is coloured, 0 to 60 percent; ``full`` is the value that has all of it."""
    return round(60 * min(abs(value) / full, 1.0))


def charts_of(report: Report) -> dict[str, Chart | None]:
    """The charts by the names that the template knows; None for those that need capital where there is none."""
    total = report.portfolio
    if not len(total.days):
        return {}
    names: dict[str, Chart | None] = dict.fromkeys(("drawdown_chart", "return_chart", "sharpe_chart", "equity_chart"))
    names["pnl_chart"] = line_chart(
        "pnl", f"Cumulative PnL, {report.currency}", total.days, pnl_lines(report), words.money, words.short_money
    )
    if total.capital is None:
        return names
    falls = Line(total.name, np.nan_to_num(total.drawdown), area=True)
    names["drawdown_chart"] = line_chart("drawdown", "Drawdown", total.days, [falls], words.percent, _whole)
    names["return_chart"] = histogram("returns", "Daily returns", daily_returns(total.equity), _tenth)
    if np.isfinite(total.rolling_sharpe).any():
        rolling = Line(total.name, total.rolling_sharpe)
        names["sharpe_chart"] = line_chart(
            "sharpe", "Rolling Sharpe ratio, 126 sessions", total.days, [rolling], _ratio, _plain
        )
        equity = Line(total.name, total.equity[1:])
        label = f"Equity, {report.currency}"
        names["equity_chart"] = line_chart(
            "equity", label, total.days, [equity], words.money, words.short_money, from_zero=False
        )
    return names


def _whole(value: float) -> str:
    return words.percent(value, 0 if abs(value * 100 - round(value * 100)) < 1e-9 else 1)


def _tenth(value: float) -> str:
    return words.percent(value, 1)


def _ratio(value: float) -> str:
    return f"{value:.2f}"


def _plain(value: float) -> str:
    return f"{value:g}"
