"""Looking one package up on the index, by its exact name, and what installing it would bring.

The only place that asks a host without anything being installed; it is called when a person asks.
"""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name

from quantstrip.errors import PackageConflict, PackageError, PackageMissing
from quantstrip.home import Home
from quantstrip.operations.package_changes import goes_alone, resolve
from quantstrip.operations.package_pip import Heard, versions
from quantstrip.operations.package_tasks import LookUpArguments
from quantstrip.operations.packages import Package, asked_for, asked_in, check_client, installed, platform
from quantstrip.operations.task_progress import Progress
from quantstrip.operations.tasks import Task
from quantstrip.overlay import place_of

SECONDS: Final = 60.0
_MOST: Final = 20
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Found:
    """A package as the index has it.

    Attributes:
        version: the one that would be installed, or is; empty where none can be.
        versions: those there are, newest first, twenty at most; some may be source only.
        needs_python: the versions of Python it says it works with.
        homepage: an address that the package names; nothing is fetched from it.
        brings: what would be installed with it, ``name version``.
        here: the installed version; empty where it is not installed.
        platforms: it is the platform's own.
        problem: why it cannot be installed, in words; ``hint`` what to do about it.
        source_only: there is one, but no wheel that fits.
        alone: it does not go with what is shared, and would go into the environment of one client.

    """

    name: str
    version: str = ""
    summary: str = ""
    versions: tuple[str, ...] = ()
    license: str = ""
    needs_python: str = ""
    homepage: str = ""
    brings: tuple[str, ...] = ()
    here: str = ""
    platforms: bool = False
    problem: str = ""
    hint: str = ""
    source_only: bool = False
    alone: bool = False


def work(home: Home, arguments: LookUpArguments, folder: Path, progress: Progress) -> Mapping[str, Any]:  # noqa: ARG001
    """Look a package up as a task; ``found_by`` reads the result."""
    steps = [0.05]

    def heard(line: str) -> None:
        steps[0] += (0.95 - steps[0]) * 0.05 if line else 0.0
        progress.report(steps[0], line.strip()[:120] or None)

    progress.report(0.02, "asking the index")
    return asdict(look_up(home, arguments.name, client=arguments.client, heard=heard))


def check(arguments: LookUpArguments) -> None:
    """Refuse what names no package."""
    asked_for(arguments.name)


def found_by(task: Task) -> Found:
    """What a look-up that is done found."""
    told = (task.result or {}).items()
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told}
    return Found(**given)


def look_up(
    home: Home, name: str, *, client: str = "", seconds: float = SECONDS, heard: Heard = lambda _: None
) -> Found:
    """What the index says about a package, and whether it goes with what is installed.

    Args:
        client: whose environment it is for; "" for the one of all clients.
        seconds: what each question to the index may take.
        heard: called with what pip says, and with "" meanwhile; what it raises ends the look-up.

    Raises:
        PackageError: no such name is on the index, no such client, or the index cannot be reached.

    """
    check_client(home, client)
    place = place_of(home, client)
    wanted = asked_for(name)
    key = canonicalize_name(wanted.name)
    own = next((each for each in platform() if each.key == key), None)
    there = own or next((each for each in installed(home, client) if each.key == key), None)
    there_are = versions(wanted.name, seconds, heard)[:_MOST]
    if own is not None:
        said = f"{own.name} {own.version} is the platform's own: clients can import it already"
        return Found(own.name, own.version, own.summary, there_are, here=own.version, platforms=True, problem=said)
    if not there_are and there is None:
        raise PackageError(
            f"the index has no package {wanted.name}", hint="Check the spelling: names are exact, not searched for."
        )
    kept = [text for other, text in asked_in(place.current()).items() if other != key]
    with tempfile.TemporaryDirectory() as name_of_folder:
        folder = Path(name_of_folder)
        try:
            plan = resolve(
                place, [*kept, str(wanted)], [], folder, heard, source=False, asked=str(wanted),
                seconds=seconds,
            )  # fmt: skip
        except PackageError as error:
            conflict = isinstance(error, PackageConflict) and not client
            return Found(
                wanted.name, versions=there_are, problem=error.message, hint=error.hint,
                source_only=isinstance(error, PackageMissing),
                alone=conflict and goes_alone([wanted], folder, seconds=seconds, heard=heard),
            )  # fmt: skip
    return _described(plan, key, wanted.name, there_are, there)


def _described(
    plan: list[dict[str, Any]], key: str, name: str, there_are: tuple[str, ...], there: Package | None
) -> Found:
    described = {str(canonicalize_name(each["metadata"]["name"])): each["metadata"] for each in plan}
    about = described.get(key, {})
    brings = sorted(f"{each['name']} {each['version']}" for other, each in described.items() if other != key)
    if not about and there is not None:
        return Found(there.name, there.version, there.summary, there_are, here=there.version)
    links = (each.partition(", ")[::2] for each in about.get("project_url", ()))
    home_page = about.get("home_page", "") or next((link for label, link in links if label.lower() == "homepage"), "")
    return Found(
        str(about.get("name", name)), str(about.get("version", "")), _line(about.get("summary")), there_are,
        _line(about.get("license_expression") or about.get("license")), _line(about.get("requires_python")),
        _line(home_page), tuple(brings), there.version if there else "",
    )  # fmt: skip


def _line(value: object) -> str:
    text = re.sub(r"\s+", " ", str(value or "")).strip()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
