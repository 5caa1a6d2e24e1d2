"""The Backtest page: a typed form that checks first, runs with their state, results, comparison, sweeps."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantstrip.home import Home, asset
from quantstrip.ledger import open_ledger
from quantstrip.operations import backtest_run, runs, sweeps, tasks

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
UNFOLDED = ("bt-group-bars", "bt-group-risk", "bt-group-fills", "bt-group-script", "bt-group-where")
GROUPS = ["Bars and sessions", "Sizing and risk", "Fills and costs"]


def open_all(page: Any) -> None:
    """Unfold the groups of the form: their fields are drawn then."""
    for key in UNFOLDED:
        page.app.session_state[key] = True
    page.app.run()
    assert not page.app.exception


@pytest.fixture
def done(home: Home) -> tasks.Task:
    open_ledger(home)
    return tasks.run_now(home, "backtest", ASKED, by="test")


def asked(page: Any, label: str) -> dict[str, Any]:
    """What the page asks of the worker: without a service it is refused after all of it was checked."""
    page.press("bt-run")
    assert page.app.button(key="bt-run").label == label
    assert "no service runs on the home" in page.text
    found: dict[str, Any] = page.app.session_state["bt-asked"]
    return found


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "theirs"
    (folder / "strategies").mkdir(parents=True)
    (folder / "ma_cross.py").write_bytes(Path(CROSS).read_bytes())
    (folder / "strategies" / "ema.py").write_bytes((asset("examples") / "dataframe_ema_cross.py").read_bytes())
    names = ("-c", "user.name=A Trader", "-c", "user.email=a@example.org")
    for words in (("init", "--quiet", "--initial-branch=main"), ("add", "."), ("commit", "--quiet", "-m", "Begin")):
        subprocess.run(["git", *names, *words], cwd=folder, check=True, timeout=30)
    return folder


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
    open_all(page)
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
    open_all(page)
    assert page.app.number_input(key="bt-param-ma_cross-fast").value == 7
    assert page.app.number_input(key="bt-cash").value == 5000.0
    assert page.app.text_input(key="bt-calendar").value == "none"
    assert page.app.selectbox(key="bt-legs").value is True
    assert page.app.multiselect(key="bt-symbols-ma_cross").value == ["IBM", "MSFT"]
    assert str(page.app.date_input(key="bt-start").value) == "2010-01-01"


def test_each_option_of_the_command_has_a_field_and_what_was_chosen_stands_below_the_button(
    home: Home, show: Show
) -> None:
    open_ledger(home)
    page = show(PAGE)
    assert not [each for each in page.app.checkbox if each.key == "bt-strict"], "what is folded is not drawn"
    open_all(page)
    assert [each.label for each in page.app.expander if each.label in GROUPS] == GROUPS
    number, choice = page.app.number_input, page.app.selectbox
    for key, value in {"share": 0.1, "borrow": 0.03, "funding": 0.0001, "warmup": 50, "quantity": 100.0}.items():
        number(key=f"bt-{key}").set_value(value)
    for key, chosen in {"direction": "short", "benchmark": "IBM", "hours": 4.0, "risk": "off", "legs": False}.items():
        choice(key=f"bt-{key}").set_value(chosen)
    page.app.checkbox(key="bt-strict").check().run()
    assert "Chosen: warm-up 50 benchmark IBM units 100 risk limits off two legs no share of volume 0.1" in page.text
    assert "borrow rate 0.03 funding rate 0.0001 funding each 4 strict fills" in page.text
    for key in UNFOLDED:
        page.app.session_state[key] = False
    page.app.run()
    filled = asked(page, "Run")
    assert filled["max_volume_share"] == 0.1
    assert (filled["direction"], filled["benchmark"], filled["strict"]) == ("short", "IBM", True)
    assert (filled["funding_hours"], filled["risk"], filled["virtual_legs"]) == (4.0, "off", False)
    made = tasks.run_now(home, "backtest", filled)
    assert made.state == "done", made.error
    told = show(PAGE, task=str(made.task_id)).text
    assert "strict yes, max_volume_share 0.1, borrow_rate 0.03, funding_rate 0.0001, funding_hours 4" in told
    assert "Beta" in told
    assert "to IBM" in told


def test_what_cannot_be_is_told_before_it_is_run(home: Home, show: Show, tmp_path: Path) -> None:
    open_ledger(home)
    page = show(PAGE)
    open_all(page)
    page.app.selectbox(key="bt-source").set_value("named").run()
    assert "Name the folder of the bars" in page.text
    assert page.app.button(key="bt-run").disabled
    page.app.text_input(key="bt-bars").set_value(str(tmp_path / "none")).run()
    assert "is not a folder of bars" in page.text
    (tmp_path / "EURUSD.csv").write_bytes((asset("examples") / "data" / "IBM.csv").read_bytes())
    page.app.text_input(key="bt-bars").set_value(str(tmp_path)).run()
    assert page.app.multiselect(key="bt-symbols-ma_cross").options == ["EURUSD"]
    assert not page.app.button(key="bt-run").disabled
    page.app.selectbox(key="bt-risk").set_value("file").run()
    assert "the file of risk limits is not named" in page.text
    (home.settings / "limits.toml").write_text("max_order_value = -1\n")
    page.app.text_input(key="bt-limits").set_value("settings/limits.toml").run()
    assert "max_order_value must be a number of at least 0" in page.text
    (home.settings / "limits.toml").write_text("max_order_value = 5000\n")
    page.app.run()
    assert asked(page, "Run")["risk"] == str((home.settings / "limits.toml").resolve())
    page.app.date_input(key="bt-start").set_value("2012-01-01")
    page.app.date_input(key="bt-end").set_value("2011-01-01").run()
    assert "From 2012-01-01 lies after To 2011-01-01" in page.text
    assert page.app.button(key="bt-run").disabled


def test_invented_bars_have_a_seed_and_take_any_symbol(home: Home, show: Show) -> None:
    open_ledger(home)
    page = show(PAGE)
    open_all(page)
    page.app.selectbox(key="bt-source").set_value("synthetic").run()
    page.app.number_input(key="bt-invent").set_value(7).run()
    symbols = page.app.multiselect(key="bt-symbols-ma_cross")
    assert symbols.proto.accept_new_options
    filled = asked(page, "Run") | {"symbols": ["ABC"]}
    assert filled["bars"] == "synthetic:7"
    page = show(PAGE, task=str(tasks.run_now(home, "backtest", filled).task_id))
    page.press("bt-edit")
    open_all(page)
    assert page.app.selectbox(key="bt-source").value == "synthetic"
    assert page.app.number_input(key="bt-invent").value == 7
    assert page.app.multiselect(key="bt-symbols-ma_cross").value == ["ABC"]


def test_somebody_elses_code_is_loaded_in_a_cell_and_what_the_rules_refuse_is_told(home: Home, show: Show) -> None:
    open_ledger(home)
    (home.clients / "typed.py").write_text("import os\n" + TYPED)
    page = show(PAGE)
    assert page.app.selectbox(key="bt-file").value.endswith("typed.py")
    page.app.toggle(key="bt-untrusted").set_value(True).run()
    assert "typed.py, line 1: import" in page.text
    page.app.selectbox(key="bt-file").set_value(CROSS).run()
    assert page.app.number_input(key="bt-param-ma_cross-fast").value == 10
    assert asked(page, "Run")["untrusted"] is True


def test_a_strategy_of_a_repository_is_chosen_among_those_found_and_runs_in_a_cell_pinned_to_its_commit(
    home: Home, show: Show, repository: Path
) -> None:
    open_ledger(home)
    page = show(PAGE)
    page.app.segmented_control(key="bt-from").set_value("git").run()
    assert page.app.toggle(key="bt-untrusted").value is True
    assert "Fetch it to choose among its strategies" in page.text
    page.app.text_input(key="bt-git-url").set_value("-x").run()
    page.press("bt-git-fetch")
    assert "'-x' is no address of a repository" in page.text
    fetched = tasks.run_now(home, "git_fetch", {"url": repository.as_uri()})
    page.app.session_state["bt-git"] = fetched.task_id
    page.app.run()
    assert page.app.selectbox(key="bt-git-path").options == ["ma_cross.py", "strategies/ema.py"]
    filled = asked(page, "Run")
    commit = (fetched.result or {})["commit"]
    assert {name: filled.get(name) for name in ("git", "commit", "path", "file", "untrusted")} == {
        "git": repository.as_uri(), "commit": commit, "path": "ma_cross.py", "file": None, "untrusted": True,
    }  # fmt: skip
    made = tasks.run_now(home, "backtest", filled | {"start": "2012-01-01"})
    page = show(PAGE, task=str(made.task_id))
    assert f"{repository.as_uri()}, ma_cross.py at {commit}" in page.text
    page.press("bt-edit")
    assert page.app.segmented_control(key="bt-from").value == "git"
    assert page.app.text_input(key="bt-git-url").value == repository.as_uri()
    assert page.app.text_input(key="bt-git-commit").value == commit
    page.app.session_state["bt-git"] = fetched.task_id
    page.app.run()
    assert str(page.app.date_input(key="bt-start").value) == "2012-01-01"


def test_a_result_shows_what_its_kept_run_is_pinned_to_and_whether_it_was_proven(
    done: tasks.Task, home: Home, show: Show
) -> None:
    page = show(PAGE, task=str(done.task_id))
    result = done.result or {}
    stored = runs.get(home, result["run_id"])
    for pin in (stored.run_id, stored.run["code_hash"], stored.run["data_hash"], stored.run["result_hash"]):
        assert pin in page.text
    assert "fast 10, slow 30" in page.text
    page.press("bt-verify-run")
    assert "no service runs on the home" in page.text
    tasks.run_now(home, "verify", {"run_id": stored.run_id})
    assert "run again, the same byte for byte." in show(PAGE, task=str(done.task_id)).text
    path = runs.find(home, stored.run_id) / runs.CODE / "ma_cross.py"
    path.write_text(path.read_text() + "# touched\n")
    tasks.run_now(home, "verify", {"run_id": stored.run_id})
    told = show(PAGE, task=str(done.task_id)).text
    assert "Not proven" in told
    assert "code: the kept text of ma_cross.py was changed since" in told


def test_kept_runs_are_listed_opened_compared_and_deleted_also_those_of_the_command_line(
    done: tasks.Task, home: Home, show: Show
) -> None:
    alone = backtest_run.run(home, CROSS, symbols=["IBM"], start="2012-01-01").run_id
    both = (done.result or {})["run_id"]
    page = show(PAGE)
    page.app.segmented_control(key="bt-list").set_value("Kept runs").run()
    assert list(page.app.dataframe[0].value["run"]) == [alone, both]
    page = show(PAGE, run=alone)
    assert "Round trips" in page.text
    assert not [each for each in page.app.button if each.key == "bt-kept-prices"]
    assert [each for each in show(PAGE, run=both).app.button if each.key == "bt-kept-prices"]
    page.press("bt-edit")
    assert str(page.app.date_input(key="bt-start").value) == "2012-01-01"
    assert "start differs" in show(PAGE, compare=f"{alone},{both}").text
    page = show(PAGE, run=alone)
    page.press("bt-kept-delete")
    page.press("bt-kept-delete-now")
    assert [one.run_id for one in runs.list_runs(home)] == [both]
    assert f"there is no kept run '{alone}'" in show(PAGE, run=alone).text


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


def test_a_sweep_is_asked_with_a_draw_a_limit_a_cluster_and_settings_that_stay_the_scripts_own(
    home: Home, show: Show
) -> None:
    open_ledger(home)
    page = show(PAGE, file=str(asset("examples") / "dataframe_ema_cross.py"))
    page.app.segmented_control(key="bt-way").set_value("Sweep").run()
    open_all(page)
    assert "Give at least one parameter several values." in page.text
    assert page.app.text_input(key="bt-grid-dataframe_ema_cross-trailingActivationPct").value == ""
    page.app.text_input(key="bt-grid-dataframe_ema_cross-fast").set_value("2:11:1")
    page.app.text_input(key="bt-grid-dataframe_ema_cross-slow").set_value("20:38:2").run()
    page.app.segmented_control(key="bt-points").set_value("drawn").run()
    page.app.number_input(key="bt-drawn").set_value(20)
    page.app.number_input(key="bt-draw-seed").set_value(3)
    page.app.selectbox(key="bt-where").set_value("dask").run()
    page.app.number_input(key="bt-limit").set_value(5.0).run()
    assert "20 runs of 100 combinations" in page.text
    filled = asked(page, "Run the sweep")
    assert (filled["random"], filled["seed"], filled["dask"], filled["limit_minutes"]) == (20, 3, "local", 5.0)
    assert filled["grid"]["fast"] == list(range(2, 12))
    assert "trailingActivationPct" not in filled["parameters"]
    page.app.number_input(key="bt-drawn").set_value(100_000).run()
    page.app.text_input(key="bt-grid-dataframe_ema_cross-slow").set_value("1:200000:1").run()
    assert "a sweep runs at most 100,000" in page.text or "at most 100,000 are run" in page.text


def test_an_estimate_is_told_in_words_until_the_values_change(home: Home, show: Show) -> None:
    open_ledger(home)
    page = show(PAGE)
    page.app.segmented_control(key="bt-way").set_value("Sweep").run()
    page.app.text_input(key="bt-grid-ma_cross-fast").set_value("5, 10").run()
    filled = asked(page, "Run the sweep")
    task = tasks.run_now(home, "sweep_estimate", filled)
    page.app.session_state["bt-estimate"] = task.task_id
    page.app.session_state["bt-estimate-of"] = filled
    page.app.run()
    assert "2 points, " in page.text
    assert "Bar by bar: the form native is run bar by bar." in page.text
    page.app.text_input(key="bt-grid-ma_cross-fast").set_value("5, 10, 15").run()
    assert "The estimate was of other values; ask anew." in page.text


def test_a_sweep_that_was_ended_goes_on_from_its_page(home: Home, show: Show) -> None:
    open_ledger(home)
    grid = {"fast": [5, 10], "slow": [20, 30]}
    task = tasks.run_now(home, "sweep", ASKED | {"symbols": ["IBM"], "grid": grid, "limit_minutes": 1e-9})
    assert task.state == "failed"
    page = show(PAGE, task=str(task.task_id))
    page.press("bt-go-on")
    assert page.app.number_input(key="bt-resume-limit").value == 1e-9
    assert " of 4 points of sweep" in page.app.text[0].value
    page.press("bt-resume-now")
    assert "no service runs on the home" in page.text
    again = tasks.run_now(home, "sweep", {**task.arguments, "resume": task.task_id, "limit_minutes": 60.0})
    told = show(PAGE, task=str(again.task_id)).text
    assert "taken over from an earlier sweep" in told
    assert not [each for each in show(PAGE, task=str(again.task_id)).app.button if each.key == "bt-go-on"]


def test_the_robust_region_stands_beside_the_best_with_the_number_of_tries(home: Home, show: Show) -> None:
    open_ledger(home)
    grid = {"fast": [5, 6, 7, 8], "slow": [20, 22, 24, 26]}
    columns = str(asset("examples") / "vectorized_cross.py")
    task = tasks.run_now(home, "sweep", ASKED | {"file": columns, "grid": grid})
    region = sweeps.load(home, task.task_id).robust("sharpe")[0]
    page = show(PAGE, task=str(task.task_id))
    assert "The best of 16 tries on the same bars" in page.text
    assert f"Robust region {region.point.figures['sharpe']:.2f} fast {region.point.parameters['fast']}" in page.text
    words = f"neighbourhood of {region.size} points Sharpe ratio is {region.middle:.2f}"
    assert words in page.text
    (chart,) = page.app.get("echarts_chart")
    assert "(robust)" in str(chart.proto)
    heat = page.app.selectbox(key=f"bt-heat-{task.task_id}-x")
    heat.set_value("slow").run()
    assert page.app.selectbox(key=f"bt-heat-{task.task_id}-y").value == "fast"


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
