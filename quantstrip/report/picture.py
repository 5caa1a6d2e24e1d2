"""A chart as PNG for mails, drawn with Pillow: no browser, no display, its own font.

Drawn at three times its size and scaled down, which smooths the lines.
"""

import io
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from quantstrip.report import words
from quantstrip.report.axis import date_ticks, thinned, value_ticks
from quantstrip.report.catalogue import Floats
from quantstrip.report.charts import Line
from quantstrip.report.layout import pnl_lines
from quantstrip.report.model import Report
from quantstrip.report.periods import Days

_SCALE: Final = 3
_INK, _SOFT, _GRID, _PAPER = "#16202a", "#5a6875", "#dde3e9", "#ffffff"
_COLOURS: Final = ("#0f6e84", "#2f6fde", "#d97706", "#7c3aed", "#059669", "#db2777", "#65740f", "#0891b2", "#9a5b2e")
_LEFT, _RIGHT, _BOTTOM = 62, 18, 30
_TITLE, _SMALL = 15, 11


def render_png(report: Report, *, width: int = 640, height: int = 300) -> bytes:
    """Cumulative PnL of the portfolio and of its strategies, on white."""
    title = f"Cumulative PnL, {report.currency} ({report.mode})"
    return line_png(title, report.portfolio.days, pnl_lines(report), words.short_money, width=width, height=height)


def line_png(
    title: str,
    days: Days,
    lines: Sequence[Line],
    short: Callable[[float], str],
    *,
    width: int = 640,
    height: int = 300,
) -> bytes:
    """Lines over days as a PNG of ``width`` x ``height`` pixels.

    Args:
        lines: one value a day, NaN where there is none; the first is drawn on top and thickest.
        short: a value on the axis.

    """
    image = Image.new("RGB", (width * _SCALE, height * _SCALE), _PAPER)
    draw = ImageDraw.Draw(image)
    _text(draw, (_LEFT, 8), title, _INK, _TITLE)
    top = 8 + _TITLE + 10
    if len(lines) > 1:
        top = _legend(draw, lines, width, top) + 10
    if len(days):
        _plot(draw, days, lines, short, (_LEFT, top, width - _RIGHT, height - _BOTTOM))
    else:
        _text(draw, (_LEFT, top), "No session yet", _SOFT, _SMALL)
    file = io.BytesIO()
    image.resize((width, height), Image.Resampling.LANCZOS).save(file, "PNG", optimize=True)
    return file.getvalue()


def _plot(
    draw: ImageDraw.ImageDraw,
    days: Days,
    lines: Sequence[Line],
    short: Callable[[float], str],
    area: tuple[int, int, int, int],
) -> None:
    left, top, right, bottom = area
    values = np.concatenate([np.zeros(1), *(each.values[np.isfinite(each.values)] for each in lines)])
    ticks = value_ticks(float(values.min()), float(values.max()))

    def down(value: float) -> float:
        return top + (ticks[-1] - value) / (ticks[-1] - ticks[0]) * (bottom - top)

    for tick in ticks:
        colour = _SOFT if tick == 0.0 else _GRID
        draw.line(_scaled(left, down(tick), right, down(tick)), fill=colour, width=_SCALE)
        _text(draw, (left - 8, down(tick)), short(tick), _SOFT, _SMALL, "rm")
    for at, label in date_ticks(days):
        _text(draw, (left + at * (right - left), bottom + 8), label, _SOFT, _SMALL, "mt")
    for number, line in reversed(list(enumerate(lines))):
        kept = thinned(line.values, 2 * (right - left))
        x = left + kept / max(len(days) - 1, 1) * (right - left)
        for run in _runs(line.values[kept]):
            points = [(float(x[n]) * _SCALE, down(float(line.values[kept[n]])) * _SCALE) for n in run]
            draw.line(points, fill=_colour(line), width=round((2.2 if number == 0 else 1.3) * _SCALE), joint="curve")


def _runs(values: Floats) -> list[range]:
    """Stretches without a missing value."""
    known = np.concatenate(([False], np.isfinite(values), [False]))
    edges = np.flatnonzero(known[1:] != known[:-1])
    return [range(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _legend(draw: ImageDraw.ImageDraw, lines: Sequence[Line], width: int, top: int) -> int:
    """Names in their colours, over as many rows as they need; the place below them."""
    font, x = _font(_SMALL), float(_LEFT)
    for line in lines:
        needed = 22 + font.getlength(line.name) / _SCALE + 14
        if x + needed > width - _RIGHT and x > _LEFT:
            x, top = float(_LEFT), top + _SMALL + 7
        draw.line(_scaled(x, top + 5.5, x + 15, top + 5.5), fill=_colour(line), width=round(2.5 * _SCALE))
        _text(draw, (x + 20, top), line.name, _SOFT, _SMALL)
        x += needed
    return top + _SMALL


def _colour(line: Line) -> str:
    return _COLOURS[0 if line.colour == 0 else (line.colour - 1) % (len(_COLOURS) - 1) + 1]


def _text(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, colour: str, size: int, anchor: str = "la"
) -> None:
    draw.text((at[0] * _SCALE, at[1] * _SCALE), text, fill=colour, font=_font(size), anchor=anchor)


def _font(size: int) -> Any:
    return ImageFont.load_default(size * _SCALE)


def _scaled(*places: float) -> list[float]:
    return [place * _SCALE for place in places]
