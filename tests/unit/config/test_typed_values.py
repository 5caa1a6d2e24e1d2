"""Every type: what it accepts, what it refuses, and that it comes back as it went in."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from quantstrip.config import SettingsManager
from quantstrip.errors import SettingsError
from quantstrip.home import Home

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
names = st.text("abcXYZ019_- ", min_size=1, max_size=10).filter(lambda name: name == name.strip())
scalars = st.one_of(
    texts, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=10,
)
typed = st.one_of(
    st.tuples(texts, st.just("text")),
    st.tuples(st.integers(-(2**63), 2**63 - 1), st.just("int")),
    st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.just("float")),
    st.tuples(st.booleans(), st.just("bool")),
    st.tuples(st.lists(values, max_size=5), st.just("list")),
    st.tuples(st.dictionaries(names.filter(lambda name: name != "secret"), values, max_size=5), st.just("dict")),
)


@example_settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c.d", "c.e", "/f/g.h"]), typed), min_size=1, max_size=4))
def test_what_was_set_is_read_back_with_its_type_also_by_a_new_process(changes: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        settings = SettingsManager(home)
        expected = {}
        for path, (value, kind) in changes:
            settings.set_by_path(path, value, kind)
            expected[path] = (value, kind)
        for reader in (settings, SettingsManager(home)):
            for path, (value, _) in expected.items():
                got = reader.get(path)
                assert (got, type(got)) == (value, type(value))
        kinds = {each.path: each.type for each in settings.tree()}
        assert {path: kinds[path] for path in expected} == {path: kind for path, (_, kind) in expected.items()}


@pytest.mark.parametrize(
    ("value", "kind", "kept"),
    [
        ("8051", "int", 8051),
        (" 12 ", "int", 12),
        ("0.25", "float", 0.25),
        (3, "float", 3.0),
        ("true", "bool", True),
        ("False", "bool", False),
        ('[1, 2.5, "x"]', "list", [1, 2.5, "x"]),
        ((1, 2), "list", [1, 2]),
        ('{"SPY": 0.6}', "dict", {"SPY": 0.6}),
    ],
)
def test_text_that_spells_a_value_is_read_as_it(settings: SettingsManager, value: Any, kind: str, kept: Any) -> None:
    settings.set_by_path("mine.x", value, kind)
    got = settings.get("mine.x")
    assert (got, type(got)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (5, "text"),
        (None, "text"),
        (True, "int"),
        (1.5, "int"),
        ("abc", "int"),
        ("", "int"),
        (2**63, "int"),
        (True, "float"),
        ("x", "float"),
        (float("nan"), "float"),
        (float("inf"), "float"),
        ("inf", "float"),
        (1, "bool"),
        ("yes", "bool"),
        ("not json", "list"),
        ("{}", "list"),
        ([None], "list"),
        ([object()], "list"),
        ("[]", "dict"),
        ({1: 2}, "dict"),
        ({"a": {"b": float("nan")}}, "dict"),
        ({"secret": "x"}, "dict"),
    ],
)
def test_a_value_of_another_type_is_refused_with_path_type_and_what_came(
    settings: SettingsManager, value: Any, kind: str
) -> None:
    settings.set_by_path("mine.x", "before")
    with pytest.raises(SettingsError) as refusal:
        settings.set_by_path("mine.x", value, kind)
    message = str(refusal.value)
    assert f"mine.x is of type {kind}" in message
    assert repr(value) in message
    assert refusal.value.hint
    assert settings.get("mine.x") == "before"


def test_an_unknown_type_lists_the_known_ones(settings: SettingsManager) -> None:
    with pytest.raises(SettingsError, match=r"no setting type 'number'\n.*folder, text, int, float"):
        settings.set_by_path("mine.x", 1, "number")


def test_text_that_no_file_can_hold_is_refused_and_changes_nothing(settings: SettingsManager) -> None:
    settings.set_by_path("mine.x", "before")
    before = settings.home.settings_file.read_bytes()
    with pytest.raises(SettingsError, match="cannot be written as TOML"):
        settings.set_by_path("mine.x", "lone surrogate \ud800")
    assert settings.home.settings_file.read_bytes() == before


def test_what_is_returned_can_be_changed_without_changing_the_settings(settings: SettingsManager) -> None:
    settings.set_by_path("mine.weights", {"SPY": [1]}, "dict")
    settings.get("mine.weights")["SPY"].append(2)
    settings.get("service.restart_delays").clear()
    assert settings.get("mine.weights") == {"SPY": [1]}
    assert settings.get("service.restart_delays") == [0, 1, 2, 5, 15]
