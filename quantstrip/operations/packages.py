"""Packages: what the platform brought, and what a user installed into the home's overlay.

Nothing here changes anything; ``package_changes`` does, as tasks.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from quantstrip.errors import PackageError
from quantstrip.home import Home
from quantstrip.overlay import current, environments

ASKED: Final = ".asked.json"
"""In a version of the overlay: the requirement as it was asked for, by the package's name."""
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package.

    Attributes:
        asked: as it was asked for (``polars<2``); empty where it came with another one, or with the platform.
        needed_by: those of the same place that need it.
        problem: what it wants and does not find, in words; empty where all is well.

    """

    name: str
    version: str
    summary: str
    asked: str = ""
    needed_by: tuple[str, ...] = ()
    problem: str = ""

    @property
    def key(self) -> str:
        """The name as packages are compared."""
        return canonicalize_name(self.name)


def installed(home: Home, client: str = "") -> list[Package]:
    """What is in the overlay, by name; with ``client`` what is in the environment of that one, nothing without one."""
    return in_folder(current(home, client))


def everywhere(home: Home) -> dict[str, list[Package]]:
    """What is installed, by the client whose environment it is in; "" for the overlay of all."""
    return {client: installed(home, client) for client in ("", *environments(home))}


def check_client(home: Home, client: str) -> None:
    """Raise ``PackageError`` where there is no client of that name, in ``clients/`` or deployed."""
    known = clients(home)
    if client and client not in known:
        raise PackageError(
            f"there is no client {client[:_LONGEST]!r} that could have an environment",
            hint=f"There are: {', '.join(known) or 'none yet'}",
        )


def clients(home: Home) -> list[str]:
    """Every client of a home that could have an environment: those in ``clients/``, and those that are deployed."""
    sources = {path.stem for path in home.clients.glob("*.py")} | {
        path.parent.name for path in home.clients.glob("*/__init__.py")
    }
    deployed = {path.name for path in home.deployed.iterdir() if path.is_dir()} if home.deployed.is_dir() else set()
    return sorted((sources | deployed | set(environments(home))) - {"__init__"})


def in_folder(folder: Path | None) -> list[Package]:
    """What is in one version of the overlay."""
    if folder is None:
        return []
    dists = distributions(folder)
    asked, versions = asked_in(folder), {name: each.version for name, each in dists.items()}
    everything = {package.key: package.version for package in platform()} | versions
    found = []
    for name, dist in sorted(dists.items()):
        needs = [(key, other) for key, other in dists.items() if key != name and name in _wanted(other)]
        found.append(
            Package(
                str(dist.metadata["Name"]), dist.version, _summary(dist), asked.get(name, ""),
                tuple(sorted(other.metadata["Name"] for _, other in needs)), _problem(dist, everything),
            )
        )  # fmt: skip
    return found


@lru_cache(maxsize=1)
def platform() -> tuple[Package, ...]:
    """The platform's own, which stay as they are; read once, for a process sees no change of them."""
    own = (path for path in _own_path())
    found: dict[str, Package] = {}
    for dist in metadata.distributions(path=list(own)):
        name = dist.metadata["Name"]
        if name and canonicalize_name(name) not in found:
            found[canonicalize_name(name)] = Package(str(name), dist.version, _summary(dist))
    return tuple(sorted(found.values(), key=lambda each: each.key))


def asked_for(text: str) -> Requirement:
    """A package as a person asks for it: ``polars``, ``polars==1.2``, ``polars[numpy]>=1``.

    Raises:
        PackageError: it is none; an address or a path of a file is refused too.

    """
    try:
        found = Requirement(text.strip())
    except InvalidRequirement:
        found = None
    if found is None or found.url or found.marker or len(text) > _LONGEST:
        raise PackageError(
            f"a package is asked for by its name, got {text[:_LONGEST]!r}", hint="For example: polars, or polars==1.2"
        )
    return found


def refuse_the_platforms(asked: Iterable[Requirement]) -> None:
    """Raise ``PackageError`` where one is the platform's own."""
    own = {package.key: package for package in platform()}
    for each in asked:
        package = own.get(canonicalize_name(each.name))
        if package is None:
            continue
        if each.specifier.contains(package.version, prereleases=True):
            raise PackageError(
                f"{package.name} {package.version} is the platform's own: clients can import it already",
                hint="Nothing needs to be installed.",
            )
        raise PackageError(
            f"{package.name} {package.version} is the platform's own and stays as it is; {each} was asked for",
            hint="A client that needs another version must run outside of the platform.",
        )


def leftovers(home: Home, names: Iterable[str], client: str = "") -> list[str]:
    """What came with these, was not asked for, and nothing else needs once they are gone.

    Raises:
        PackageError: one is not in the overlay, or something that stays needs it.

    """
    packages = {package.key: package for package in installed(home, client)}
    gone = {known_name(packages, name) for name in names}
    needed_by = {key: {canonicalize_name(other) for other in each.needed_by} for key, each in packages.items()}
    for key in sorted(gone):
        if staying := needed_by[key] - gone:
            wanting = ", ".join(packages[each].name for each in sorted(staying))
            raise PackageError(
                f"{packages[key].name} cannot be removed: {wanting} needs it", hint=f"Remove {wanting} with it."
            )
    loose: set[str] = set()
    while True:
        more = {
            key
            for key, each in packages.items()
            if key not in gone | loose and not each.asked and each.needed_by and needed_by[key] <= gone | loose
        }
        if not more:
            return [packages[key].name for key in sorted(loose)]
        loose |= more


def known_name(packages: Mapping[str, Package], name: str) -> str:
    """The key of a package in the overlay.

    Raises:
        PackageError: there is none of that name; the platform's own are told.

    """
    key = canonicalize_name(name)
    if key in packages:
        return key
    if any(package.key == key for package in platform()):
        raise PackageError(f"{name} is the platform's own and stays as it is", hint="Only what you installed changes.")
    there = ", ".join(package.name for package in packages.values()) or "nothing yet"
    raise PackageError(f"{name} is not installed here", hint=f"You installed: {there}")


def distributions(folder: Path) -> dict[str, metadata.Distribution]:
    """What lies in one folder, by key."""
    found = {}
    for dist in metadata.distributions(path=[str(folder)]):
        if name := _field(dist, "Name"):
            found[str(canonicalize_name(name))] = dist
    return found


def asked_in(folder: Path | None) -> dict[str, str]:
    """What was asked for, by key."""
    if folder is None or not (folder / ASKED).is_file():
        return {}
    read: dict[str, str] = json.loads((folder / ASKED).read_text(encoding="utf-8"))
    return read


def _own_path() -> list[str]:
    """Where this environment's own packages lie: what an interpreter begins with, before anything is appended."""
    import site
    import sys
    import sysconfig

    places = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        places.append(site.getusersitepackages())
    return [path for path in sys.path if path in set(places)]


def _summary(dist: metadata.Distribution) -> str:
    return re.sub(r"\s+", " ", _field(dist, "Summary")).strip()


def _field(dist: metadata.Distribution, name: str) -> str:
    """What a package's description says under ``name``; "" where it does not say."""
    return dist.metadata[name] or "" if name in dist.metadata else ""


def _wanted(dist: metadata.Distribution) -> dict[str, Requirement]:
    """What a package needs here, by key; what belongs to an extra is left out."""
    found = {}
    for line in dist.requires or ():
        try:
            each = Requirement(line)
        except InvalidRequirement:
            continue
        if each.marker is None or each.marker.evaluate({"extra": ""}):
            found[str(canonicalize_name(each.name))] = each
    return found


def _problem(dist: metadata.Distribution, versions: Mapping[str, str]) -> str:
    """What a package wants and does not find."""
    wrong = []
    for key, each in _wanted(dist).items():
        version = versions.get(key)
        if version is None:
            wrong.append(f"it wants {each.name}, which is not installed")
        elif not _fits(each, version):
            wrong.append(f"it wants {each.name}{each.specifier}, {version} is installed")
    return "; ".join(wrong)


def _fits(wanted: Requirement, version: str) -> bool:
    try:
        return wanted.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True  # nothing can be compared with it
