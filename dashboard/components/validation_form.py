"""What a check is asked: which one, of what, and its own few fields."""

from typing import Any, Final

import streamlit as st

from components import backtest_form, backtest_grid, backtest_options, backtest_source, frame, markup, times
from components.backtest_source import Chosen
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import runs, strategy_forms, tasks, uploads, validation_arguments, validation_tasks
from quantstrip.operations.strategy_forms import Form
from quantstrip.operations.tasks import Task
from quantstrip.operations.validation_tasks import (
    LOOKAHEAD,
    MONTE_CARLO,
    PARITY,
    PINE,
    STARTUP,
    STRATEGY,
    WALK,
)

KIND: Final = "check-kind"
NAMES: Final = {
    LOOKAHEAD: "Look-ahead", STARTUP: "Start-up", WALK: "Walk-forward", MONTE_CARLO: "Monte Carlo", PARITY: "Parity",
    PINE: "Pine parity", STRATEGY: "Strategy check",
}  # fmt: skip
_ASKS: Final = {
    LOOKAHEAD: "Does it know the future? The history is cut short at many bars; every decision must stay what it was. "
    "Backtests of such strategies do this by themselves first.",
    STARTUP: "How many bars must warm it up? The second half is traded after warm-ups of several lengths.",
    WALK: "Was it chosen to fit? Parameters are chosen on the past and judged on the bars right after, window by "
    "window.",
    MONTE_CARLO: "How much was the order of its trades? Those of a kept run are shuffled many times.",
    PARITY: "Is it another strategy when it trades? Its backtest is compared with another form of it (vectorised with "
    "bar by bar), or with what it did on paper or live.",
    PINE: "Does it trade as TradingView says? Its backtest is compared, deal by deal, with the list of trades that the "
    "chart exported. Costs that you do not name are none.",
    STRATEGY: "Is the file fit to be run, whoever wrote it? It is judged by its text, then constructed in a cell.",
}
_AGAINST: Final = ("Another file", "Fills in the ledger")
_MODES: Final = ("paper", "live", "replay", "simulation")
_OWN: Final = {
    "check-every": ("every", False), "check-seed": ("seed", 0), "check-train": ("train", 500),
    "check-test": ("test", 125), "check-anchored": ("anchored", False), "check-metric": ("metric", "sharpe"),
    "check-tries": ("tries", 1_000), "check-replace": ("replace", False), "check-tolerance": ("price_tolerance", 1e-9),
    "check-strategy": ("strategy", ""), "check-zone": ("zone", "UTC"), "check-tick": ("tick", 0.0),
    "check-quantities": ("quantities", False), "check-mode": ("mode", "paper"), "check-other": ("other", None),
    "check-run-id": ("run_id", None),
}  # fmt: skip
"""Field: the argument it fills, and what it begins with."""
_LISTED: Final = 200
Asked = dict[str, Any]


def fill(task: Task) -> None:
    """Put what an earlier check was asked into the form, when it is drawn next."""
    backtest_form.fill(task.arguments)
    st.session_state[KIND] = task.kind
    for key, (name, default) in _OWN.items():
        value = task.arguments.get(name)
        st.session_state[key] = default if value is None else value
    st.session_state["check-against"] = _AGAINST[task.arguments.get("mode") is not None]


def show(home: Home) -> None:
    """The form; a check that is asked for is queued and opened."""
    for key, (_, default) in _OWN.items():
        st.session_state.setdefault(key, default)
    st.session_state.setdefault(KIND, LOOKAHEAD)
    with st.container(border=True, key="check-form"):
        kind = st.pills("Check", list(NAMES), key=KIND, required=True, format_func=NAMES.__getitem__,
                        label_visibility="collapsed")  # fmt: skip
        assert kind is not None  # noqa: S101 - one is required
        st.html(markup.tag("p", markup.text(_ASKS[kind]), "qs-soft"))
        with frame.boundary():
            if kind == MONTE_CARLO:
                _begin(home, kind, _shuffled(home))
                return
            left, right = st.columns(2, gap="medium")
            with left, frame.boundary():
                chosen = backtest_source.choose(home)
                if chosen is None:
                    return
                if kind == STRATEGY:
                    with right:
                        _begin(home, kind, {"file": chosen.path})
                    return
                _of_a_run(home, kind, chosen, right)


def _of_a_run(home: Home, kind: str, chosen: Chosen, right: Any) -> None:
    """A check that runs the strategy: its parameters, the run's options, and the check's own fields."""
    if chosen.untrusted:
        backtest_options.refuse("This check loads the strategy here. Have somebody else's code judged by Strategy "
                                "check, and switch that off once you have read it.")  # fmt: skip
        return
    form = strategy_forms.form(home, chosen.path)
    given, place = backtest_form.begin(home, form)
    backtest_grid.begin(form, given)
    st.html(backtest_form.about(form))
    values = _values(kind, form)
    with right, frame.boundary():
        own = _own(home, kind, chosen.path)
        options, wrong = backtest_options.options(home, form, place)
        fits = values is not None and own is not None and not wrong
        asked = {**options, **(own or {}), **(values or {}), "file": chosen.path} if fits else None
        _begin(home, kind, asked)
        backtest_options.told(options, wrong)


def _values(kind: str, form: Form) -> Asked | None:
    """Parameters, or the grid of them; None while a field is wrong."""
    if kind == WALK:
        return backtest_grid.grid(form, sweep=False)
    values = backtest_form.parameters(form)
    return None if values is None else {"parameters": values}


def _own(home: Home, kind: str, file: str) -> Asked | None:
    """The fields of one check; None while something is missing."""
    one, two = st.columns(2)
    match kind:
        case validation_tasks.LOOKAHEAD:
            every = one.toggle(
                "Cut at every bar", key="check-every", help="Else at 64 with a signal and 64 random ones."
            )
            seed = two.number_input("Seed of the random cuts", key="check-seed", min_value=0, step=1)
            return {"every": every, "seed": int(seed)}
        case validation_tasks.WALK:
            train = one.number_input("Bars to choose on", key="check-train", min_value=2, step=50)
            test = two.number_input("Bars to judge on", key="check-test", min_value=1, step=25)
            metric = one.selectbox("Chosen by", validation_arguments.METRICS, key="check-metric",
                                   format_func=lambda name: name.replace("_", " "))  # fmt: skip
            anchored = two.toggle("Anchored", key="check-anchored",
                                  help="Choose on everything since the first bar; else windows roll on.")  # fmt: skip
            return {"train": int(train), "test": int(test), "metric": metric, "anchored": anchored}
        case validation_tasks.PARITY:
            return _against(home, file)
        case validation_tasks.PINE:
            return _exported()
    return {}


def _against(home: Home, file: str) -> Asked:
    way = st.segmented_control("Against", _AGAINST, default=_AGAINST[0], key="check-against", required=True,
                               label_visibility="collapsed")  # fmt: skip
    one, two = st.columns(2)
    tolerance = st.number_input(
        "Relative difference of prices that is none", key="check-tolerance", min_value=0.0, max_value=0.1, format="%g",
        step=0.0001, help="0.0005 lets prices differ by 0.05 %: live fills have slippage.",
    )  # fmt: skip
    if way == _AGAINST[0]:
        known = {each.path: each.label for each in strategy_forms.files(home) if each.path != file}
        if st.session_state["check-other"] not in known:
            st.session_state["check-other"] = next(iter(known))
        other = st.selectbox("Another form of it", list(known), key="check-other", format_func=known.__getitem__)
        return {"other": other, "price_tolerance": tolerance}
    mode = one.selectbox("Mode", _MODES, key="check-mode")
    name = two.text_input("Name in the ledger", key="check-strategy", placeholder="the strategy's own")
    return {"mode": mode, "strategy": name.strip() or None, "price_tolerance": tolerance}


def _exported() -> Asked | None:
    file = st.file_uploader("List of trades, as TradingView exported it", type="csv", key="check-trades",
                            max_upload_size=50)  # fmt: skip
    one, two = st.columns(2)
    zone = one.text_input("The chart's time zone", key="check-zone", help="As America/New_York.")
    tick = two.number_input("The chart's price step", key="check-tick", min_value=0.0, step=0.01, format="%g",
                            help="Its prices are rounded to it. 0: they are exact.")  # fmt: skip
    quantities = st.toggle("Compare quantities too", key="check-quantities",
                           help="By default each side sizes as it likes.")  # fmt: skip
    if file is None:
        return None
    return {"trades": file, "zone": zone.strip() or "UTC", "tick": tick, "quantities": quantities}


def _shuffled(home: Home) -> Asked | None:
    """Whose trades are shuffled, and how."""
    known = {each.run_id: each for each in runs.list_runs(home, _LISTED)}
    if not known:
        words = "No run is kept yet: run a backtest first. Each that is done is kept."
        st.html(markup.notice("info", markup.text(words)))
        frame.link("backtest", "Run one on the page Backtest", icon=":material/query_stats:")
        return None
    if st.session_state["check-run-id"] not in known:
        st.session_state["check-run-id"] = next(iter(known))
    run = st.selectbox(
        "Kept run", list(known), key="check-run-id",
        format_func=lambda name: f"{name} · {known[name].run['strategy']} on {', '.join(known[name].run['symbols'])} · "
        f"{known[name].counts['trades']} trades · {times.second(known[name].created)}",
    )  # fmt: skip
    one, two, three = st.columns(3, vertical_alignment="bottom")
    tries = one.number_input("Orders to look at", key="check-tries", min_value=1, max_value=100_000, step=500)
    seed = two.number_input("Seed", key="check-seed", min_value=0, step=1)
    replace = three.toggle("Draw with replacement", key="check-replace", help="Then the end differs too.")
    return {"run_id": run, "tries": int(tries), "seed": int(seed), "replace": replace}


def _begin(home: Home, kind: str, asked: Asked | None) -> None:
    """The button; what was handed over is kept once it is pressed."""
    if not st.button(f"Run: {NAMES[kind]}", type="primary", icon=":material/play_arrow:", key="check-run",
                     width="stretch", disabled=asked is None) or asked is None:  # fmt: skip
        return
    if kind not in (STRATEGY, MONTE_CARLO, WALK):
        with st.spinner("Checking..."):
            strategy_forms.check(home, asked["file"], asked["parameters"], asked["symbols"])
    given = dict(asked)
    if kind == PINE:
        file = given["trades"]
        given["trades"] = str(uploads.keep(home, file.name, file.getvalue(), (".csv",)))
    try:
        made = tasks.submit(home, kind, given, by="Validation")
    except QuantstripError:
        uploads.drop(home, given.get("trades", ""))
        raise
    st.query_params.from_dict({"task": str(made.task_id)})
    st.rerun()
