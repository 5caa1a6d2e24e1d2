"""A run that orders nothing: each of its signals is in the ledger and told to the owner, once, whatever happens."""

from itertools import islice
from pathlib import Path
from typing import Any

from quantstrip import dialects
from quantstrip.bars import BarTable
from quantstrip.brokers import SimulatedBroker
from quantstrip.engine import Engine
from quantstrip.feeds import HistoryFeed
from quantstrip.ledger import Ledger, LedgerRecorder
from quantstrip.model import Instrument
from tests.unit.backtest.walks import walk

SCRIPT = "df = df.copy()\ndf['open_long'] = df.index.isin([3, 9])\ndf['close_long'] = df.index.isin([6])\n"


class Cut(HistoryFeed):
    """A feed whose process is killed after some bars."""

    def __init__(self, table: BarTable, bars: int) -> None:
        super().__init__(table)
        self._bars = bars

    def slices(self) -> Any:
        return islice(super().slices(), self._bars)


def test_each_signal_is_recorded_and_told_once_however_often_the_run_is_repeated(
    ledger: Ledger, tmp_path: Path
) -> None:
    file = tmp_path / "levels.py"
    file.write_text(SCRIPT)
    for bars in (5, 8, 12, 12):
        played(ledger, file, walk(12), bars)

    told = ledger.alerts()
    assert [each["subject"] for each in told] == ["levels: open_long S", "levels: close_long S", "levels: open_long S"]
    assert {each["kind"] for each in told} == {"signal"}
    assert {each["client"] for each in told} == {"watcher"}
    assert told[0]["body"].startswith("open_long at ")
    _, rows = ledger.query("SELECT rule, side, event_time FROM rejected_signal ORDER BY event_time")
    assert [row[:2] for row in rows] == [("signal_only", "BUY"), ("signal_only", "SELL"), ("signal_only", "BUY")]
    assert ledger.query("SELECT COUNT(*) FROM orders")[1][0][0] == 0


def played(ledger: Ledger, file: Path, table: BarTable, bars: int) -> None:
    strategy, form = dialects.load(file, symbols=["S"], parameters={"execution": "signal"})
    instruments = {"S": Instrument("S", calendar="24/7")}
    row = ledger.open_strategy_run("key", "watcher", strategy.name, "replay", "SIM", "code", {}, "made", 1e5)
    recorder = LedgerRecorder(ledger, row, "simulated", instruments)
    Engine(
        strategy, feed=Cut(table, bars), broker=SimulatedBroker(instruments), recorder=recorder,
        instruments=instruments, cash=1e5, risk=form.risk, run_key="key",
    ).run()  # fmt: skip
    recorder.close()
