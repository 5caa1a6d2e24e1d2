"""The guard of one home's dashboard, put together."""

from starlette.types import ASGIApp

from quantstrip.clock import Clock, system_clock
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations import access
from quantstrip.operations.access_files import Fresh
from quantstrip.operations.access_hosts import Hosts
from quantstrip.operations.access_login import Logins, Secrets
from quantstrip.operations.access_sessions import Sessions
from quantstrip.operations.exposure import Exposure, limits_of
from quantstrip.operations.guard import Guard
from quantstrip.operations.oidc import Oidc, provider_of
from quantstrip.operations.users import read_users


def guarded(app: ASGIApp, home: Home, port: int, exposure: Exposure, clock: Clock = system_clock) -> Guard:
    """``app`` behind its guard.

    Raises:
        ConfigError: OIDC is set up in part, or its library is missing.

    """
    secrets = Secrets(
        Fresh(home.token_file, lambda: access.token(home)), Fresh(home.users_file, lambda: read_users(home))
    )
    provider = provider_of(home)
    cookie = access.cookie_name(port)
    sessions = Sessions(secrets.token, secrets.users, lambda: limits_of(home), home.ended_logins_file, clock)
    logins = Logins(
        secrets, sessions, cookie, Oidc(provider) if provider else None, lambda *told: _alarm(home, *told), clock
    )
    return Guard(app, Hosts(port, exposure.hosts, exposure.scheme), sessions, logins, cookie)


def _alarm(home: Home, address: str, failures: int) -> None:
    open_ledger(home).alert(
        "login_failures",
        f"{failures} wrong passwords from {address}",
        f"Somebody at {address} tried {failures} wrong passwords in a row to log in to the dashboard. Tries from there "
        "are slowed down more and more. If it was nobody of yours, see who can reach the dashboard: dashboard.address "
        "and dashboard.hosts in the settings, and logs/dashboard.log.",
        rate_key=f"login_failures {address}",
    )
