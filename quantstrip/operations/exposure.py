"""Listening beyond this machine: what must hold first, checked before anything is started and by the server itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quantstrip.errors import ConfigError
from quantstrip.home import Home
from quantstrip.operations.access import LOOPBACK
from quantstrip.operations.access_sessions import Limits
from quantstrip.operations.oidc import Provider, provider_of
from quantstrip.operations.roles import ROLES
from quantstrip.operations.users import Users, read_users

ADMIN: Final = ROLES[-1]
_TLS_HINT: Final = (
    "Name a certificate and its key: quantstrip settings set dashboard.tls_certificate FILE (and dashboard.tls_key), "
    "or put a proxy with TLS before it. In a network where every machine is yours: "
    "quantstrip settings set dashboard.plain_http true"
)


@dataclass(frozen=True, slots=True)
class Exposure:
    """Where the dashboard can be reached.

    Attributes:
        address: what it listens on besides 127.0.0.1, which is always; "" where nothing.
        hosts: names and origins by which browsers elsewhere reach it.
        certificate: the TLS certificate, None for none.
        key: its private key.
        plain: passwords may cross the network readable.

    """

    address: str
    hosts: tuple[str, ...]
    certificate: Path | None
    key: Path | None
    plain: bool

    @property
    def scheme(self) -> str:
        """Of the listener for other machines."""
        return "https" if self.certificate else "http"

    @property
    def exists(self) -> bool:
        """Someone else's browser may come: through an address of its own, or through a proxy."""
        return bool(self.address or self.hosts)

    def urls(self, port: int) -> list[str]:
        """Addresses for browsers elsewhere, as far as they are known."""
        named = [host if "://" in host else f"{self.scheme}://{host}:{port}" for host in self.hosts]
        wild = self.address in {"0.0.0.0", "::"}  # noqa: S104 - it is asked whether it is that
        bare = f"[{self.address}]" if ":" in self.address else self.address
        own = f"{self.scheme}://{'ADDRESS-OF-THIS-MACHINE' if wild else bare}:{port}"
        return named or ([own] if self.address else [])

    @property
    def needs_plain(self) -> bool:
        """Something of it goes unencrypted over a network."""
        return bool(self.address and not self.certificate) or any(host.startswith("http:") for host in self.hosts)


def exposure_of(home: Home, address: str | None = None) -> Exposure:
    """What the settings say; ``address`` in place of the setting where it is given."""
    from quantstrip.operations.settings import manager_of

    settings = manager_of(home)
    chosen = address if address is not None else str(settings.get("dashboard.address", LOOPBACK))
    certificate, key = (str(settings.get(f"dashboard.tls_{name}", "")) for name in ("certificate", "key"))
    return Exposure(
        "" if _is_local(chosen) else chosen,
        tuple(str(host) for host in settings.get("dashboard.hosts", [])),
        home.root / Path(certificate).expanduser() if certificate else None,
        home.root / Path(key).expanduser() if key else None,
        bool(settings.get("dashboard.plain_http", False)),
    )


def limits_of(home: Home) -> Limits:
    """How long logins last, by the settings."""
    from quantstrip.operations.settings import manager_of

    settings, standard = manager_of(home), Limits()
    return Limits(
        float(settings.get("dashboard.idle_hours", standard.idle_hours)),
        float(settings.get("dashboard.session_hours", standard.hours)),
    )


def check_exposure(home: Home, address: str | None = None) -> Exposure:
    """Raise ``ConfigError`` unless who can reach the dashboard must log in, over a way that nobody can read.

    On this machine alone nothing is needed: the token's file is its owner's.
    """
    found = exposure_of(home, address)
    if not found.exists:
        return found
    where = f"listen on {found.address}" if found.address else f"answer as {found.hosts[0]}"
    if not _has_admin(read_users(home), provider_of(home)):
        raise ConfigError(
            f"the dashboard would {where}, where nobody can log in: its token holds on this machine alone",
            hint=f"Add a user with a password first: quantstrip user add NAME --role {ADMIN}   (or set up OIDC, "
            "see docs/access.md)",
        )
    if found.needs_plain and not found.plain:
        raise ConfigError(
            f"the dashboard would {where} without TLS: everybody on the way could read passwords and change what is "
            "sent",
            hint=_TLS_HINT,
        )
    _check_tls(found)
    return found


def check_admin_left(home: Home, users: Users) -> None:
    """Raise ``ConfigError`` where a dashboard that others can reach would be left without anybody to decide there."""
    found = exposure_of(home)
    if (found.exists or _listens_outside(home)) and not _has_admin(users, provider_of(home)):
        raise ConfigError(
            f"this is the last {ADMIN} of a dashboard that can be reached from elsewhere; nothing was changed",
            hint=f"Give another user that role first: quantstrip user role NAME {ADMIN}",
        )


def _has_admin(users: Users, provider: Provider | None) -> bool:
    return any(user.role == ADMIN and (user.password or provider) for user in users.values())


def _listens_outside(home: Home) -> bool:
    from quantstrip.supervise.record import read_record, service_pid

    record = read_record(home) if service_pid(home) else None
    return record is not None and not _is_local(record.address)


def _check_tls(found: Exposure) -> None:
    """Whether certificate and key can be used, before the service starts."""
    import ssl

    if found.certificate is None and found.key is None:
        return
    if found.certificate is None or found.key is None:
        raise ConfigError("dashboard.tls_certificate and dashboard.tls_key belong together, and one is not set")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(found.certificate, found.key, _no_password)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the certificate {found.certificate} with the key {found.key} cannot be used: {error}",
            hint="Both are PEM files; the key belongs to the certificate and has no password.",
        ) from error


def _no_password() -> str:
    raise ValueError("the key is locked with a password")


def _is_local(address: str) -> bool:
    return address in {"", LOOPBACK}
