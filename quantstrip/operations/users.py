"""Users of the dashboard besides the token's holder: name, role, and a password's hash, in a file of their own.

``settings/users.json`` is readable by its owner only. It is no setting and no row of the ledger, so it is in no export,
no backup and no copy for a simulation.
"""

import json
import os
import re
import secrets
import stat
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from quantstrip.clock import system_clock, to_text
from quantstrip.config.files import locked
from quantstrip.config.files import replace as write_whole
from quantstrip.errors import ConfigError, QuantstripError, SecretError
from quantstrip.home import Home
from quantstrip.log import logger
from quantstrip.operations.passwords import check_strength, hashed
from quantstrip.operations.roles import OWNER, ROLES

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+|:-]{0,99}")


@dataclass(frozen=True, slots=True)
class User:
    """One user.

    Attributes:
        name: what they log in with; for a login by OIDC, what the provider says (an e-mail address, mostly).
        role: one of ``ROLES``.
        password: its hash; "" where they log in by OIDC alone.
        stamp: changes with the password: logins of before have ended.
        created: wall clock, UTC.

    """

    name: str
    role: str
    password: str = field(repr=False)
    stamp: str = field(repr=False)
    created: str


@dataclass(frozen=True, slots=True)
class UserInfo:
    """A user as listed; ``login`` is ``password``, or ``oidc`` for one without."""

    name: str
    role: str
    login: str
    created: str


Users = dict[str, User]


def read_users(home: Home) -> Users:
    """The users by name.

    Raises:
        SecretError: others can read the file, or it holds something else.

    """
    path = home.users_file
    try:
        text = path.read_text(encoding="utf-8")
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"the users in {path} cannot be read: {error}") from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretError(
            f"{path} may be read by its owner only (mode 600), its mode is {mode:o}: hashes may be known to others",
            hint=f"chmod 600 {path}, and give each user a new password: quantstrip user password NAME",
        )
    try:
        found = [User(name=name, **row) for name, row in json.loads(text)["users"].items()]
        if bad := [user.name for user in found if user.role not in ROLES or not NAME.fullmatch(user.name)]:
            raise ValueError(f"{bad[0]!r} has no such role, or is no name")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SecretError(
            f"{path} does not hold users: {error}",
            hint="Put it right, or delete it and add the users again: quantstrip user add NAME --role ROLE",
        ) from error
    return {user.name: user for user in found}


def find(users: Users, name: str) -> User | None:
    """The user of that name, capital letters or not: no two names differ in them alone."""
    folded = name.casefold()
    return users.get(name) or next((user for user in users.values() if user.name.casefold() == folded), None)


def list_users(home: Home) -> list[UserInfo]:
    """The users by name; nothing of their passwords."""
    users = sorted(read_users(home).values(), key=lambda user: user.name)
    return [UserInfo(user.name, user.role, "password" if user.password else "oidc", user.created) for user in users]


def add_user(home: Home, name: str, role: str, password: str | None, *, by: str = "") -> None:
    """Add a user.

    Args:
        home: whose dashboard.
        name: letters, digits and ``. _ @ + | : -``.
        role: one of ``ROLES``.
        password: None for a user who logs in by OIDC alone.
        by: who asks, for the audit; so in the other functions.

    Raises:
        ConfigError: the name or the role is none, or there is such a user.
        SecretError: the password is too weak, or the file cannot be used.

    """
    _check_role(role)
    if not NAME.fullmatch(name) or name.casefold() == OWNER.name:
        raise ConfigError(
            f"a user's name has up to 100 letters, digits and . _ @ + | : -, and is not {OWNER.name!r}; got {name!r}"
        )
    if password is not None:
        check_strength(password, name)
    row = User(name, role, hashed(password) if password is not None else "", _stamp(), to_text(system_clock.now()))

    def add(users: Users) -> None:
        if (there := find(users, name)) is not None:
            raise ConfigError(
                f"there is a user {there.name} already",
                hint="Change their role or password on the page Users; in a terminal: "
                f"quantstrip user role {there.name} ROLE, or quantstrip user password {there.name}",
            )
        users[name] = row

    way = "OIDC alone" if password is None else "a password"
    _change(home, add, f"user {name} was added as {role}, with {way}", by)


def set_role(home: Home, name: str, role: str, *, by: str = "") -> None:
    """Give a user another role; open pages follow within seconds."""
    _check_role(role)

    def change(users: Users) -> None:
        users[name] = replace(_known(users, name), role=role)

    _change(home, change, f"user {name} has the role {role}", by, weakens=role != ROLES[-1])


def set_password(home: Home, name: str, password: str, *, instead_of: str | None = None, by: str = "") -> None:
    """Give a user a new password; every login of theirs ends.

    Raises:
        ConfigError: there is no such user, or their hash is not ``instead_of``, where that is given, any more.
        SecretError: the password is too weak, or the file cannot be used.

    """
    check_strength(password, name)
    fresh = hashed(password)

    def change(users: Users) -> None:
        user = _known(users, name)
        if instead_of not in (None, user.password):
            raise ConfigError(f"the password of {name} was changed meanwhile; nothing was changed")
        users[name] = replace(user, password=fresh, stamp=_stamp())

    _change(home, change, f"user {name} has a new password", by)


def remove_user(home: Home, name: str, *, by: str = "") -> None:
    """Forget a user; every login of theirs ends."""

    def remove(users: Users) -> None:
        del users[_known(users, name).name]

    _change(home, remove, f"user {name} was removed", by, weakens=True)


def _change(home: Home, change: Callable[[Users], None], words: str, by: str, *, weakens: bool = False) -> None:
    """Read, change, write, under a lock, and record it; whatever is refused leaves the file as it was."""
    from quantstrip.operations.exposure import check_admin_left

    path = home.users_file
    with locked(path.with_name(f".{path.name}.lock")):
        users = read_users(home)
        change(users)
        if weakens:
            check_admin_left(home, users)
        rows = {
            name: {key: value for key, value in asdict(user).items() if key != "name"} for name, user in users.items()
        }
        _write(path, json.dumps({"users": dict(sorted(rows.items()))}, indent=1) + "\n")
    _record(home, words, by)


def _record(home: Home, words: str, by: str) -> None:
    """Tell the log and, where there is a ledger, its audit. The file is written: what fails here takes nothing back."""
    from quantstrip.operations.ledger import existing_ledger

    logger.info("{} (by {})", words, by or "somebody")
    if not home.database.exists():
        return
    try:
        existing_ledger(home).record_act("user", words, by)
    except QuantstripError as error:
        logger.warning("the audit was not told that {}: {}", words, error)


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode(), 0o600)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}; nothing was changed") from error


def _known(users: Users, name: str) -> User:
    if name not in users:
        names = ", ".join(sorted(users)) or "none"
        raise ConfigError(
            f"there is no user {name!r}; users: {names}",
            hint="Add one on the page Users, or with: quantstrip user add NAME",
        )
    return users[name]


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise ConfigError(f"a role is one of {', '.join(ROLES)}, got {role!r}")


def _stamp() -> str:
    return secrets.token_hex(16)
