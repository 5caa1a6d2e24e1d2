"""Wrong passwords cost their sender time, in memory that does not grow."""

from hypothesis import given
from hypothesis import strategies as st

from quantstrip.clock import ManualClock
from quantstrip.operations.access_limits import FREE, Gate, Throttle

steps = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["wrong", "right", "wait"])), max_size=40)


def failing(throttle: Throttle, key: str, times: int) -> None:
    for _ in range(times):
        throttle.failed(key)


def test_the_first_few_are_free_and_then_each_pause_is_twice_the_one_before() -> None:
    throttle = Throttle(ManualClock(), 900)
    failing(throttle, "a", FREE - 1)
    assert throttle.pause("a") == 0
    pauses = [throttle.pause("a") for _ in range(14) if throttle.failed("a")]
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


def test_a_pause_ends_and_everything_is_forgotten_after_an_hour() -> None:
    clock = ManualClock()
    throttle = Throttle(clock, 900)
    failing(throttle, "a", FREE + 3)
    clock.advance(7.5)
    assert throttle.pause("a") == 0.5
    clock.advance(0.5)
    assert throttle.pause("a") == 0
    clock.advance(3600)
    throttle.failed("a")
    assert throttle.pause("a") == 0


def test_ten_thousand_keys_are_kept_and_no_more() -> None:
    throttle = Throttle(ManualClock(), 900, most=100)
    failing(throttle, "patient", FREE)
    for number in range(10_000):
        throttle.failed(f"other{number}")
        throttle.failed("patient")
    assert len(throttle) == 100
    assert throttle.pause("patient") == 900, "who goes on is not pushed out by others"


@given(steps)
def test_whatever_happens_only_the_own_failures_since_the_last_right_one_count(
    happened: list[tuple[str, str]],
) -> None:
    clock = ManualClock()
    throttle = Throttle(clock, 60)
    failures = dict.fromkeys("abc", 0)
    for key, what in happened:
        if what == "wait":
            clock.advance(60)
        elif what == "wrong":
            failures[key] += 1
            assert throttle.failed(key) == failures[key]
        else:
            failures[key] = 0
            throttle.forgive(key, all_of_them=True)
        assert all(0 <= throttle.pause(each) <= 60 for each in "abc")
        assert all(throttle.pause(each) == 0 for each in "abc" if failures[each] < FREE)
    assert len(throttle) <= 3


def test_an_address_pays_for_every_name_it_tries_and_a_login_of_its_own_does_not_wash_it_clean() -> None:
    gate = Gate(ManualClock())
    for number in range(FREE):
        gate.begin("10.0.0.1", f"name{number}")
    assert gate.pause("10.0.0.1", "another") == 1
    assert gate.pause("10.0.0.2", "another") == 0
    gate.begin("10.0.0.1", "own")
    gate.right("10.0.0.1", "own")
    assert gate.pause("10.0.0.1", "another") == 1


def test_a_name_that_many_addresses_guess_at_is_slowed_down_by_a_minute_at_most() -> None:
    gate = Gate(ManualClock())
    for number in range(200):
        gate.begin(f"10.0.0.{number}", "Ann")
    assert gate.pause("192.168.1.1", "ann") == 60, "capital letters are no other name"
    assert gate.pause("192.168.1.1", "ben") == 0


def test_one_person_has_a_whole_network_of_ipv6_addresses() -> None:
    gate = Gate(ManualClock())
    for number in range(FREE):
        gate.begin(f"2001:db8:1:2::{number:x}", f"name{number}")
    assert gate.pause("2001:db8:1:2:ffff::1", "x") == 1
    assert gate.pause("2001:db8:1:3::1", "x") == 0
