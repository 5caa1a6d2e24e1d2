"""Lists of trades as TradingView has written them over the years."""

from dataclasses import replace
from pathlib import Path

import pytest

from quantstrip.backtest.pine import read_export
from quantstrip.bars import BarTable
from quantstrip.clock import DAY
from quantstrip.errors import DataError
from tests.unit.backtest.walks import walk

_OLD = "Trade #,Type,Signal,Date/Time,Price USD,Contracts,Profit USD\n"
_NEW = "\ufeffTrade number,Type,Date and time,Signal,Price USD,Size (qty),Size (value),Net P&L USD\n"


@pytest.fixture
def table() -> BarTable:
    return walk(10)


def _write(folder: Path, text: str) -> Path:
    file = folder / "trades.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_entries_and_exits_of_both_directions_are_deals_at_their_bars(tmp_path: Path, table: BarTable) -> None:
    rows = (
        "1,Exit Long,out,1970-01-04,102.5,2,5\n1,Entry Long,in,1970-01-03,100,2,5\n"
        '2,Exit Short,out,1970-01-06,"1,099",1,5\n2,Entry Short,in,1970-01-05,1100,1,5\n'
    )
    found = read_export(_write(tmp_path, _OLD + rows), table)
    assert [(deal.ts // DAY, deal.side, deal.quantity, deal.price) for deal in found.deals] == [
        (3, "BUY", 2.0, 100.0), (4, "SELL", 2.0, 102.5), (5, "SELL", 1.0, 1100.0), (6, "BUY", 1.0, 1099.0),
    ]  # fmt: skip


def test_the_newer_columns_are_known_and_an_open_trade_has_no_exit(tmp_path: Path, table: BarTable) -> None:
    rows = "1,Entry long,1970-01-03 00:00,L,100,2,200,0\n1,Exit long,1970-01-10 00:00,Open,104,2,200,0\n"
    found = read_export(_write(tmp_path, _NEW + rows), table)
    assert [deal.side for deal in found.deals] == ["BUY"]


def test_times_without_a_zone_are_the_charts(tmp_path: Path, table: BarTable) -> None:
    row = "1,Entry Long,in,1970-01-03T23:00:00+00:00,100,2,5\n"
    tokyo = read_export(_write(tmp_path, _OLD + row), table, "Asia/Tokyo")
    assert [deal.ts // DAY for deal in tokyo.deals] == [4]


def test_what_lies_outside_is_counted_and_a_day_without_a_bar_named(tmp_path: Path, table: BarTable) -> None:
    columns = ("label", "ts_open", "ts", "open", "high", "low", "close", "volume")
    gap = replace(table, **{name: getattr(table, name)[[0, 1, 4, 5]] for name in columns})
    rows = "1,Entry Long,in,1970-01-04,100,2,5\n1,Exit Long,out,1971-01-01,100,2,5\n"
    found = read_export(_write(tmp_path, _OLD + rows), gap)
    assert (found.deals, found.outside, found.unknown) == ([], 1, ("1970-01-04",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n", "no column for the type"),
        (_OLD + "1,Sideways,in,1970-01-03,100,2,5\n", "line 2: expected Entry or Exit"),
        (_OLD + "1,Entry Long,in,yesterday,100,2,5\n", "line 2: cannot read the time 'yesterday'"),
        (_OLD + "1,Entry Long,in,1970-01-03,much,2,5\n", "line 2: the price is 'much'"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(tmp_path: Path, table: BarTable, text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_export(_write(tmp_path, text), table)


def test_an_unknown_zone_is_refused(tmp_path: Path, table: BarTable) -> None:
    with pytest.raises(DataError, match="no time zone"):
        read_export(_write(tmp_path, _OLD), table, "Mars/Base")
