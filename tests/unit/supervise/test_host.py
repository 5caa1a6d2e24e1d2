import os
import select
import signal
from collections.abc import Iterator

import pytest

from quantstrip.supervise.host import Waker


@pytest.fixture
def watched() -> Iterator[dict[int, object]]:
    """What the loop polls, with a waker installed; the process's own signal handling comes back afterwards."""
    before = signal.getsignal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, lambda *_: None)
    found: dict[int, object] = {}
    Waker().install(found)
    yield found
    os.close(signal.set_wakeup_fd(-1))
    for descriptor in found:
        os.close(descriptor)
    signal.signal(signal.SIGUSR1, before)


def turns(watched: dict[int, object]) -> int:
    """How often the loop is woken until it would sleep. It polls, as supervisord does: select ends at 1023 files."""
    poll = select.poll()
    for descriptor in watched:
        poll.register(descriptor, select.POLLIN)
    count = 0
    while poll.poll(0):
        for waker in watched.values():
            assert isinstance(waker, Waker)
            waker.handle_read_event()
        count += 1
        assert count < 10
    return count


def test_a_signal_wakes_the_loop_for_two_turns(watched: dict[int, object]) -> None:
    assert turns(watched) == 0
    os.kill(os.getpid(), signal.SIGUSR1)
    assert turns(watched) == 2, "one that sees the death, one that hands its event on"
    assert turns(watched) == 0


def test_many_signals_at_one_time_are_one_wake_up(watched: dict[int, object]) -> None:
    for _ in range(50):
        os.kill(os.getpid(), signal.SIGUSR1)
    assert turns(watched) == 2
