"""Rehearsals as tasks: jobs, orders, fills and mails of a span, from the client's process to the outcome."""

import datetime as dt
import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from quantstrip.bars import read_csv, sample_folder
from quantstrip.clock import from_text, to_datetime
from quantstrip.config import SettingsManager
from quantstrip.errors import TaskRefused
from quantstrip.home import asset
from quantstrip.operations import rehearsal, research

from .conftest import Lab

MONTHLY = """
self.scheduler.every().day.at("15:45", "America/New_York").do(self.job)
self.scheduler.every(5).minutes.do(self.look)
"""
EXTRA = """
def look(self):
    if datetime.datetime.now(datetime.UTC).isoformat()[:16] == "2026-03-10T09:30":
        raise RuntimeError("the feed was down")
"""
DECIDE = """
day = datetime.datetime.now(datetime.UTC).date()
order = db_handler.insert_order(strategy_id="S", side="BUY", symbol="IBM", total_quantity=1, client_reference=str(day))
db_handler.insert_execution(f"e-{day}", order, side="BUY", quantity=1, price=100.0)
time.sleep(3)
send_email(f"Bought on {day}", "1 IBM")
"""


def test_a_month_of_a_daily_and_a_five_minute_job_shows_every_run_order_fill_and_mail(lab: Lab) -> None:
    before = lab.rows()
    task = lab.rehearse(lab.client(DECIDE, MONTHLY, extra=EXTRA), start="2026-03-01", end="2026-03-31")
    assert task.result is not None, lab.output(task)
    found = rehearsal.outcome(lab.home, task.task_id)
    jobs = {each.job.partition(" ")[0]: each for each in found.jobs}
    assert (jobs["job"].runs, jobs["job"].failed) == (31, 0)
    five_minutes = 31 * 288 - 1  # of UTC, which has no clock changes; the first one is due after five minutes
    if found.zone in {"UTC", "Etc/UTC"}:
        assert jobs["look"].runs == five_minutes
    assert jobs["look"].failed == 1
    assert (task.result["jobs"], task.result["failed"]) == (len(found.runs), 1)
    assert task.result["seconds"] < 120
    failed = next(each for each in found.runs if each.outcome == "failed")
    assert "the feed was down" in failed.trace
    due = [each.due for each in found.runs if each.job.startswith("job")]
    there = [to_datetime(moment).astimezone(ZoneInfo("America/New_York")) for moment in due]
    assert [moment.time() for moment in there] == [dt.time(15, 45)] * 31
    days = [f"2026-03-{day:02}" for day in range(1, 32)]
    assert [order.reference for order in found.did.orders] == days
    assert [fill.time[:10] for fill in found.did.executions] == days
    assert [mail.subject for mail in found.did.mails] == [f"Bought on {day}" for day in days]
    assert {mail.time[14:19] for mail in found.did.mails} == {"45:03"}, "a job's sleep takes no time, and passes"
    assert (found.ending, found.note) == ("finished", "")
    assert "the feed was down" in lab.output(task)
    assert lab.rows() == before


def test_two_rehearsals_of_one_span_are_the_same(lab: Lab) -> None:
    file = lab.client(DECIDE, MONTHLY, extra=EXTRA)
    first, second = (
        rehearsal.outcome(lab.home, lab.rehearse(file, start="2026-03-09", end="2026-03-11").task_id) for _ in "ab"
    )
    assert first.did == second.did
    assert [each._replace(seconds=0) for each in first.runs] == [each._replace(seconds=0) for each in second.runs]


def test_a_strategy_trades_exactly_the_bars_of_the_span_as_a_backtest_of_it_does(lab: Lab) -> None:
    file = Path(shutil.copy(asset("examples") / "ma_cross.py", lab.folder / "ma_cross.py"))
    symbols = ["IBM", "MSFT"]
    SettingsManager(lab.home).set_by_path("clients.ma_cross.symbols", symbols, "list")
    task = lab.rehearse(file, start="2005-01-01", end="2006-12-31")
    assert task.result is not None, lab.output(task)
    found = rehearsal.outcome(lab.home, task.task_id).did
    bars = read_csv(sample_folder() / "IBM.csv").between(None, from_text("2005-01-01"))
    tested = research.backtest(lab.home, str(file), symbols=symbols, end="2006-12-31", warmup=len(bars), risk="native")
    assert [(fill.symbol, fill.side, fill.quantity, fill.price) for fill in found.executions] == [
        (fill.symbol, str(fill.side), fill.quantity, fill.price) for fill in tested.fills
    ]
    assert len(found.executions) >= 30
    assert {fill.time[:4] for fill in found.executions} == {"2005", "2006"}


def test_jobs_of_a_strategy_client_come_between_the_bars_at_their_time(lab: Lab) -> None:
    file = lab.folder / "both.py"
    file.write_text(
        """
from datetime import UTC, datetime
from quantstrip import OrderSide, Signal, StrategyBase, StrategyClient

class Each(StrategyBase):
    timeframe = "1d"
    def __init__(self, symbols=None):
        super().__init__(name="each", symbols=symbols or ["IBM"])
    def on_bar(self, bar):
        print("SEEN bar", bar.timestamp.isoformat(), datetime.now(UTC).isoformat())
        return []

class Client(StrategyClient):
    strategy = Each
    timezone = "America/New_York"
    def __init__(self, *args):
        super().__init__()
        self.scheduler.every().day.at("10:00").do(self.early)
        self.scheduler.every().day.at("16:00").do(self.late)
    def early(self):
        print("SEEN early", datetime.now(UTC).isoformat())
    def late(self):
        print("SEEN late", datetime.now(UTC).isoformat())
"""
    )
    task = lab.rehearse(file, start="2005-03-03", end="2005-03-07")
    seen = [line.partition("SEEN ")[2].split() for line in lab.output(task).splitlines() if "SEEN " in line]
    days = ["2005-03-03", "2005-03-04", "2005-03-05", "2005-03-06", "2005-03-07"]
    expected = []
    for day in days:
        expected.append(["early", f"{day}T15:00:00+00:00"])
        if dt.date.fromisoformat(day).weekday() < 5:
            expected.append(["bar", f"{day}T21:00:00+00:00"])
        expected.append(["late", f"{day}T21:00:00+00:00"])
    assert [each[:2] for each in seen] == expected, lab.output(task)
    shown = [each for each in seen if each[0] == "bar"]
    assert all(when[:19] == f"{bar[:10]}T20:59:59" for _, bar, when in shown)


def test_without_a_span_a_client_is_rehearsed_for_a_week_and_a_strategy_for_the_last_month_of_its_bars(
    lab: Lab,
) -> None:
    task = lab.rehearse(lab.client("print('once')", "self.scheduler.every().day.at('09:30').do(self.job)"))
    found = rehearsal.outcome(lab.home, task.task_id)
    begin, end = (to_datetime(each).astimezone(ZoneInfo(found.zone)) for each in (found.start, found.end))
    assert (begin.weekday(), begin.time(), (end - begin).days) == (0, dt.time(), 6)
    assert begin > dt.datetime.now(dt.UTC)
    assert [each.runs for each in found.jobs] == [7]
    task = lab.rehearse(Path(shutil.copy(asset("examples") / "ma_cross.py", lab.folder / "ma_cross.py")))
    found = rehearsal.outcome(lab.home, task.task_id)
    assert to_datetime(found.end).date() == dt.date(2013, 3, 1)
    assert (found.end - found.start) // 86_400_000_000 == 30


def test_a_span_without_bars_is_refused_with_the_span_that_has_some(lab: Lab) -> None:
    file = Path(shutil.copy(asset("examples") / "ma_cross.py", lab.folder / "ma_cross.py"))
    task = lab.rehearse(file, start="2030-01-01", end="2030-01-31")
    assert task.state == "failed"
    assert "no bars are recorded from 2030-01-01" in task.error
    assert "from 2000-03-01 to 2013-03-01" in lab.output(task)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"start": "tomorrow", "end": "2026-01-01"}, "a date or a moment"),
        ({"start": "2026-01-02", "end": "2026-01-01"}, "ends before it begins"),
        ({"start": "2026-01-02"}, "go together"),
        ({"most_jobs": 0}, "1 or more"),
    ],
)
def test_a_span_that_is_none_is_refused_before_anything_runs(lab: Lab, given: dict[str, object], words: str) -> None:
    with pytest.raises(TaskRefused, match=words):
        lab.rehearse(lab.client(), **given)


def test_a_job_that_never_ends_is_ended_and_what_ran_before_it_is_shown(lab: Lab) -> None:
    job = """
    print("begins", flush=True)
    while datetime.datetime.now(datetime.UTC).day == 2:
        pass
    """
    SettingsManager(lab.home).set_by_path("worker.cancel_seconds", 1.0, "float")
    file = lab.client(job, "self.scheduler.every().day.at('12:00', 'UTC').do(self.job)")
    task = lab.rehearse(file, start="2026-01-01", end="2026-01-05", seconds=0.5)
    found = rehearsal.outcome(lab.home, task.task_id)
    assert task.result is not None, task.error
    assert "in the middle of a job" in task.result["note"]
    assert [to_datetime(each.due).day for each in found.runs] == [1]
