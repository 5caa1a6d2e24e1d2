"""Arguments of the tasks that change the overlay of packages."""

from dataclasses import dataclass

from quantstrip.errors import TaskRefused


@dataclass(frozen=True, slots=True)
class LookUpArguments:
    """What to look up on the index, and for which client's environment; "" for the one of all clients."""

    name: str
    client: str = ""


@dataclass(frozen=True, slots=True)
class InstallArguments:
    """What to install: names, with versions where one is wanted.

    Attributes:
        source: build from source what has no wheel; that runs code of the package.
        client: whose environment they go into, which is made where it has none; "" for the one of all clients.

    """

    names: list[str]
    source: bool = False
    client: str = ""

    def __post_init__(self) -> None:
        """Refuse what names nothing."""
        if not self.names:
            raise TaskRefused("names must name at least one package, got none")


@dataclass(frozen=True, slots=True)
class UpgradeArguments:
    """What to bring to its newest version that fits; no names are all that were asked for; where, as of an install."""

    names: list[str]
    source: bool = False
    client: str = ""


@dataclass(frozen=True, slots=True)
class RemoveArguments:
    """What to remove; where, as of an install.

    Attributes:
        leftovers: also what came with it and nothing else needs.

    """

    names: list[str]
    leftovers: bool = True
    client: str = ""

    def __post_init__(self) -> None:
        """Refuse what names nothing."""
        if not self.names:
            raise TaskRefused("names must name at least one package, got none")
