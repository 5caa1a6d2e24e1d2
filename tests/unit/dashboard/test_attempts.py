"""Wrong tokens pause the login for a while."""

from quantstrip.clock import ManualClock
from quantstrip.operations.access_limits import Attempts


def test_the_login_pauses_after_too_many_wrong_tokens_and_opens_again() -> None:
    clock = ManualClock()
    attempts = Attempts(clock, limit=3, window=60)
    for _ in range(3):
        assert attempts.pause() == 0
        attempts.failed()
        clock.advance(10)
    assert attempts.pause() == 30
    clock.advance(29.5)
    assert attempts.pause() == 0.5
    clock.advance(0.5)
    assert attempts.pause() == 0


def test_a_wrong_token_now_and_then_pauses_nothing() -> None:
    clock = ManualClock()
    attempts = Attempts(clock, limit=3, window=60)
    for _ in range(20):
        attempts.failed()
        clock.advance(31)
        assert attempts.pause() == 0
