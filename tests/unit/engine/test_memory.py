"""Recorders that remember in memory keep each thing once, and two things that are alike twice."""

import pytest

from quantstrip.engine.memory import FillRecorder, MemoryRecorder
from quantstrip.model import Fill, Instrument, Order, OrderSide, OrderType, Signal

AAPL = Instrument("AAPL")


@pytest.mark.parametrize("kind", [FillRecorder, MemoryRecorder])
def test_refusals_that_are_alike_at_one_moment_are_kept_apart_and_not_doubled_by_a_repeated_run(
    kind: type[FillRecorder],
) -> None:
    recorder = kind()
    for refused in (1, 2, 2):  # cut off after one, then repeated twice
        recorder.open_orders()
        for _ in range(refused):
            recorder.rejected(Signal("AAPL"), 1, "cash", "too little")

    assert len(recorder.rejections) == 2


def test_an_open_order_names_its_booked_fills() -> None:
    recorder = MemoryRecorder()
    recorder.order(Order("r", "trend", "AAPL", OrderSide.BUY, 3.0, OrderType.MARKET, 1), AAPL)
    recorder.fill(Fill("x1", "r", "trend", "AAPL", OrderSide.BUY, 1.0, 10.0, 2), AAPL)

    (one,) = recorder.open_orders()

    assert one.exec_ids == ("x1",)


@pytest.mark.parametrize("kind", [FillRecorder, MemoryRecorder])
def test_a_repeated_run_adds_only_the_fills_it_had_not_come_to(kind: type[FillRecorder]) -> None:
    moments = [(1, "a"), (2, "b"), (2, "c"), (5, "d"), (9, "e")]  # two of one moment
    fills = [Fill(key, key, "trend", "AAPL", OrderSide.BUY, 1.0, 10.0, ts) for ts, key in moments]
    recorder = kind()
    for reached in (3, 2, 4, 5):  # cut off, then repeated from the first bar
        for fill in fills[:reached]:
            recorder.fill(fill, AAPL)

    assert recorder.fills == fills
