"""The bar store: what goes in comes out, whatever the order, and what differs is never settled silently."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.bars import About, BarStore, BarTable, read_folder, resample, sample_folder
from quantstrip.clock import DAY, HOUR, MINUTE, from_text
from quantstrip.errors import DataError
from quantstrip.locks import try_lock
from quantstrip.model import TIMEFRAMES

NEW_YEAR = from_text("2024-01-01")
ALWAYS = About("", "", "24/7", sources=("test",))


def bars(count: int, timeframe: str = "1h", start: int = NEW_YEAR, symbol: str = "ABC", seed: int = 0) -> BarTable:
    random = np.random.default_rng(seed)
    label = start + np.arange(count) * TIMEFRAMES[timeframe] * 1_000_000
    close = 100 + random.normal(0, 0.1, count).cumsum()
    return BarTable.from_arrays(symbol, timeframe, label, close, close + 1, close - 1, close, np.arange(count) % 9)


def changed(table: BarTable, row: int, close: float) -> BarTable:
    closes = table.close.copy()
    closes[row] = close
    return BarTable.from_arrays(
        table.symbol, table.timeframe, table.label, table.open, table.high, table.low, closes, table.volume
    )


@pytest.fixture
def store(tmp_path: Path) -> BarStore:
    return BarStore(tmp_path / "bars")


def test_an_empty_store_has_nothing_and_makes_nothing(store: BarStore) -> None:
    assert (store.symbols(), store.series(), store.timeframes("ABC")) == ([], [], [])
    assert not store.folder.exists()
    with pytest.raises(DataError, match="the bar store has no bars of ABC; asked for 1d") as refused:
        store.read("ABC", "1d")
    assert "quantstrip data download ABC" in refused.value.hint


def test_daily_bars_come_back_with_their_sessions_as_from_their_file(store: BarStore) -> None:
    table = read_folder(sample_folder(), ["IBM"])["IBM"]
    done = store.merge(table, About("", "", "NYSE", adjusted=True, sources=("IBM.csv",)))
    found = store.read("IBM", "1d")
    assert str(done) == "3,270 added, 0 there already"
    assert found.digest() == table.digest()
    assert found.source == "store: IBM 1d from IBM.csv"
    assert str(found.gaps) == "NYSE: all 3270 sessions present"


def test_a_series_says_where_it_comes_from_and_what_it_is(store: BarStore) -> None:
    store.merge(bars(10), ALWAYS)
    store.merge(bars(5, start=NEW_YEAR + 10 * HOUR), About("", "", "24/7", sources=("other",)))
    (about,) = store.series()
    assert (about.symbol, about.timeframe, about.calendar, about.adjusted) == ("ABC", "1h", "24/7", None)
    assert (about.sources, about.rows, about.first) == (("test", "other"), 15, NEW_YEAR)
    assert about.last == NEW_YEAR + 14 * HOUR
    assert about.imported.startswith("20")
    assert len(about.hash) == 64


@pytest.mark.parametrize("symbol", ["BTC/USDT", "^GSPC", "BRK.B", "ES=F", "..", "../../x", "Ä€"])
def test_any_symbol_has_a_folder_of_its_own_below_the_store(store: BarStore, symbol: str) -> None:
    store.merge(bars(3, symbol=symbol), ALWAYS)
    assert store.symbols() == [symbol]
    assert len(store.read(symbol, "1h")) == 3
    assert [path.parent.parent.parent for path in store.folder.parent.rglob("*.parquet")] == [store.folder]


def test_each_year_of_short_bars_is_a_file_and_only_what_changes_is_written(store: BarStore) -> None:
    store.merge(bars(48, start=from_text("2023-12-31")), ALWAYS)
    old, new = sorted(store.folder.rglob("*.parquet"))
    before = old.stat().st_ino
    store.merge(bars(2, start=from_text("2024-01-05")), ALWAYS)
    assert (old.name, new.name) == ("2023.parquet", "2024.parquet")
    assert old.stat().st_ino == before
    assert len(store.read("ABC", "1h")) == 50


def test_a_span_is_read_by_its_labels(store: BarStore) -> None:
    table = bars(24 * 400, start=from_text("2023-06-01"))
    store.merge(table, ALWAYS)
    for start, end in [(None, NEW_YEAR), (NEW_YEAR, None), (NEW_YEAR - HOUR, NEW_YEAR + HOUR), (0, 1)]:
        assert store.read("ABC", "1h", start, end).digest() == table.between(start, end).digest()


# -------------------------------------------------------------------------------------------- merging


@settings(max_examples=20)
@given(
    cuts=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), min_size=1, max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_pieces_in_any_order_however_often_make_the_same_store(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[tuple[int, int]], order: object
) -> None:
    whole = bars(90, start=from_text("2023-12-30"))
    pieces = [whole.rows(start, start + count) for start, count in cuts]
    order.shuffle(pieces)  # type: ignore[attr-defined]
    store = BarStore(tmp_path_factory.mktemp("bars"))
    added = sum(store.merge(piece, ALWAYS).added for piece in pieces)
    held = np.zeros(90, dtype=bool)
    for start, count in cuts:
        held[start : start + count] = True
    assert added == held.sum()
    assert store.read("ABC", "1h").digest() == whole.take(held).digest()
    again = [store.merge(piece, ALWAYS) for piece in pieces]
    assert sum(done.added + done.replaced + done.kept for done in again) == 0


def test_the_same_bars_again_write_nothing(store: BarStore) -> None:
    store.merge(bars(48), ALWAYS)
    (path,) = store.folder.rglob("*.parquet")
    before = path.stat().st_mtime_ns
    assert store.merge(bars(48), ALWAYS).same == 48
    assert path.stat().st_mtime_ns == before


def test_a_bar_that_differs_is_refused_and_nothing_is_added(store: BarStore) -> None:
    stored = bars(24)
    store.merge(stored, ALWAYS)
    given = changed(bars(48), 3, 100.5)
    with pytest.raises(
        DataError, match=r"ABC 1h: 1 bars differ .*: 2024-01-01 03:00:00 is stored as .* 100\.5 "
    ) as refused:
        store.merge(given, ALWAYS)
    assert "conflicts='keep'" in refused.value.hint
    assert store.read("ABC", "1h").digest() == stored.digest()


def test_which_bar_counts_is_a_choice(store: BarStore) -> None:
    stored, given = bars(24), changed(bars(25), 3, 100.5)
    store.merge(stored, ALWAYS)
    assert store.merge(given, ALWAYS, dry=True).kept == 1
    assert str(store.merge(given, ALWAYS, "keep")) == "1 added, 23 there already, 1 that differ left as they were"
    assert store.read("ABC", "1h").close[3] == stored.close[3]
    assert str(store.merge(given, ALWAYS, "replace")) == "0 added, 24 there already, 1 replaced"
    assert store.read("ABC", "1h").digest() == given.digest()


def test_a_dry_run_writes_nothing(store: BarStore) -> None:
    assert store.merge(bars(5), ALWAYS, dry=True).added == 5
    assert store.series() == []


def test_bars_that_overlap_the_stored_ones_are_refused(store: BarStore) -> None:
    store.merge(bars(5), ALWAYS)
    with pytest.raises(DataError, match=r"before the 1h bar of .* ends"):
        store.merge(bars(5, start=NEW_YEAR + 30 * MINUTE), ALWAYS)
    assert len(store.read("ABC", "1h")) == 5


def test_bars_of_another_calendar_or_adjustment_do_not_mix(store: BarStore) -> None:
    store.merge(bars(5), About("", "", "24/7", adjusted=True))
    later = bars(5, start=NEW_YEAR + 5 * HOUR)
    with pytest.raises(DataError, match="stored with the calendar 24/7, the new bars have 24/5") as refused:
        store.merge(later, About("", "", "24/5", adjusted=True))
    assert "quantstrip data delete ABC --timeframe 1h" in refused.value.hint
    with pytest.raises(DataError, match="adjustment adjusted prices, the new bars have prices as traded"):
        store.merge(later, About("", "", "24/7", adjusted=False))
    store.merge(later, ALWAYS)
    assert store.about("ABC", "1h").adjusted is True


def test_what_is_deleted_is_gone_and_the_rest_stays(store: BarStore) -> None:
    store.merge(bars(24), ALWAYS)
    store.merge(bars(24, "1m"), ALWAYS)
    assert store.delete("ABC", "1m") == ["1m"]
    assert store.timeframes("ABC") == ["1h"]
    assert store.delete("ABC") == ["1h"]
    assert store.symbols() == []
    with pytest.raises(DataError, match="no bars of ABC"):
        store.delete("ABC")


# -------------------------------------------------------------------------------------------- coarser bars


def test_what_is_not_stored_is_made_of_the_coarsest_that_divides(store: BarStore) -> None:
    minutes, hours = bars(3 * 24 * 60, "1m"), bars(3 * 24, "1h", seed=1)
    store.merge(minutes, ALWAYS)
    store.merge(hours, ALWAYS)
    assert [store.made_of("ABC", name) for name in ("1m", "15m", "1h", "4h", "1d")] == ["1m", "1m", "1h", "1h", "1h"]
    made = store.read("ABC", "4h")
    assert made.digest() == resample(hours, "4h", "24/7").digest()
    assert made.source == "store: ABC 4h made of 1h from test"
    with pytest.raises(DataError, match="unknown timeframe '7m'"):
        store.read("ABC", "7m")


def test_a_finer_one_than_is_stored_cannot_be_made(store: BarStore) -> None:
    store.merge(bars(24), ALWAYS)
    with pytest.raises(DataError, match="the bar store has bars of ABC in 1h only; asked for 30m"):
        store.read("ABC", "30m")


def test_a_span_of_made_bars_begins_with_a_whole_one(store: BarStore) -> None:
    table = bars(30 * 24)
    store.merge(table, ALWAYS)
    start = NEW_YEAR + 9 * DAY + 5 * HOUR
    assert store.read("ABC", "1w", start).digest() == resample(table, "1w", "24/7").between(start).digest()


def test_what_was_traded_outside_the_sessions_is_left_out_and_told(store: BarStore) -> None:
    monday = from_text("2024-01-08 13:00")  # NYSE opens at 14:30 UTC and closes at 21:00
    store.merge(bars(9 * 60, "1m", start=monday), About("", "", "NYSE"))
    day = store.read("ABC", "1d")
    assert (len(day), day.gaps.outside) == (1, 150)
    assert (int(day.ts_open[0]), int(day.ts[0])) == (from_text("2024-01-08 14:30"), from_text("2024-01-08 21:00"))


def test_bars_named_by_the_full_hour_belong_to_the_session_they_open(store: BarStore) -> None:
    store.merge(bars(7, start=from_text("2024-01-08 14:00")), About("", "", "NYSE"))
    assert len(store.read("ABC", "1d")) == 1


# -------------------------------------------------------------------------------------------- faults


def test_a_damaged_file_is_named_and_found_by_a_look_through(store: BarStore) -> None:
    store.merge(bars(24), ALWAYS)
    assert store.damaged("ABC", "1h") == []
    (path,) = store.folder.rglob("*.parquet")
    column = pq.ParquetFile(path).metadata.row_group(0).column(4)
    content = bytearray(path.read_bytes())
    content[column.data_page_offset + column.total_compressed_size - 5] ^= 0xFF
    path.write_bytes(content)
    assert len(store.damaged("ABC", "1h")) == 1
    with pytest.raises(DataError, match=r"2024.parquet: this file of the bar store cannot be read"):
        store.read("ABC", "1h")


WRITER = """
import sys
from tests.unit.bars.test_store import ALWAYS, bars
from quantstrip.bars import BarStore
from pathlib import Path
store = BarStore(Path(sys.argv[1]))
held = store.about("ABC", "1m").rows if store.symbols() else 0
for count in range(held // 500 + 1, 10_000):
    store.merge(bars(count * 500, "1m"), ALWAYS)
    print(count, flush=True)
"""


def test_a_writer_that_is_killed_leaves_every_file_whole(tmp_path: Path) -> None:
    store = BarStore(tmp_path / "bars")
    root = Path(__file__).parents[3]
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(store.folder)], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    writer.stdout.readline()
    time.sleep(0.005)
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert store.damaged("ABC", "1m") == []
    held = store.read("ABC", "1m")
    assert held.digest() == bars(len(held), "1m").digest(), "what is there is a prefix, whole"
    assert len(held) >= 500
    store.merge(bars(len(held) + 1, "1m"), ALWAYS)
    assert [path.name for path in store.folder.rglob("*.new")] == [], "the next writer clears what was left"


MIDDLE = """
import os, signal, sys
from pathlib import Path
from tests.unit.bars.test_store import ALWAYS, bars, from_text
from quantstrip.bars import BarStore
left = int(sys.argv[2])

def watch(event, arguments):
    global left
    if event == "os.rename" and str(arguments[1]).endswith(".parquet"):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
BarStore(Path(sys.argv[1])).merge(bars(3 * 24 * 366, start=from_text("2022-06-01")), ALWAYS)
"""


@pytest.mark.parametrize("put_in_place", [0, 1])
def test_one_that_is_killed_between_two_years_leaves_both_whole_and_the_next_completes_them(
    tmp_path: Path, put_in_place: int
) -> None:
    store, whole = BarStore(tmp_path / "bars"), bars(3 * 24 * 366, start=from_text("2022-06-01"))
    store.merge(whole.rows(100, 200), ALWAYS)
    command = [sys.executable, "-c", MIDDLE, str(store.folder), str(put_in_place)]
    assert subprocess.run(command, cwd=Path(__file__).parents[3], check=False).returncode == -signal.SIGKILL
    assert store.damaged("ABC", "1h") == []
    assert len(store.read("ABC", "1h")) == (100, 24 * 214)[put_in_place], "the first year is the new one, or the old"
    store.merge(whole, ALWAYS)
    assert store.read("ABC", "1h").digest() == whole.digest()
    assert list(store.folder.rglob("*.new")) == []


def test_a_writer_waits_for_another_one_and_then_says_so(store: BarStore) -> None:
    store.merge(bars(2), ALWAYS)
    held = os.open(store.folder / ".lock", os.O_RDWR)
    assert try_lock(held)
    store.patience = 0.2
    with pytest.raises(DataError, match="another process has been writing to the bar store"):
        store.merge(bars(3), ALWAYS)
    os.close(held)
    assert store.merge(bars(3), ALWAYS).added == 1


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from tests.unit.bars.test_store import ALWAYS, bars; from quantstrip.bars import BarStore; "
        "from pathlib import Path; part = int(sys.argv[2]); whole = bars(200);"
        "[BarStore(Path(sys.argv[1])).merge(whole.rows(row, row + 10), ALWAYS) for row in range(part, 200, 20)]"
    )
    root = Path(__file__).parents[3]
    folder = tmp_path / "bars"
    writers = [subprocess.Popen([sys.executable, "-c", code, str(folder), part], cwd=root) for part in ("0", "10")]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert BarStore(folder).read("ABC", "1h").digest() == bars(200).digest()


def test_a_folder_that_cannot_be_written_is_told(store: BarStore) -> None:
    store.folder.parent.mkdir(exist_ok=True)
    store.folder.mkdir()
    (store.folder / "ABC").write_text("a file where a folder should be")
    with pytest.raises(DataError, match="cannot be written"):
        store.merge(bars(3), ALWAYS)
