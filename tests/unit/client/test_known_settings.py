"""The table of known settings and the client that reads them say the same."""

from dataclasses import fields
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.bars import Gaps
from quantstrip.client.base import MODES
from quantstrip.client.setup import FEEDS, prepare
from quantstrip.client.strategy import StrategyClient
from quantstrip.config.shipped import overlay
from quantstrip.config.table import KNOWN
from quantstrip.errors import ClientLoadError
from quantstrip.log.stream import _level_number
from quantstrip.matching import CostModel
from quantstrip.model import TIMEFRAMES
from quantstrip.risk import PROFILES, RiskProfile

from .test_setup import client_with

OF_CLIENTS = {".".join(each.parts[2:]): each for each in KNOWN if each.parts[0] == "clients"}
READ_ELSEWHERE = {"notify"}
NOT_FOR_CLIENTS = "backtest"
CHOICES = {
    "mode": tuple(mode for mode in MODES if mode != NOT_FOR_CLIENTS),
    "feed": FEEDS,
    "gaps": get_args(Gaps),
    "timeframe": tuple(TIMEFRAMES),
    "risk": tuple(PROFILES),
    "risk.profile": tuple(PROFILES),
}


def test_every_setting_in_the_table_is_an_attribute_that_a_client_reads_and_none_is_missing() -> None:
    attributes = {name for name in vars(StrategyClient) if not name.startswith("_")} - {"instruments"}
    assert {name for name in OF_CLIENTS if "." not in name} == attributes | READ_ELSEWHERE
    assert {name for name in OF_CLIENTS if name.startswith("risk.")} == {
        "risk.profile",
        *(f"risk.{field.name}" for field in fields(RiskProfile)),
    }
    assert {name for name in OF_CLIENTS if name.startswith("costs.")} == {
        f"costs.{field.name}" for field in fields(CostModel)
    }


@pytest.mark.parametrize("name", list(CHOICES))
def test_the_choices_are_the_clients(name: str) -> None:
    known = OF_CLIENTS[name]
    assert all(known.accepts(choice) and choice in known.expected for choice in CHOICES[name])
    assert known.expected.partition(", or ")[0] == f"one of {', '.join(CHOICES[name])}"


def test_the_levels_are_the_logs() -> None:
    (known,) = (each for each in KNOWN if each.path == "logs.level")
    for level in known.expected.removeprefix("one of ").split(", "):
        assert _level_number(level)


limits = st.floats(0, 1e9) | st.just("off") | st.integers(0, 1000)
free = {
    "cash": st.floats(allow_nan=False) | st.integers() | st.booleans(),
    "quantity": st.floats(allow_nan=False) | st.integers() | st.text(max_size=3),
    "replay_seconds": st.floats() | st.integers(),
    "symbols": st.sampled_from(["AAPL", "AAPL, MSFT", ["IBM"], [], "", [1], ["IBM", ""]]),
    "feed": st.sampled_from([*FEEDS, "tape", 3]),
    "risk": st.sampled_from([*PROFILES, "native", "BOLD", 3])
    | st.dictionaries(st.sampled_from(["max_drawdown", "leverage", "allow_short"]), limits | st.booleans()),
    "costs": st.dictionaries(st.sampled_from(["slippage_bps", "commission_rate"]), st.floats(allow_nan=False)),
}


@settings(max_examples=150, deadline=None)
@given(st.one_of(*(st.tuples(st.just(name), values) for name, values in free.items())))
def test_a_client_starts_with_whatever_the_settings_accept(drawn: tuple[str, Any]) -> None:
    name, value = drawn
    read = overlay({"clients": {"quiet": {name: value}}}, "file")
    if read.problems:
        return
    try:
        prepare(client_with(read.tree["clients"]["quiet"]))
    except ClientLoadError as error:
        pytest.fail(f"clients.quiet.{name} = {value!r} was accepted, and then refused: {error}")
