"""A user's own password, changed by themselves.

Who sits at an open page need not be who logged in there, so the present password is asked, and guessing at it is slowed
down as it is at the login. Pauses are kept in memory of the one process that shows the pages.
"""

import threading
from typing import Final

from quantstrip.clock import system_clock
from quantstrip.errors import SecretError
from quantstrip.home import Home
from quantstrip.log import logger
from quantstrip.operations.access_limits import NAME_SECONDS, Throttle
from quantstrip.operations.passwords import check_strength, matches
from quantstrip.operations.users import read_users, set_password

_HINT: Final = "Who runs the dashboard can give you another one, on this page or by quantstrip user password NAME."
_TRIES: Final = Throttle(system_clock, NAME_SECONDS)
_lock: Final = threading.Lock()


def has_password(home: Home, name: str) -> bool:
    """Whether there is such a user, with a password of their own here."""
    user = read_users(home).get(name)
    return user is not None and bool(user.password)


def change_own_password(home: Home, name: str, present: str, fresh: str, *, tries: Throttle = _TRIES) -> None:
    """Give ``name`` the password ``fresh``; every login of theirs ends, the one that asks too.

    Args:
        home: whose dashboard.
        name: the user who is logged in.
        present: their password until now.
        fresh: the one from now on.
        tries: wrong ones until now.

    Raises:
        SecretError: ``present`` is wrong, there were too many wrong ones, or ``fresh`` is too weak or the same;
            nothing was changed.
        ConfigError: there is no such user any more.

    """
    check_strength(fresh, name)
    user = read_users(home).get(name)
    key = f"{home.root} {name.casefold()}"
    failures = _begin(tries, key)
    stored = user.password if user else ""
    if not matches(present, stored):
        logger.warning("a change of {}'s password was refused, the {}. in a row", name, failures)
        raise SecretError("the present password is wrong; nothing was changed", hint=_HINT)
    with _lock:
        tries.forgive(key, all_of_them=True)
    if fresh == present:
        raise SecretError("the new password is the present one; nothing was changed", hint="Take another one.")
    set_password(home, name, fresh, instead_of=stored, by=name)


def _begin(tries: Throttle, key: str) -> int:
    """Count a try as wrong before it is looked at, so that many at once count too; how many there were in a row."""
    with _lock:
        pause = tries.pause(key)
        if pause > 0:
            raise SecretError(f"too many wrong passwords; try again in {max(1.0, pause):.0f} s", hint=_HINT)
        return tries.failed(key)
