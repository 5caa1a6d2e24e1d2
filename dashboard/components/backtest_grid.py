"""What a sweep is asked besides a run's options: values of parameters, which points, where they run, how long."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Final

import streamlit as st

from components import backtest_fields, backtest_form, backtest_options, markup, waiting
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import grids, tasks
from quantstrip.operations.strategy_forms import Field, Form
from quantstrip.operations.sweep_pool import spelled

_ESTIMATE: Final = "bt-estimate"
_ASKED: Final = "bt-estimate-of"
_POINTS: Final = {"all": "Every combination", "drawn": "Drawn by chance"}
_WHERE: Final = {"here": "processes of this machine", "dask": "a Dask cluster"}
_MORE: Final = {"bt-drawn": ("random", 500), "bt-draw-seed": ("seed", 0), "bt-workers": ("workers", 0),
                "bt-limit": ("limit_minutes", 60.0), "bt-by-bar": ("bar_by_bar", False)}  # fmt: skip
"""Field: the argument it fills, and what it begins with."""


def begin(form: Form, given: Mapping[str, Any] | None) -> None:
    """What each field begins with: an earlier sweep's value, what stands there already, or the default."""
    for key, (name, default) in _MORE.items():
        st.session_state.setdefault(key, default)
        if given is not None:
            st.session_state[key] = given.get(name) or default
    for key, value in {"bt-points": "all", "bt-where": "here", "bt-dask": "local"}.items():
        st.session_state.setdefault(key, value)
    if given is None:
        return
    st.session_state["bt-points"] = "drawn" if given.get("random") else "all"
    st.session_state["bt-where"] = "dask" if given.get("dask") else "here"
    st.session_state["bt-dask"] = given.get("dask") or "local"
    values = {**given.get("parameters", {}), **given.get("grid", {})}
    for field in form.fields:
        if field.name in values:
            value = values[field.name]
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            st.session_state[_key(form, field)] = text


def grid(form: Form, *, sweep: bool = True) -> dict[str, Any] | None:
    """A field for each parameter: one value, a list, or first:last:step; the number of runs below them.

    Returns the arguments that a sweep adds, or those of the grid alone; None while one of the fields names no values.
    """
    if not form.fields:
        st.html(markup.notice("info", markup.text("This strategy has no parameters, so there is nothing to sweep.")))
        return None
    st.html(markup.tag("p", markup.text("One value, several (5, 10, 20) or a range: first:last:step, such as 5:50:5. "
                                        "Empty: the strategy's own."), "qs-soft"))  # fmt: skip
    values: dict[str, list[Any]] = {}
    scalar = [each for each in form.fields if each.kind != "list"]
    fits = _ask_all(form, [each for each in scalar if not each.setting], values)
    settings = [each for each in scalar if each.setting]
    if settings:
        backtest_fields.group(
            backtest_form.SETTINGS, ":material/rule_settings:", "bt-group-script", lambda: _draw(form, settings)
        )
        fits &= _read(form, settings, values)
    drawn: dict[str, Any] = {"random": 0}
    where: dict[str, Any] = {}
    if sweep:  # the page Validation asks for the grid alone
        drawn = _points()
        backtest_fields.group("Where it runs, and limits", ":material/memory:", "bt-group-where", _draw_where)
        where = _where()
    if not fits:
        return None
    varied = {name: each for name, each in values.items() if len(each) > 1}
    fixed = {name: each[0] for name, each in values.items() if len(each) == 1}
    if not varied:
        st.html(markup.tag("div", markup.text("Give at least one parameter several values."), "qs-soft", role="status"))
        return None
    try:
        count = grids.check_grid(varied, drawn["random"])
    except QuantstripError as error:
        backtest_options.refuse(f"{error.message}. {error.hint}")
        return None
    whole = prod(len(each) for each in varied.values())
    words = f"{count:,} run{'' if count == 1 else 's'}{f' of {whole:,} combinations' if count < whole else ''}"
    words = f"{words}{'' if sweep else ' a window'}, each the same as a backtest with these parameters."
    st.html(markup.tag("div", markup.text(words), "qs-soft", role="status"))
    return {"grid": varied, "parameters": fixed, **(drawn if sweep else {}), **where}


def estimate(home: Home, arguments: Mapping[str, Any] | None) -> None:
    """A button that has the worker run a few points, and what all of them would take."""
    if st.button("Estimate first", icon=":material/timer:", key="bt-estimate-run", width="stretch",
                 disabled=arguments is None, help="Runs three points and keeps nothing of them."):  # fmt: skip
        task = tasks.submit(home, "sweep_estimate", arguments or {}, by="Backtest")
        waiting.drop(home, _ESTIMATE)
        st.session_state[_ESTIMATE], st.session_state[_ASKED] = task.task_id, arguments
        st.rerun()
    done = waiting.show(home, _ESTIMATE, "No estimate")
    if done is None or done.result is None:
        return
    if arguments != st.session_state.get(_ASKED):
        st.html(markup.tag("div", markup.text("The estimate was of other values; ask anew."), "qs-soft"))
        return
    st.html(estimated(done.result))


def estimated(found: Mapping[str, Any]) -> markup.Html:
    """An estimate in words."""
    many = f"{found['points']:,} points, {found['seconds_each']:.3g} s each, {found['at_once']} at once"
    words = f"About {spelled(found['seconds'])}: {many}. {str(found['way']).capitalize()}."
    if found["refused"] == found["tried"]:
        words = f"None of the {found['tried']} points that were tried ran, so that nothing is known: {found['why']}."
    if found["over"]:
        words += f" That is more than the limit of {spelled(found['limit'])}: the sweep would be refused."
    return markup.notice("warn" if found["over"] or found["refused"] == found["tried"] else "info", markup.text(words))


def _ask_all(form: Form, fields: Sequence[Field], values: dict[str, list[Any]]) -> bool:
    """Ask for the values of some parameters; False where one names none."""
    _draw(form, fields)
    return _read(form, fields, values)


def _draw(form: Form, fields: Sequence[Field]) -> None:
    rows = [st.columns(2) for _ in fields[::2]]
    for number, field in enumerate(fields):
        key = _key(form, field)
        st.session_state.setdefault(key, "" if field.default is None else _written(field.default))
        rows[number // 2][number % 2].text_input(
            markup.plain(field.name), key=key, help=_help(field), placeholder="the strategy's own",
            persist_state="page",
        )  # fmt: skip


def _read(form: Form, fields: Sequence[Field], values: dict[str, list[Any]]) -> bool:
    """What the fields say, drawn or not; False, and why, where one names no values."""
    fits = True
    for field in fields:
        text = str(st.session_state.get(_key(form, field)) or "").strip()
        try:
            if text:
                values[field.name] = [_typed(field, value) for value in grids.values_of(text)]
        except QuantstripError as error:
            backtest_options.refuse(f"{field.name}: {error.message}. {error.hint}")
            fits = False
    return fits


def _points() -> dict[str, Any]:
    """All of them, or some."""
    way = st.segmented_control("Points", list(_POINTS), key="bt-points", required=True, format_func=_POINTS.__getitem__)
    if way == "all":
        return {"random": 0, "seed": 0}
    one, two = st.columns(2)
    count = one.number_input("How many", key="bt-drawn", persist_state="page", min_value=1,
                             max_value=grids.MOST_POINTS, step=100)  # fmt: skip
    seed = two.number_input("Seed", key="bt-draw-seed", persist_state="page", min_value=0, step=1,
                            help="The same seed draws the same.")  # fmt: skip
    return {"random": int(count), "seed": int(seed)}


def _draw_where() -> None:
    where = st.selectbox(
        "Points run on", list(_WHERE), key="bt-where", format_func=_WHERE.__getitem__, persist_state="page",
        help="A Dask cluster for what one machine would take too long for. Compiled sweeps need neither.",
    )  # fmt: skip
    if where == "dask":
        st.text_input(
            "Address of the scheduler", key="bt-dask", placeholder="tcp://host:8786", persist_state="page",
            help="tcp://host:8786, or local for a cluster on this machine. Needs quantstrip[dask].",
        )  # fmt: skip
    one, two = st.columns(2)
    one.number_input("At once", key="bt-workers", min_value=0, max_value=256, step=1, persist_state="page",
                     help="Points that run at the same time; 0 is one a processor.")  # fmt: skip
    two.number_input(
        "Limit (minutes)", key="bt-limit", min_value=min(0.1, st.session_state["bt-limit"]), step=10.0, format="%g",
        persist_state="page",
        help="By what the first point took, a sweep that would take longer is refused with its estimate.",
    )  # fmt: skip
    st.checkbox("Bar by bar", key="bt-by-bar", persist_state="page",
                help="The engine runs every point, also where compiled code could.")  # fmt: skip


def _where() -> dict[str, Any]:
    """Where they run, how many at once, and how long they may take."""
    state = st.session_state
    return {
        "dask": str(state["bt-dask"]).strip() if state["bt-where"] == "dask" else "",
        "workers": int(state["bt-workers"] or 0), "limit_minutes": float(state["bt-limit"] or 60.0),
        "bar_by_bar": bool(state["bt-by-bar"]),
    }  # fmt: skip


def _key(form: Form, field: Field) -> str:
    return f"bt-grid-{form.name}-{field.name}"


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _help(field: Field) -> str | None:
    choices = f"One of: {', '.join(map(str, field.choices))}." if field.choices else ""
    bounds = [f"{word} {bound:g}" for word, bound in (("from", field.low), ("to", field.high)) if bound is not None]
    told = " ".join(filter(None, (field.help, choices, f"{' '.join(bounds)}." if bounds else "")))
    return markup.plain(told) or None


def _typed(field: Field, value: Any) -> Any:
    """A whole number where the parameter is any number: the strategy's default says which it wants."""
    if field.kind == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return str(value) if field.kind == "text" else value
