"""The terminal and the rehearsal's table, as a page shows them."""

import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from quantstrip.home import Home, asset
from quantstrip.ledger import open_ledger
from quantstrip.operations import tasks

from .conftest import Shown

CLIENT = """
from datetime import datetime
from quantstrip import ClientBase, db_handler, logger, send_email

class Client(ClientBase):
    timezone = "America/New_York"
    def __init__(self, *args):
        super().__init__()
        {plan}

    def job(self):
        print("<b>bold</b> & more")
        logger.warning("careful")
        order = db_handler.insert_order(strategy_id="S", side="BUY", symbol="<i>", total_quantity=2.5)
        db_handler.insert_execution(f"e{order}", order, side="BUY", quantity=2.5, price=10.0)
        send_email("*Bought*", "<script>alert(1)</script>", "you@example.com")
        {then}
"""


def client(home: Home, plan: str, then: str) -> str:
    path = home.clients / "tried.py"
    path.write_text(CLIENT.replace("{plan}", plan).replace("{then}", then))
    return str(path)


@pytest.fixture
def pane(home: Home, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Shown]:
    """A page with nothing but the component on it."""
    monkeypatch.syspath_prepend(asset("dashboard"))

    def run(component: str, task_id: int, role: str = "admin") -> Shown:
        page = textwrap.dedent(
            f"""
            from components import {component}, frame
            {component}.show(frame.home(), {task_id}, key="t")
            """
        )
        app = AppTest.from_string(page, default_timeout=30)
        app.user = {"name": "ann", "role": role, "way": "password"}
        app.run()
        assert not app.exception
        return Shown(app)

    return run


def view(shown: Shown, key: str, name: str) -> str:
    """Choose a view; what a person reads then."""
    shown.app.button_group(key=key).set_value(name).run()
    assert not shown.app.exception
    return shown.text


def test_the_terminal_shows_what_was_said_as_text_and_what_was_ordered_filled_and_mailed(
    home: Home, pane: Callable[..., Shown]
) -> None:
    file = client(home, "self.scheduler.every().second.do(self.job)", "self.stop_client()")
    task = tasks.run_now(home, "simulation", {"file": file})
    shown = pane("terminal", task.task_id)
    assert "ended" in shown.text
    assert "<b>bold</b> & more" in shown.text
    assert "<b>bold" not in shown.markup
    assert re.search(r'qs-log-warn">[^<]*careful', shown.markup)
    assert shown.app.button(key="t-stop").disabled
    assert "BUY 2.5 <i>" in view(shown, "t-view", "Orders")
    assert "BUY 2.5 <i>" in view(shown, "t-view", "Fills")
    assert "job every 1 second" in view(shown, "t-view", "Jobs")
    assert "No signal was refused" in view(shown, "t-view", "Refused")
    assert "<script>alert(1)</script>" in view(shown, "t-view", "Mail")
    assert [each.label.partition(" ")[2].partition(" ")[2] for each in shown.app.expander] == [r"\*Bought\*"]


def test_one_that_failed_says_why_and_a_viewer_cannot_stop_one(home: Home, pane: Callable[..., Shown]) -> None:
    file = client(home, "1 / 0", "pass")
    task = tasks.run_now(home, "simulation", {"file": file})
    shown = pane("terminal", task.task_id, role="viewer")
    assert "failed" in shown.text
    assert "ZeroDivisionError" in shown.text
    assert not [each for each in shown.app.button if each.key == "t-stop"]


def test_a_rehearsal_is_figures_and_tables_in_the_clients_zone(home: Home, pane: Callable[..., Shown]) -> None:
    plan = 'self.scheduler.every().day.at("15:45").do(self.job)'
    file = client(home, plan, 'if datetime.now().day == 7: raise ValueError("<on the seventh>")')
    task = tasks.run_now(home, "rehearsal", {"file": file, "start": "2026-03-06", "end": "2026-03-09"})
    shown = pane("rehearsal", task.task_id)
    assert "From 2026-03-06 00:00:00 To 2026-03-09 23:59:59 Zone America/New_York Runs of jobs 4 Failed 1" in shown.text
    assert "Orders 4 Fills 4 Mails 4 Refused 0" in shown.text
    assert "job every 1 days at 15:45:00 4 1 0 2026-03-06 15:45:00 2026-03-09 15:45:00" in shown.text
    runs = view(shown, "t-what", "Runs")
    assert "2026-03-08 15:45:00 job every 1 days at 15:45:00 2026-03-08 15:45:00 ok" in runs
    assert "<on the seventh>" in view(shown, "t-what", "Errors")
    assert len(shown.app.expander) == 1
    assert "BUY 2.5 <i>" in view(shown, "t-what", "Orders")
    assert "careful" in view(shown, "t-what", "Output")
    view(shown, "t-what", "Mail")
    assert len(shown.app.expander) == 4


def test_a_trial_that_waits_shows_that_it_starts(home: Home, pane: Callable[..., Shown], tmp_path: Path) -> None:
    from quantstrip.ledger import open_ledger

    file = client(home, "self.scheduler.every().day.do(self.job)", "pass")
    number = open_ledger(home).add_task("simulation", {"file": file}, "a test")
    shown = pane("terminal", number)
    assert "starting" in shown.text
    assert "It starts." in shown.text
    shown.press("t-stop")
    assert "stopped" in shown.text
    assert tasks.get(home, number).state == "cancelled"


def test_a_span_of_bars_older_than_ten_years_can_be_rehearsed(home: Home, show: Callable[..., Shown]) -> None:
    open_ledger(home)
    (home.clients / "old.py").write_text("x = 1\n", encoding="utf-8")
    page = show("screens/python.py", file="clients/old.py")
    page.press("python-rehearse")
    for field in page.app.date_input:
        assert field.min.year == 1900
    assert [field.label for field in page.app.date_input] == ["From", "To"]
