"""The Backtest page: a typed form that checks first, runs with their state, results, comparison, sweeps."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantstrip.home import Home, asset
from quantstrip.ledger import open_ledger
from quantstrip.operations import tasks

PAGE = "screens/backtest.py"
CROSS = str(asset("examples") / "ma_cross.py")
ASKED = {"file": CROSS, "symbols": ["IBM", "MSFT"], "start": "2010-01-01"}
TYPED = '''
from quantstrip import Allowed, Signal, StrategyBase

class Typed(StrategyBase):
    """Has a parameter of every kind."""
    parameters = ["bars", "share", "loud", "side", "word", "weights"]
    allowed = {"bars": Allowed(2, 50, help="How many."), "side": Allowed(choices=("long", "both"))}
    timeframe = "1d"
    def __init__(self, symbols=None, bars=10, share=0.5, loud=False, side="long", word="x", weights=(1, 2)):
        super().__init__(name="typed", symbols=symbols or ["IBM"])
        self.bars, self.share, self.loud, self.side, self.word, self.weights = bars, share, loud, side, word, weights
    def on_bar(self, bar):
        return [Signal(bar.symbol, "SELL", quantity=1)]
'''
Show = Callable[..., Any]


@pytest.fixture
def done(home: Home) -> tasks.Task:
    open_ledger(home)
    return tasks.run_now(home, "backtest", ASKED, by="test")


def buttons(page: Any) -> list[str]:
    return [button.label for button in page.app.button]


def test_a_home_without_runs_has_a_form_and_says_what_to_do(home: Home, show: Show) -> None:
    open_ledger(home)
    page = show(PAGE)
    assert "Nothing was run yet. Choose a strategy above and press Run." in page.text
    assert "The service is not running" in page.text
    assert page.app.selectbox(key="bt-file").options[:2] == ["examples/ma_cross.py", "examples/rsi_reversion.py"]
    assert [each.label for each in page.app.number_input if each.key.startswith("bt-param")] == ["fast", "slow"]
    assert page.app.number_input(key="bt-param-ma_cross-fast").max == 499
    assert page.app.multiselect(key="bt-symbols-ma_cross").value == ["AAPL", "GOOG", "IBM", "MSFT"]


def test_each_parameter_has_a_field_of_its_kind_with_bounds_choices_and_help(home: Home, show: Show) -> None:
    open_ledger(home)
    (home.clients / "typed.py").write_text(TYPED)
    (home.clients / "half.py").write_text("class Half(StrategyBase:")
    (home.clients / "job.py").write_text("from quantstrip import ClientBase\nclass Job(ClientBase): ...")
    page = show(PAGE)
    choice = page.app.selectbox(key="bt-file")
    assert choice.options[0] == "clients/typed.py"
    assert not [each for each in choice.options if "half" in each or "job" in each]
    bars = page.app.number_input(key="bt-param-typed-bars")
    assert (bars.value, bars.min, bars.max, bars.step) == (10, 2, 50, 1)
    assert "How many" in bars.help
    assert page.app.number_input(key="bt-param-typed-share").value == 0.5
    assert page.app.checkbox(key="bt-param-typed-loud").value is False
    assert page.app.selectbox(key="bt-param-typed-side").options == ["long", "both"]
    assert page.app.text_input(key="bt-param-typed-word").value == "x"
    weights = page.app.text_input(key="bt-param-typed-weights")
    assert weights.value == "[1, 2]"
    weights.set_value("[1, ").run()
    assert "weights is written as JSON" in page.text
    assert page.app.button(key="bt-run").disabled


def test_what_the_strategy_refuses_is_told_and_nothing_is_queued(home: Home, show: Show) -> None:
    open_ledger(home)
    page = show(PAGE)
    page.app.number_input(key="bt-param-ma_cross-fast").set_value(40).run()
    page.press("bt-run")
    assert "fast must be shorter than slow, got fast 40 and slow 30" in page.text
    assert tasks.list_tasks(home) == []


def test_without_a_service_a_run_is_refused_with_what_to_do(home: Home, show: Show) -> None:
    open_ledger(home)
    page = show(PAGE)
    page.press("bt-run")
    assert "no service runs on the home" in page.text
    assert tasks.list_tasks(home) == []


def test_a_strategy_that_cannot_be_loaded_is_told_with_its_line(home: Home, show: Show) -> None:
    open_ledger(home)
    (home.clients / "broken.py").write_text(TYPED.replace("super().__init__(", "undefined("))
    page = show(PAGE)
    assert "broken.py, line 10: NameError" in page.text


def test_a_viewer_sees_results_and_may_run_nothing(done: tasks.Task, show: Show) -> None:
    page = show(PAGE, role="viewer")
    assert {button.key for button in page.app.button} <= {f"bt-open-{done.task_id}", "bt-compare"}
    page.press(f"bt-open-{done.task_id}")
    assert "Total return" in page.text


def test_a_result_shows_figures_tables_what_was_assumed_and_files(done: tasks.Task, home: Home, show: Show) -> None:
    assert done.state == "done", done.error
    page = show(PAGE, task=str(done.task_id))
    result = done.result or {}
    figures = result["metrics"]
    assert f"{100 * figures['total_return']:+.2f} %" in page.text
    assert f"{figures['sharpe']:.2f}" in page.text
    assert result["run"]["code_hash"] in page.text
    assert "NATIVE: max_order_value=20000" in page.text
    trades = page.app.dataframe[0].value
    assert len(trades) == result["trades"]
    whole = json.loads(Path(result["path"]).read_text())
    assert trades["PnL"].tolist() == [trade["pnl"] for trade in whole["trades"]]
    labels = [button.label for button in page.app.get("download_button")]
    assert labels == ["JSON", "Equity CSV", "Trades CSV", "Fills CSV", "Rejected signals CSV"]
    assert len(page.app.get("echarts_chart")) == 1
    assert len(page.app.get("plotly_chart")) == 2


def test_a_script_is_chosen_with_its_settings_and_its_lines_are_on_the_price_chart(home: Home, show: Show) -> None:
    open_ledger(home)
    file = str(asset("examples") / "dataframe_ema_cross.py")
    made = tasks.run_now(home, "backtest", {"file": file, "symbols": ["IBM"], "start": "2010-01-01"})
    page = show(PAGE, task=str(made.task_id))
    (chart,) = page.app.get("echarts_chart")
    assert all(name in str(chart.proto) for name in ("EMA 12", "EMA 40", "gap", "L (script)"))
    page = show(PAGE, file=file)
    assert page.app.number_input(key="bt-param-dataframe_ema_cross-stopLossPct").value == 0.04
    assert page.app.number_input(key="bt-param-dataframe_ema_cross-trailingActivationPct").value is None
    assert page.app.selectbox(key="bt-param-dataframe_ema_cross-tradeDirection").options == ["long", "short", "both"]
    assert page.app.multiselect(key="bt-symbols-dataframe_ema_cross").value == []


def test_what_does_not_exist_is_a_dash_and_every_refusal_names_its_rule(home: Home, show: Show) -> None:
    open_ledger(home)
    (home.clients / "typed.py").write_text(TYPED)
    task = tasks.run_now(home, "backtest", {"file": str(home.clients / "typed.py"), "start": "2012-12-01"})
    page = show(PAGE, task=str(task.task_id))
    assert "Win rate \N{EN DASH}" in page.text
    assert "Nothing was traded: every signal was rejected, by allow_short" in page.text
    page.app.segmented_control(key=f"bt-table-{task.task_id}").set_value("rejected").run()
    assert set(page.app.dataframe[0].value["rule"]) == {"allow_short"}


def test_runs_are_compared_and_what_differs_is_marked(done: tasks.Task, home: Home, show: Show) -> None:
    other = tasks.run_now(home, "backtest", ASKED | {"parameters": {"fast": 5}})
    page = show(PAGE)
    for task in (done, other):
        page.app.checkbox(key=f"bt-picked-{task.task_id}").check().run()
    page.press("bt-compare")
    assert f"Run {done.task_id}" in page.text
    assert "parameter fast differs 10 5" in page.text
    assert "parameter slow differs" not in page.text
    assert "start differs" not in page.text


def test_an_earlier_run_fills_the_form(done: tasks.Task, home: Home, show: Show) -> None:
    asked = ASKED | {"parameters": {"fast": 7}, "cash": 5000.0, "calendar": None, "virtual_legs": True}
    again = tasks.run_now(home, "backtest", asked)
    page = show(PAGE, task=str(again.task_id))
    page.press("bt-edit")
    assert page.app.number_input(key="bt-param-ma_cross-fast").value == 7
    assert page.app.number_input(key="bt-cash").value == 5000.0
    assert page.app.text_input(key="bt-calendar").value == "none"
    assert page.app.selectbox(key="bt-legs").value is True
    assert page.app.multiselect(key="bt-symbols-ma_cross").value == ["IBM", "MSFT"]
    assert str(page.app.date_input(key="bt-start").value) == "2010-01-01"


def test_a_link_chooses_the_file(home: Home, show: Show) -> None:
    open_ledger(home)
    page = show(PAGE, file=str(asset("examples") / "rsi_reversion.py"))
    assert [each.label for each in page.app.number_input if each.key.startswith("bt-param")] == [
        "period", "oversold", "overbought", "stop",
    ]  # fmt: skip
    assert page.app.number_input(key="bt-param-rsi_reversion-oversold").min == 0.0
    page.app.session_state["bt-fill"] = {
        "file": page.app.selectbox(key="bt-file").value,
        "parameters": {"oversold": 20},
    }
    page.app.run()
    assert not page.app.exception
    assert page.app.number_input(key="bt-param-rsi_reversion-oversold").value == 20.0


def test_a_run_is_deleted_with_its_files_after_a_question(done: tasks.Task, home: Home, show: Show) -> None:
    page = show(PAGE)
    page.press(f"bt-delete-{done.task_id}")
    assert (home.tasks / str(done.task_id)).is_dir()
    page.press("bt-delete-now")
    assert tasks.list_tasks(home) == []
    assert not (home.tasks / str(done.task_id)).exists()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"task": "99"}, "there is no task 99"),
        ({"task": "<b>"}, "'<b>' is no run"),
        ({"compare": "1,x"}, "'x' is no run"),
    ],
)
def test_an_address_of_what_is_not_there_is_told(home: Home, show: Show, query: dict[str, str], words: str) -> None:
    open_ledger(home)
    assert words in show(PAGE, **query).text


def test_a_task_of_another_kind_has_no_buttons_here(home: Home, show: Show) -> None:
    number = open_ledger(home).add_task("package_upgrade", {"names": [], "source": True})
    page = show(PAGE, task=str(number))
    assert f"task {number} is no backtest: package_upgrade" in page.text
    assert [button.label for button in page.app.button if "bt-" in (button.key or "")] == []


def test_a_failed_run_says_why(home: Home, show: Show) -> None:
    open_ledger(home)
    task = tasks.run_now(home, "backtest", ASKED | {"symbols": ["NONE"]})
    page = show(PAGE, task=str(task.task_id))
    assert "holds no bars of NONE" in page.text


def test_a_sweeps_fields_take_ranges_and_count_the_runs(home: Home, show: Show) -> None:
    open_ledger(home)
    page = show(PAGE)
    page.app.segmented_control(key="bt-way").set_value("Sweep").run()
    page.app.text_input(key="bt-grid-ma_cross-fast").set_value("5:20:5").run()
    assert "4 runs" in page.text
    page.app.text_input(key="bt-grid-ma_cross-slow").set_value("30:10:5").run()
    assert "'30:10:5' is no range" in page.text
    assert page.app.button(key="bt-run").disabled


def test_a_sweep_shows_its_points_the_best_the_refused_and_how_many_were_tried(home: Home, show: Show) -> None:
    open_ledger(home)
    grid = {"fast": [5, 10, 30], "slow": [20, 30]}
    task = tasks.run_now(home, "sweep", ASKED | {"symbols": ["IBM"], "grid": grid, "workers": 1})
    assert task.state == "done", task.error
    page = show(PAGE, task=str(task.task_id))
    assert "The best of 4 tries on the same bars" in page.text
    assert "Points 6 of 6" in page.text
    assert "Refused 2 by the strategy, not run" in page.text
    points, refused = (table.value for table in page.app.dataframe)
    assert points["Sharpe ratio"].is_monotonic_decreasing
    assert list(refused["fast"]) == [30, 30]
    page.app.selectbox(key=f"bt-metric-{task.task_id}").set_value("max_drawdown").run()
    assert page.app.dataframe[0].value["Max drawdown"].is_monotonic_decreasing
