"""The garbage collector looks rarely while runs go on, and as before afterwards."""

import gc

import pytest

from quantstrip.engine.collecting import seldom


def test_the_collector_looks_rarely_in_a_run_and_as_before_when_the_last_of_several_is_over() -> None:
    before = gc.get_threshold()
    first, second = seldom(), seldom()
    first.__enter__()
    second.__enter__()
    assert gc.get_threshold()[0] > before[0]
    first.__exit__(None, None, None)
    assert gc.get_threshold()[0] > before[0]
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before


@pytest.mark.parametrize("own", [0, 200_000])
def test_a_collector_that_is_off_or_looks_more_rarely_still_is_left_alone(own: int) -> None:
    before = gc.get_threshold()
    gc.set_threshold(own, *before[1:])
    try:
        with seldom():
            assert gc.get_threshold()[0] == own
    finally:
        gc.set_threshold(*before)


def test_a_run_that_fails_leaves_the_collector_as_it_was() -> None:
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="of a strategy"), seldom():
        raise ValueError("of a strategy")
    assert gc.get_threshold() == before
