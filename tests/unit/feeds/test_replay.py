"""A replay's position depends on the time since it started and on nothing else."""

import threading
from itertools import islice

import numpy as np
import pytest

from quantstrip.bars import BarTable
from quantstrip.clock import MINUTE, SECOND, ManualClock, SystemClock
from quantstrip.errors import DataError
from quantstrip.feeds import HistoryFeed, ReplayFeed
from quantstrip.ports import ColumnFeed

COUNT = 100


def bars() -> BarTable:
    price = np.arange(1.0, COUNT + 1)
    return BarTable.from_arrays("ABC", "1m", np.arange(COUNT) * MINUTE, price, price, price, price, price)


def test_it_shows_what_history_shows() -> None:
    replay = ReplayFeed(bars(), started=0, seconds=60, clock=ManualClock())
    assert isinstance(replay, ColumnFeed)
    assert list(islice(replay.slices(), COUNT)) == list(HistoryFeed(bars()).slices())
    assert replay.columns()["ABC"].close.tolist() == bars().close.tolist()


def test_slices_come_evenly_and_the_last_one_at_the_end() -> None:
    clock = ManualClock(1000 * SECOND)
    feed = ReplayFeed(bars(), started=1000 * SECOND, seconds=50, clock=clock)
    shown = [(clock.now() - feed.started) / SECOND for _moment in islice(feed.slices(), COUNT)]
    assert shown == [(index + 1) * 0.5 for index in range(COUNT)]


@pytest.mark.parametrize(
    ("elapsed", "position"), [(-5, 0), (0, 0), (0.49, 0), (0.5, 1), (25, 50), (50, 100), (999, 100)]
)
def test_the_position_is_a_function_of_elapsed_time(elapsed: float, position: int) -> None:
    feed = ReplayFeed(bars(), started=1000 * SECOND, seconds=50, clock=ManualClock())
    assert feed.position(round((1000 + elapsed) * SECOND)) == position


def test_a_restarted_replay_catches_up_without_waiting_and_goes_on() -> None:
    clock = ManualClock(20 * SECOND)  # twenty seconds after the start, nothing was seen yet
    slices = ReplayFeed(bars(), started=0, seconds=50, clock=clock).slices()

    caught_up = list(islice(slices, 40))
    assert clock.now() == 20 * SECOND
    assert len(caught_up) == 40

    next(slices)
    assert clock.now() == 20.5 * SECOND


def test_a_clock_set_back_makes_it_wait_not_repeat() -> None:
    clock = ManualClock(10 * SECOND)
    slices = ReplayFeed(bars(), started=0, seconds=50, clock=clock).slices()
    seen = [ts for ts, _bars in islice(slices, 20)]
    clock.set(5 * SECOND)
    seen += [ts for ts, _bars in islice(slices, 1)]
    assert clock.now() == 10.5 * SECOND
    assert seen == sorted(set(seen))


def test_after_the_last_bar_it_holds_until_stopped() -> None:
    feed = ReplayFeed(bars(), started=0, seconds=0, clock=SystemClock())
    seen: list[int] = []
    shown_all, ended = threading.Event(), threading.Event()

    def play() -> None:
        for ts, _bars in feed.slices():
            seen.append(ts)
            if len(seen) == COUNT:
                shown_all.set()
        ended.set()

    player = threading.Thread(target=play)
    player.start()
    assert shown_all.wait(10)
    assert not ended.wait(0.1)
    feed.stop()
    assert ended.wait(10)
    player.join()
    assert len(seen) == COUNT


def test_stop_interrupts_a_wait() -> None:
    feed = ReplayFeed(bars(), started=SystemClock().now(), seconds=10_000, clock=SystemClock())
    player = threading.Thread(target=lambda: list(feed.slices()))
    player.start()
    feed.stop()
    player.join(10)
    assert not player.is_alive()


def test_an_impossible_length_is_refused() -> None:
    for seconds in (-1.0, float("nan"), float("inf")):
        with pytest.raises(DataError, match="a replay takes zero or more seconds"):
            ReplayFeed(bars(), started=0, seconds=seconds)
