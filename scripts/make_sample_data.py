#!/usr/bin/env python3
"""Make ``examples/data/*.csv`` from the public-domain prices in the PyPI package bokeh_sampledata.

    python -m pip install --no-deps bokeh_sampledata==2026.1
    python scripts/make_sample_data.py [FOLDER]

The rule is one line: every price of a day times (adjusted close / close) of that day, as the source gives them. No
split is guessed from a jump. Volume is left as traded. Seven significant digits keep the adjusted close within 5e-7 of
the source.
"""

import csv
import gzip
import importlib.util
import sys
from collections.abc import Iterator
from decimal import Context, Decimal
from pathlib import Path

SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")
HEADER = ("time", "open", "high", "low", "close", "volume")
_DIGITS = Context(prec=7)
Row = tuple[str, str, str, str, str, str]


def source_file() -> Path:
    """The package's file; the package itself is not imported, since that would need pandas and shapely."""
    spec = importlib.util.find_spec("bokeh_sampledata")
    if spec is None or spec.origin is None:
        raise SystemExit("bokeh_sampledata is not installed: pip install --no-deps bokeh_sampledata==2026.1")
    return Path(spec.origin).parent / "_data" / "stocks.csv.gz"


def source_rows(symbol: str) -> Iterator[dict[str, str]]:
    """The source's lines of one symbol, oldest first."""
    with gzip.open(source_file(), "rt", encoding="utf-8", newline="") as file:
        yield from (row for row in csv.DictReader(file) if row["Ticker"] == symbol)


def adjusted(row: dict[str, str]) -> Row:
    """One line of the sample: prices scaled to the adjusted close, volume as traded."""
    close, target = Decimal(row["Close"]), Decimal(row["Adj Close"])
    open_, high, low = (_digits(Decimal(row[name]) * target / close) for name in ("Open", "High", "Low"))
    return row["Date"], open_, high, low, _digits(target), row["Volume"]


def _digits(value: Decimal) -> str:
    return f"{_DIGITS.plus(value).normalize():f}"


def write(folder: Path) -> list[Path]:
    """Write one file for each symbol; the same source gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for symbol in SYMBOLS:
        path = folder / f"{symbol}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(HEADER)
            writer.writerows(map(adjusted, source_rows(symbol)))
        paths.append(path)
    return paths


if __name__ == "__main__":
    default = Path(__file__).resolve().parent.parent / "examples" / "data"
    for written in write(Path(sys.argv[1]) if len(sys.argv) > 1 else default):
        sys.stdout.write(f"{written}\n")
