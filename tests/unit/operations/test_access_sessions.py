"""A cookie is worth something only as it was written, and only until its login ends."""

import base64
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.clock import ManualClock, from_text
from quantstrip.operations.access_sessions import Limits, Sessions
from quantstrip.operations.roles import OWNER, Identity
from quantstrip.operations.users import User

HOUR = 3600.0
SIGNS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.=|{}\u00e9"


@dataclass
class Station:
    """Sessions of a home whose token, users and settings a test can change."""

    file: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(from_text("2024-01-02 09:00:00")))
    token: str = "t" * 43
    users: dict[str, User] = field(
        default_factory=lambda: {name: User(name, "operator", "hash", f"stamp-{name}", "") for name in ("ann", "ben")}
    )
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self.sessions = self.started()

    def started(self) -> Sessions:
        """As after a start of the server."""
        return Sessions(lambda: self.token, lambda: self.users, lambda: self.limits, self.file, self.clock)

    def holds(self, cookie: str) -> bool:
        return self.sessions.login(cookie) is not None

    def change(self, name: str, **fields: str) -> None:
        self.users = {**self.users, name: replace(self.users[name], **fields)}


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path / "ended.json")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 400), sign=st.sampled_from(SIGNS), cut=st.integers(0, 400))
def test_a_cookie_with_any_sign_changed_or_missing_is_worth_nothing(
    station: Station, at: int, sign: str, cut: int
) -> None:
    cookie = station.sessions.begin("ann", "password")
    at, cut = at % len(cookie), cut % len(cookie)
    changed = cookie[:at] + sign + cookie[at + 1 :]
    assert station.holds(changed) == (changed == cookie)
    assert not station.holds(cookie[:cut])


@pytest.mark.parametrize("depth", [10, 700, 40_000])
@pytest.mark.parametrize("said", ["[", '{"a":'])
def test_a_cookie_that_is_nested_too_deeply_to_be_read_is_worth_nothing(
    station: Station, depth: int, said: str
) -> None:
    payload = base64.urlsafe_b64encode((said * depth).encode()).decode().rstrip("=")
    assert not station.holds(f"{payload}.x")
    assert station.sessions.renewed(f"{payload}.x") == ""


@given(st.text(max_size=200))
def test_no_text_is_a_cookie(text: str) -> None:
    station = Station(Path("never-written"))
    assert not station.holds(text)
    assert station.sessions.renewed(text) == ""


def test_a_cookie_says_who_and_the_role_is_the_one_they_have_now(station: Station) -> None:
    login = station.sessions.login(station.sessions.begin("ann", "password"))
    assert login is not None
    assert station.sessions.identity(login) == Identity("ann", "operator", "password")
    station.change("ann", role="viewer")
    assert station.sessions.identity(login) == Identity("ann", "viewer", "password")


def test_another_password_ends_a_login_and_so_does_a_removal_and_a_user_added_again_is_another(
    station: Station,
) -> None:
    ann, ben = (station.sessions.begin(name, "password") for name in ("ann", "ben"))
    station.change("ann", stamp="new")
    assert (station.holds(ann), station.holds(ben)) == (False, True)
    gone = station.users.pop("ben")
    assert not station.holds(ben)
    station.users["ben"] = replace(gone, stamp="added-again")
    assert not station.holds(ben)


def test_a_new_token_ends_every_login(station: Station) -> None:
    cookies = [station.sessions.begin("ann", "password"), station.sessions.begin(OWNER.name, OWNER.way)]
    assert all(map(station.holds, cookies))
    station.token = "u" * 43
    assert not any(map(station.holds, cookies))


def test_a_login_of_a_user_does_not_become_the_owners_by_its_name(station: Station) -> None:
    station.users["owner"] = User("owner", "viewer", "hash", "stamp", "")
    login = station.sessions.login(station.sessions.begin("owner", "password"))
    assert login is not None
    assert station.sessions.identity(login) == Identity("owner", "viewer", "password")


def test_a_login_ends_without_activity_and_at_last_whatever_its_user_does(station: Station) -> None:
    station.limits = Limits(idle_hours=2, hours=5)
    idle, busy = station.sessions.begin("ann", "password"), station.sessions.begin("ann", "password")
    for hour in range(1, 5):
        station.clock.advance(HOUR)
        login = station.sessions.login(busy)
        assert login is not None
        station.sessions.touch(login)
        assert station.holds(idle) == (hour < 2)
    station.clock.advance(HOUR - 1)
    assert station.holds(busy)
    station.clock.advance(1)
    assert not station.holds(busy)


def test_a_shorter_limit_counts_at_once_and_the_token_holder_stays_in_for_thirty_days(station: Station) -> None:
    user, owner = station.sessions.begin("ann", "password"), station.sessions.begin(OWNER.name, OWNER.way)
    station.clock.advance(3 * HOUR)
    station.limits = Limits(idle_hours=1)
    assert (station.holds(user), station.holds(owner)) == (False, True)
    station.clock.advance(30 * 24 * HOUR - 3 * HOUR - 1)
    assert station.holds(owner)
    station.clock.advance(1)
    assert not station.holds(owner)


def test_activity_outlives_a_start_of_the_server_once_the_cookie_was_renewed(station: Station) -> None:
    station.limits = Limits(idle_hours=2)
    cookie = station.sessions.begin("ann", "password")
    station.clock.advance(1.5 * HOUR)
    login = station.sessions.login(cookie)
    assert login is not None
    assert station.sessions.renewed(cookie) == "", "nothing was done since"
    station.sessions.touch(login)
    fresh = station.sessions.renewed(cookie)
    station.clock.advance(HOUR)
    station.sessions = station.started()
    assert (station.holds(cookie), station.holds(fresh)) == (False, True)
    assert station.sessions.login(fresh) == replace(login, active=login.began + int(1.5 * HOUR) * 1_000_000)


def test_an_ended_login_stays_ended_in_every_copy_renewed_or_not_and_after_a_start(station: Station) -> None:
    cookie, other = station.sessions.begin("ann", "password"), station.sessions.begin("ann", "password")
    login = station.sessions.login(cookie)
    assert login is not None
    station.clock.advance(HOUR)
    station.sessions.touch(login)
    fresh = station.sessions.renewed(cookie)
    station.sessions.end(login)
    for _ in range(2):
        assert [station.holds(each) for each in (cookie, fresh, other)] == [False, False, True]
        station.sessions = station.started()


def test_what_was_ended_is_forgotten_when_its_time_is_over_anyway(station: Station) -> None:
    for _ in range(3):
        login = station.sessions.login(station.sessions.begin("ann", "password"))
        assert login is not None
        station.sessions.end(login)
        station.clock.advance(13 * HOUR)
    assert len(json.loads(station.file.read_text())) == 1
    station.file.write_text("nonsense")
    assert station.holds(station.started().begin("ann", "password")), "a damaged list keeps nobody out"


def test_an_ended_cookie_still_says_by_which_way_it_was_given_and_rubbish_says_nothing(station: Station) -> None:
    cookie = station.sessions.begin("owner", "token")
    assert station.sessions.claimed_way(cookie.partition(".")[0] + ".forged") == "token"
    assert station.sessions.login(cookie.partition(".")[0] + ".forged") is None
    assert station.sessions.claimed_way("rubbish") == ""
