"""The dashboard's address with its token, for the owner to open."""

from dataclasses import dataclass

from quantstrip.home import Home
from quantstrip.operations import access, service


@dataclass(frozen=True, slots=True)
class Address:
    """Where to log in.

    Attributes:
        url: with the token; whoever has it can use the dashboard.
        port: the running service's, else the setting ``dashboard.port``.
        running: the service runs.

    """

    url: str
    port: int
    running: bool


def address(home: Home, *, rotate: bool = False) -> Address:
    """The address of a home's dashboard.

    Args:
        home: whose dashboard.
        rotate: make a new token first; a running dashboard takes it at its next request, and every open login ends.

    Raises:
        SecretError: the token's file holds none, or others can read it.
        HomeError: a new token cannot be written; the old one holds.

    """
    found = service.status(home, clients=False)
    port = found.port if found.running else service.configured_port(home)
    if rotate:
        home.check_writable()  # its run folder would be made writable again, whoever took that right away
        access.rotate(home)
    return Address(access.login_url(home, port), port, found.running)
