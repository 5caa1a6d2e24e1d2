"""Logins: a signed cookie says who, since when, and when they were last active; it is worth nothing once it ended.

A login ends when it was idle too long, or is too old; when its user logs out, is removed or gets another password; and
with a new token, which is the key that signs. The token's own login follows the token: it ends with it, or in 30 days.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from quantstrip.clock import HOUR, MINUTE, SECOND, Clock, Micros, system_clock
from quantstrip.config.files import replace as write_whole
from quantstrip.errors import QuantstripError
from quantstrip.log import logger
from quantstrip.operations.roles import OWNER, Identity
from quantstrip.operations.users import Users

OWNERS_HOURS: Final = 30 * 24.0
_REFRESH: Final = MINUTE
_MOST_ENDED: Final = 10_000
_LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a login of a user lasts, in hours: without activity, and at all."""

    idle_hours: float = 12.0
    hours: float = 7 * 24.0


@dataclass(frozen=True, slots=True)
class Login:
    """What a cookie says; moments are wall clock.

    Attributes:
        id: one for each login.
        began: when they logged in.
        active: when they last did something.

    """

    id: str
    name: str
    way: str
    began: Micros
    active: Micros


class Sessions:
    """The logins of one server.

    Args:
        read_token: the current token, whose holder is the owner, and which signs.
        read_users: the current users.
        limits: asked at each look, so that a changed setting counts at once.
        ended_file: keeps logins that their users ended, lest a copied cookie come back with the next start.

    """

    def __init__(
        self,
        read_token: Callable[[], str],
        read_users: Callable[[], Users],
        limits: Callable[[], Limits],
        ended_file: Path,
        clock: Clock = system_clock,
    ) -> None:
        self._read_token, self._read_users, self._limits = read_token, read_users, limits
        self._file, self._clock = ended_file, clock
        self._active: dict[str, Micros] = {}
        self._ended: dict[str, Micros] = _read_ended(ended_file)

    def begin(self, name: str, way: str) -> str:
        """Log ``name`` in; the cookie's value."""
        now = self._clock.now()
        return self._signed(Login(secrets.token_urlsafe(16), name, way, now, now))

    def login(self, cookie: str) -> Login | None:
        """The login of a cookie; None where it is forged, or has ended."""
        payload, _, signature = cookie.partition(".")
        found = _read(payload)
        if found is None or not hmac.compare_digest(self._signature(payload, found), _ascii(signature)):
            return None
        found = replace(found, active=max(found.active, self._active.get(found.id, 0)))
        now = self._clock.now()
        return None if found.id in self._ended or now >= self._end(found) else found

    @staticmethod
    def claimed_way(cookie: str) -> str:
        """By which way a cookie says that it was given, be it forged or ended; "" where it says nothing: for words."""
        found = _read(cookie.partition(".")[0])
        return found.way if found else ""

    def identity(self, login: Login) -> Identity | None:
        """Who that is, in the role they have now."""
        if login.way == OWNER.way:
            return OWNER
        user = self._read_users().get(login.name)
        return Identity(user.name, user.role, login.way) if user else None

    def touch(self, login: Login) -> None:
        """Its user did something."""
        now = self._clock.now()
        self._active[login.id] = now
        if len(self._active) > _MOST_ENDED:
            self._active = dict(sorted(self._active.items(), key=lambda pair: pair[1])[_MOST_ENDED // 2 :])

    def renewed(self, cookie: str) -> str:
        """The cookie with the latest activity, for a start of the server to find it; "" where it is late enough."""
        written, found = _read(cookie.partition(".")[0]), self.login(cookie)
        return self._signed(found) if written and found and found.active - written.active >= _REFRESH else ""

    def end(self, login: Login) -> None:
        """Log out: nobody comes in with this cookie any more."""
        now = self._clock.now()
        kept = sorted(((until, id_) for id_, until in self._ended.items() if until > now), reverse=True)
        self._ended = {id_: until for until, id_ in kept[: _MOST_ENDED - 1]}
        self._ended[login.id] = self._end(replace(login, active=now))
        self._active.pop(login.id, None)
        try:
            write_whole(self._file, json.dumps(self._ended).encode())
        except OSError as error:
            logger.error(
                "a login was ended, and comes back with the next start: {} cannot be written: {}", self._file, error
            )

    def seconds(self, login: Login) -> int:
        """How long its cookie is worth keeping."""
        return max(0, int((self._end(login) - self._clock.now()) / SECOND))

    def _end(self, login: Login) -> Micros:
        if login.way == OWNER.way:
            return login.began + int(OWNERS_HOURS * HOUR)
        limits = self._limits()
        return min(login.began + int(limits.hours * HOUR), login.active + int(limits.idle_hours * HOUR))

    def _signed(self, login: Login) -> str:
        fields = [login.id, login.name, login.way, login.began, login.active]
        payload = base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")
        return f"{payload}.{self._signature(payload, login).decode()}"

    def _signature(self, payload: str, login: Login) -> bytes:
        """Over the user's stamp as well: one that is removed, or has another password, signs otherwise."""
        user = None if login.way == OWNER.way else self._read_users().get(login.name)
        stamp = user.stamp if user else "" if login.way == OWNER.way else secrets.token_hex(16)
        text = f"login|{stamp}|{payload}".encode("utf-8", "surrogateescape")
        return hmac.new(self._read_token().encode(), text, hashlib.sha256).hexdigest().encode()


def _read(payload: str) -> Login | None:
    """What a cookie says, whoever wrote it; None where it says nothing of the kind."""
    if len(payload) > _LONGEST:
        return None
    try:
        id_, name, way, began, active = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, TypeError, RecursionError):  # nested as deep as its length allows
        return None
    texts = all(isinstance(each, str) for each in (id_, name, way))
    moments = all(type(each) is int and abs(each) < 2**62 for each in (began, active))
    return Login(id_, name, way, began, active) if texts and moments else None


def _read_ended(path: Path) -> dict[str, Micros]:
    try:
        found = json.loads(path.read_text(encoding="ascii"))
        return {str(id_): int(until) for id_, until in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError, QuantstripError) as error:
        logger.error("which logins their users ended is not known: {}: {}", path, error)
        return {}


def _ascii(text: str) -> bytes:
    return text.encode("ascii", "replace")
