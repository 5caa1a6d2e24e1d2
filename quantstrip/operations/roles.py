"""What a person may do in the dashboard: three roles, each of which may what the ones before it may.

======== ==========================================================================================================
viewer   looks: figures, logs, reports, messages
operator runs what is there: starts and stops clients, books trades, sends mail, backtests files, reads by SQL
admin    decides what runs: code, packages, settings, secrets, deployments, writes by SQL
======== ==========================================================================================================
"""

from dataclasses import dataclass
from typing import Final

ROLES: Final = ("viewer", "operator", "admin")
"""From the least to the most."""

USER_HEADER: Final = "x-quantstrip-user"
ROLE_HEADER: Final = "x-quantstrip-role"
WAY_HEADER: Final = "x-quantstrip-way"
WHO_HEADER: Final = "x-quantstrip-who"
"""What an answer carries: the page that has another one in its head is loaded anew."""

HEADERS: Final = {USER_HEADER: "name", ROLE_HEADER: "role", WAY_HEADER: "way"}
"""Headers that ``Guard`` puts on a request, after it removed any that came with it, and their names in ``st.user``."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks.

    Attributes:
        name: the user's name; that of the token's holder is ``owner``.
        role: one of ``ROLES``.
        way: how they logged in: ``token``, ``password`` or ``oidc``.

    """

    name: str
    role: str
    way: str

    def __str__(self) -> str:
        return f"{self.name}, {self.role}"


OWNER: Final = Identity("owner", "admin", "token")
"""Who holds the token may read every file of the home."""


def allows(role: str, needed: str) -> bool:
    """Whether ``role`` may do what ``needed`` may; an unknown role may nothing."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(needed)
