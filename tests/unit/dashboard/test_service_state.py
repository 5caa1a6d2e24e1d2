"""Pages that need the service: while it does not run they say what does not happen, and offer to start it."""

from typing import Any

import pytest

from quantstrip.home import Home
from quantstrip.ledger import open_ledger

START = "start-the service"
MANY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) SELECT i FROM n"


def offered(page: Any) -> bool:
    return START in {button.key for button in page.app.button}


@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("python", "so no simulation or rehearsal can begin"),
        ("packages", "so no package can be installed, upgraded or removed"),
        ("notifications", "so no message is sent: what is written waits"),
        ("reporting", "so no file is made and no mail is sent from here"),
    ],
)
def test_a_stopped_service_is_told_with_what_does_not_happen_and_can_be_started(
    traded: Any, show: Any, name: str, means: str
) -> None:
    page = show(f"screens/{name}.py")
    assert f"The service is not running, {means}." in page.text
    assert offered(page)


def test_a_result_that_only_the_worker_can_write_says_that_there_is_none(home: Home, show: Any) -> None:
    open_ledger(home)
    page = show("screens/sql.py")
    assert not offered(page)
    page.app.selectbox(key="sql-rows").set_value(1_000).run()
    page.write("sql-editor", MANY)
    page.press("sql-run")
    assert "The service is not running, so the whole result cannot be written to a file." in page.text
    assert offered(page)


def test_who_may_not_start_it_has_no_button(home: Home, show: Any) -> None:
    open_ledger(home)
    page = show("screens/notifications.py", role="operator")
    assert "The service is not running" in page.text
    assert not offered(page)
