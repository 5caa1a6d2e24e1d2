"""The example scripts use, together, every feature that the document of their form names."""

import ast
import re
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples"
TYPES = ["int", "float", "bool", "string"]
KEYS = [
    "stopLossPct", "takeProfitPct", "entryPct", "trailingEnabled", "trailingStopPct", "trailingActivationPct",
    "tradeDirection",
]  # fmt: skip
DATAFRAME = {
    "columns": ["open_long", "close_long", "open_short", "close_short", "buy", "sell"],
    "frame": ["open", "high", "low", "close", "ts"],
    "names": ["df", "params", "pd", "np", "output", "my_indicator_name", "my_indicator_description"],
    "output": ["name", "plots", "signals", "data", "color", "overlay", "type", "text"],
    "directions": ["long", "short", "both"],
}
CONTEXT = [
    "open_long", "close_long", "open_short", "close_short", "close_position", "buy", "sell", "param", "bars", "balance",
    "equity", "position", "log",
]  # fmt: skip
POSITION = ["long_size", "short_size", "long_entry", "short_entry", "has_long", "has_short", "is_flat"]
BAR = ["open", "high", "low", "close", "volume", "timestamp"]


def texts(form: str) -> list[str]:
    found = [path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob(f"{form}_*.py"))]
    assert len(found) >= 3
    return found


def nodes(form: str) -> list[ast.AST]:
    return [node for text in texts(form) for node in ast.walk(ast.parse(text))]


@pytest.mark.parametrize("form", ["dataframe", "event"])
def test_parameters_of_every_type(form: str) -> None:
    used = {word for text in texts(form) for word in re.findall(r"^# @param \S+ (\S+) ", text, re.MULTILINE)}
    assert used == set(TYPES)


def test_every_key_of_the_rules_with_every_direction_and_both_ways_to_write_a_share() -> None:
    lines = [
        line for text in texts("dataframe") for line in re.findall(r"^# @strategy (\S+) (\S+)", text, re.MULTILINE)
    ]
    assert {key for key, _ in lines} == set(KEYS)
    assert {value for key, value in lines if key == "tradeDirection"} == set(DATAFRAME["directions"])
    shares = [float(value) for key, value in lines if key == "entryPct"]
    assert min(shares) < 1.0 < max(shares)
    armed = [text for text in texts("dataframe") if "trailingEnabled true" in text]
    assert {"trailingActivationPct " in text.partition('"""\n\n')[2] for text in armed} == {True, False}


def test_both_forms_of_columns_the_frame_s_own_and_all_that_can_be_drawn() -> None:
    found = nodes("dataframe")
    words = {node.value for node in found if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    names = {node.id for node in found if isinstance(node, ast.Name)}
    for kind in ("columns", "frame", "output"):
        assert set(DATAFRAME[kind]) <= words, kind
    assert set(DATAFRAME["names"]) <= names
    plots = [node for node in found if isinstance(node, ast.Dict)]
    overlays = {
        value.value for plot in plots for key, value in zip(plot.keys, plot.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "overlay" and isinstance(value, ast.Constant)
    }  # fmt: skip
    assert overlays == {True, False}


def test_all_of_the_context_the_position_and_the_bar() -> None:
    found = nodes("event")
    asked = {node.attr for node in found if isinstance(node, ast.Attribute)}
    assert set(CONTEXT) <= asked
    assert set(POSITION) <= asked
    of_bars = {
        node.attr for node in found
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("bar", "each")
    }  # fmt: skip
    assert set(BAR) <= of_bars
    calls = [node for node in found if isinstance(node, ast.Call)]
    given = {
        (call.func.attr, word.arg) for call in calls if isinstance(call.func, ast.Attribute) for word in call.keywords
    }
    for intent in ("open_long", "close_long", "open_short", "close_short", "buy", "sell"):
        assert {(intent, word) for word in ("amount", "price", "reason")} <= given, intent
    assert {("buy", "intent"), ("sell", "intent")} <= given
    wholes = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "int"]
    assert [ast.unparse(call) for call in wholes] == ["int(ctx.position)"]
    hooks = {node.name for node in found if isinstance(node, ast.FunctionDef)}
    assert {"on_init", "on_bar"} <= hooks
