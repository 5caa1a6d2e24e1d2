"""Two runs compared by their signals: what became of a fill's signal on the other side is its cause."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quantstrip.backtest.decisions import Decision, decisions_of, joined, with_signals
from quantstrip.backtest.parity import Deal, Parity, compare_deals, deals_of
from quantstrip.engine import MemoryRecorder
from quantstrip.home import Home, asset
from quantstrip.operations.research import prepare

_MOMENTS = {"S": np.arange(0, 1_000, 10, dtype=np.int64)}


def ran(tmp_path: Path, **asked: Any) -> tuple[list[Deal], list[Decision], dict[str, Any]]:
    setup = prepare(
        Home(tmp_path), asset("examples") / "ma_cross.py", symbols=["IBM"], start="2009-01-01", quantity=500, **asked
    )
    recorder = MemoryRecorder()
    deals = deals_of(setup.run(recorder=recorder))
    return deals, decisions_of(recorder), {symbol: np.asarray(table.ts) for symbol, table in setup.tables.items()}


def test_what_a_rule_refused_there_is_told_by_that_rule(tmp_path: Path) -> None:
    free, wanted, moments = ran(tmp_path, risk="off")
    held, decided, _ = ran(tmp_path, risk="native")
    assert (len(held), len(free) > 10) == (0, True), "500 shares are more than one order may be worth"
    found = with_signals(compare_deals(free, held, moments), wanted, decided, moments)
    assert found.signals is not None
    assert found.signals.matched == sum(rule != "" for _, rule in decided) > 5
    causes = {each.cause for each in found.mismatches if each.ours and each.ours.side == "BUY"}
    assert causes == {"refused there by max_order_value"}
    other = with_signals(compare_deals(held, free, moments), decided, wanted, moments)
    assert {each.cause for each in other.mismatches if each.theirs and each.theirs.side == "BUY"} == {
        "refused here by max_order_value"
    }


@pytest.mark.parametrize("bar", [100, 110])
def test_an_order_that_did_not_fill_there_is_told(bar: int) -> None:
    mine = Deal(110, "S", "BUY", 5.0, 1.0)
    signal = [Decision(Deal(bar, "S", "BUY"))]
    found = with_signals(compare_deals([mine], [], _MOMENTS), signal, signal, _MOMENTS)
    assert [each.cause for each in found.mismatches] == ["decided there too, and not filled"]
    assert found.signals == Parity(1, 1, 1, ())


def test_what_was_not_decided_there_keeps_its_cause() -> None:
    mine = Deal(110, "S", "BUY", 5.0, 1.0)
    later = [Decision(Deal(300, "S", "BUY"), "cash")]
    found = with_signals(compare_deals([mine], [], _MOMENTS), [Decision(Deal(100, "S", "BUY"))], later, _MOMENTS)
    assert [each.cause for each in found.mismatches] == ["not traded there"]


def test_of_a_signal_that_was_cut_to_size_the_order_counts() -> None:
    one = Deal(100, "S", "BUY")
    assert joined([one], [(one, "max_order_value")]) == [Decision(one)]
