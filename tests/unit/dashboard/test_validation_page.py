"""The page Validation: each check has its fields, is refused before it is queued, and shows all that it found."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantstrip.home import Home, asset
from quantstrip.ledger import open_ledger
from quantstrip.operations import runs, tasks
from quantstrip.operations.validation_tasks import (
    KINDS,
    LOOKAHEAD,
    MONTE_CARLO,
    PARITY,
    PINE,
    STARTUP,
    STRATEGY,
    WALK,
)

PAGE = "screens/validation.py"
CROSS, VECTORIZED = (str(asset("examples") / name) for name in ("ma_cross.py", "vectorized_cross.py"))
SPAN: dict[str, Any] = {
    "symbols": ["AAPL"], "start": "2011-01-01", "end": "2012-12-31", "risk": "off", "bars": "sample",
}  # fmt: skip
AHEAD = """
from quantstrip.strategy.vectorized import VectorizedStrategy
class Ahead(VectorizedStrategy):
    name = "ahead"
    symbols = ["AAPL"]
    def generate_signals(self, prices, volumes, **params):
        cheap = prices < prices.mean()
        return cheap, ~cheap
"""
Show = Callable[..., Any]


@pytest.fixture
def form(home: Home, show: Show) -> Callable[..., Any]:
    """The page's form for one check."""
    open_ledger(home)

    def run(kind: str, **others: Any) -> Any:
        page = show(PAGE)
        page.app.session_state["later-seen-validation"] = True  # the browser asks for that run by itself
        page.app.session_state["check-kind"] = kind
        page.app.run()
        assert not page.app.exception
        return page

    return run


@pytest.fixture
def result(home: Home, show: Show) -> Callable[..., Any]:
    """What the page shows of a check that was made."""
    open_ledger(home)

    def run(kind: str, **arguments: Any) -> Any:
        task = tasks.run_now(home, kind, arguments)
        assert task.state == "done", task.error
        return show(PAGE, task=str(task.task_id))

    return run


def keys(page: Any) -> set[str]:
    return {str(each.key) for each in page.app.button}


def test_the_heading_and_the_list_stand_before_the_form_comes(home: Home, show: Show) -> None:
    open_ledger(home)
    page = show(PAGE)
    assert "Validation" in page.text
    assert "Nothing was checked yet. Choose a check and a strategy above." in page.text
    assert "check-run" not in keys(page)


@pytest.mark.parametrize("kind", KINDS)
def test_each_check_has_its_form_and_without_a_service_says_what_to_do(
    form: Callable[..., Any], home: Home, kind: str
) -> None:
    tasks.run_now(home, "backtest", {"file": CROSS, **SPAN})
    page = form(kind)
    assert not page.app.error
    run = page.app.button(key="check-run")
    if kind in (WALK, PINE):
        assert run.disabled, "no grid, and no list of trades, yet"
        return
    page.press("check-run")
    assert "no service runs on the home" in page.text
    assert [task.kind for task in tasks.list_tasks(home)] == ["backtest"]


def test_a_walk_forward_asks_for_values_and_for_no_more_of_a_sweep(form: Callable[..., Any], home: Home) -> None:
    page = form(WALK)
    assert "Give at least one parameter several values" in page.text
    page.app.text_input(key="bt-grid-ma_cross-fast").set_value("5, 10").run()
    assert "2 runs a window" in page.text
    assert not page.app.button(key="check-run").disabled
    assert not [each for each in page.app.number_input if each.key in ("bt-drawn", "bt-limit", "bt-workers")]


def test_what_the_strategy_refuses_is_told_and_nothing_is_queued(form: Callable[..., Any], home: Home) -> None:
    page = form(STARTUP)
    page.app.number_input(key="bt-param-ma_cross-fast").set_value(40).run()
    page.press("check-run")
    assert "fast must be shorter than slow" in page.text
    assert tasks.list_tasks(home) == []


def test_without_a_kept_run_there_is_nothing_to_shuffle_and_the_page_says_where_one_is_made(
    form: Callable[..., Any],
) -> None:
    page = form(MONTE_CARLO)
    assert "No run is kept yet: run a backtest first." in page.text
    assert page.app.button(key="check-run").disabled


def test_code_of_somebody_else_is_judged_by_its_text_alone(form: Callable[..., Any]) -> None:
    page = form(LOOKAHEAD)
    page.app.toggle(key="bt-untrusted").set_value(True).run()
    assert "Have somebody else's code judged by Strategy check" in page.text
    assert "check-run" not in keys(page)


def test_decisions_that_know_the_future_are_listed_with_a_way_to_the_line(
    result: Callable[..., Any], home: Home
) -> None:
    (home.clients / "ahead.py").write_text(AHEAD)
    page = result(LOOKAHEAD, file=str(home.clients / "ahead.py"), **SPAN)
    assert "It knows the future" in page.text
    assert "AAPL 2011-" in page.text
    assert "Clean:" in result(LOOKAHEAD, file=VECTORIZED, **SPAN).text


def test_warm_ups_are_drawn_and_listed(result: Callable[..., Any]) -> None:
    page = result(STARTUP, file=CROSS, **SPAN)
    assert "Take that as warm-up in a backtest as in the client" in page.text
    assert len(page.app.get("plotly_chart")) == 1


def test_a_walk_forward_shows_its_windows_and_what_was_carried_on(result: Callable[..., Any]) -> None:
    page = result(WALK, file=CROSS, **SPAN, grid={"fast": [3, 5]}, parameters={"slow": 15}, train=200, test=150)
    assert "Efficiency" in page.text
    assert "fast 3" in page.text or "fast 5" in page.text
    assert len(page.app.get("plotly_chart")) == 2


def test_shuffled_trades_show_quantiles_beside_the_runs_own_drawdown(result: Callable[..., Any], home: Home) -> None:
    tasks.run_now(home, "backtest", {"file": CROSS, **SPAN})
    page = result(MONTE_CARLO, run_id=runs.list_runs(home)[0].run_id, tries=200, replace=True)
    assert "Drawdown of the run" in page.text
    assert "Equity at the end" in page.text
    assert len(page.app.get("plotly_chart")) == 1


def test_every_mismatch_of_two_forms_has_its_cause_and_can_be_taken_as_csv(result: Callable[..., Any]) -> None:
    page = result(PARITY, file=CROSS, other=VECTORIZED, **SPAN)
    grid = page.app.dataframe[0].value
    assert len(grid) > 0
    assert all(grid["cause"])
    assert [each.label for each in page.app.get("download_button")] == ["Mismatches CSV"]
    assert "Every deal matches." in result(PARITY, file=CROSS, other=CROSS, **SPAN).text


def test_a_list_of_trades_of_a_chart_is_compared_with_a_percentage(result: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    path.write_text(
        "Trade #,Type,Signal,Date/Time,Price USD,Contracts\n"
        "1,Entry long,<b>,2012-03-01,77.5,1\n1,Exit long,X,2012-03-08,76.2,1\n"
    )
    page = result(PINE, file=CROSS, trades=str(path), **SPAN)
    assert "Parity 0.0 %" in page.text
    assert "in time, side and price" in page.text
    assert "our quantity" not in page.app.dataframe[0].value
    assert page.app.dataframe[0].value["their time"].dropna().tolist() == ["2012-03-01 21:00:00", "2012-03-08 21:00:00"]
    assert "not traded" in page.text


def test_a_refused_file_is_told_with_rule_and_line(result: Callable[..., Any], home: Home) -> None:
    (home.clients / "reads.py").write_text(f"{AHEAD}\nimport socket  # <b>\n")
    page = result(STRATEGY, file=str(home.clients / "reads.py"))
    assert "Refused: 1 finding." in page.text
    assert "import 10" in page.text
    assert "It passes: ma_cross" in result(STRATEGY, file=CROSS).text


def test_a_check_is_asked_again_with_all_that_it_was_asked(result: Callable[..., Any], home: Home) -> None:
    page = result(PARITY, file=VECTORIZED, other=CROSS, **SPAN, price_tolerance=0.001)
    page.app.session_state["later-seen-validation"] = True
    page.press("check-edit")
    assert page.app.selectbox(key="bt-file").value == VECTORIZED
    assert page.app.selectbox(key="check-other").value == CROSS
    assert page.app.number_input(key="check-tolerance").value == 0.001
    assert page.app.multiselect(key="bt-symbols-vectorized_cross").value == ["AAPL"]


def test_what_failed_says_why_and_a_check_is_deleted_after_asking(home: Home, show: Show) -> None:
    open_ledger(home)
    task = tasks.run_now(home, STARTUP, {"file": CROSS, **SPAN, "symbols": ["NONE"]})
    page = show(PAGE, task=str(task.task_id))
    assert "NONE" in page.text
    page.press(f"check-delete-{task.task_id}")
    page.press("check-delete-now")
    assert tasks.list_tasks(home) == []


def test_a_viewer_looks_at_what_was_found_and_may_check_nothing(home: Home, show: Show) -> None:
    open_ledger(home)
    task = tasks.run_now(home, STARTUP, {"file": CROSS, **SPAN})
    page = show(PAGE, role="viewer")
    assert keys(page) == {f"open-check-{task.task_id}"}
    page.press(f"open-check-{task.task_id}")
    assert "Enough:" in page.text
    assert keys(page) == {"check-back"}


def test_what_is_no_check_is_said_to_be_none(home: Home, show: Show) -> None:
    open_ledger(home)
    assert "'<b>' is no check" in show(PAGE, task="<b>").text
    assert "there is no task 7" in show(PAGE, task="7").text.lower()
