"""Arguments of the tasks that change the overlay of packages."""

from dataclasses import dataclass

from quantstrip.errors import TaskRefused


@dataclass(frozen=True, slots=True)
class InstallArguments:
    """What to install: names, with versions where one is wanted.

    Attributes:
        source: build from source what has no wheel; that runs code of the package.

    """

    names: list[str]
    source: bool = False

    def __post_init__(self) -> None:
        """Refuse what names nothing."""
        if not self.names:
            raise TaskRefused("names must name at least one package, got none")


@dataclass(frozen=True, slots=True)
class UpgradeArguments:
    """What to bring to its newest version that fits; no names are all that were asked for."""

    names: list[str]
    source: bool = False


@dataclass(frozen=True, slots=True)
class RemoveArguments:
    """What to remove.

    Attributes:
        leftovers: also what came with it and nothing else needs.

    """

    names: list[str]
    leftovers: bool = True

    def __post_init__(self) -> None:
        """Refuse what names nothing."""
        if not self.names:
            raise TaskRefused("names must name at least one package, got none")
