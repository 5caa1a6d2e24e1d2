"""Installing, upgrading and removing packages; each function is a ``task_kinds.Work``.

pip first says what it would install, with the platform's own packages fixed; that is installed into an empty folder,
put together with what stays, looked at as a whole, and only then takes the place of what was there.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from quantstrip.errors import PackageConflict, PackageError
from quantstrip.home import Home
from quantstrip.operations.package_pip import failed, pip
from quantstrip.operations.package_tasks import InstallArguments, RemoveArguments, UpgradeArguments
from quantstrip.operations.package_versions import changing, forget, fresh, merge, name_it, take_over
from quantstrip.operations.packages import (
    asked_for,
    asked_in,
    check_client,
    distributions,
    in_folder,
    installed,
    known_name,
    leftovers,
    platform,
    refuse_the_platforms,
)
from quantstrip.operations.task_progress import Progress
from quantstrip.overlay import Place, place_of

WHEELS: Final = ("--only-binary", ":all:")


def check_install(arguments: InstallArguments) -> None:
    """Refuse what names no package, or one of the platform's own."""
    refuse_the_platforms([asked_for(text) for text in arguments.names])


def install(home: Home, arguments: InstallArguments, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Install what was asked for, with what it needs; into a client's environment, which is made where it has none."""
    check_client(home, arguments.client)
    place = place_of(home, arguments.client)
    asked = {str(canonicalize_name(each.name)): each for each in map(asked_for, arguments.names)}
    refuse_the_platforms(asked.values())
    kept = {name: asked_for(text) for name, text in asked_in(place.current()).items() if name not in asked}
    try:
        done = _change(place, folder, progress, kept | asked, [], source=arguments.source, asked=tuple(asked))
    except PackageConflict as error:
        if place.client or not goes_alone(asked.values(), folder, source=arguments.source):
            raise
        names = " ".join(f'"{each}"' if each.specifier else str(each) for each in asked.values())
        offer = f"Or give one client an environment of its own: quantstrip package install {names} --client NAME"
        raise PackageConflict(error.message, hint=f"{error.hint} {offer}") from error
    return {**done, **_left_behind(home, arguments.client)}


def upgrade(home: Home, arguments: UpgradeArguments, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Bring packages to the newest version that goes with the rest; those not named stay at theirs."""
    check_client(home, arguments.client)
    place = place_of(home, arguments.client)
    packages = {package.key: package for package in in_folder(place.current())}
    if not packages:
        raise PackageError("nothing is installed here that could be upgraded", hint="Install a package first.")
    wanted = asked_in(place.current())
    chosen = {known_name(packages, name) for name in arguments.names} or set(wanted)
    asked = {name: asked_for(wanted.get(name) or packages[name].name) for name in {*wanted, *chosen}}
    fixed = [f"{package.name}=={package.version}" for key, package in packages.items() if key in asked.keys() - chosen]
    options = ["--upgrade", "--upgrade-strategy", "eager" if not arguments.names else "only-if-needed"]
    kept = {name: each for name, each in asked.items() if name in wanted}
    return _change(
        place, folder, progress, kept, options, source=arguments.source, asked=tuple(chosen),
        requirements=[*fixed, *(str(asked[name]) for name in sorted(chosen))],
    )  # fmt: skip


def remove(
    home: Home,
    arguments: RemoveArguments,
    folder: Path,  # noqa: ARG001 - every kind of task is given one
    progress: Progress,
) -> Mapping[str, Any]:
    """Remove packages, and what came with them and nothing else needs; with its last package an environment goes."""
    check_client(home, arguments.client)
    place = place_of(home, arguments.client)
    if arguments.client and place.current() is None:
        raise PackageError(f"{arguments.client} has no environment of its own", hint="Nothing needs to be removed.")
    with changing(place) as staging:
        packages = {package.key: package for package in in_folder(place.current())}
        gone = {known_name(packages, name) for name in arguments.names}
        loose = leftovers(home, arguments.names, arguments.client)
        if arguments.leftovers:
            gone |= {str(canonicalize_name(name)) for name in loose}
        asked = {name: text for name, text in asked_in(place.current()).items() if name not in gone}
        if not arguments.leftovers:
            asked |= {str(canonicalize_name(name)): name for name in loose}  # from now on they stand for themselves
        progress.report(0.3, "removing")
        staying = [dist for name, dist in _there(place).items() if name not in gone]
        take_over(place, staging, staying)
        name_it(place, staging, asked)
        names = sorted(f"{packages[key].name} {packages[key].version}" for key in gone)
        print(f"Removed: {', '.join(names)}", flush=True)
    if arguments.client and not staying and forget(place):
        print(f"{arguments.client} has no environment any more: it sees the packages of all clients.", flush=True)
    return {"removed": names, "installed": []}


def goes_alone(
    asked: Iterable[Requirement],
    folder: Path,
    *,
    source: bool = False,
    seconds: float | None = None,
    heard: Callable[[str], None] = lambda _: None,
) -> bool:
    """Whether packages go with the platform alone, without what is shared: then a client's environment would do."""
    nowhere = Place(folder / "nowhere", folder / "nowhere" / ".current")
    wanted = [str(each) for each in asked]
    try:
        resolve(nowhere, wanted, [], folder, heard, source=source, asked=", ".join(wanted), seconds=seconds)
    except PackageError:
        return False
    return True


def _left_behind(home: Home, client: str) -> dict[str, list[str]]:
    """What a client with an environment of its own no longer sees of what is shared, said and returned."""
    if not client:
        return {}
    own = {package.key for package in installed(home, client)}
    left = [package.name for package in installed(home) if package.asked and package.key not in own]
    if left:
        print(
            f"Note: {client} sees its own environment in the place of the shared packages; not in it: "
            f"{', '.join(left)}. Install there what it imports.",
            flush=True,
        )
    return {"left_behind": left}


def resolve(
    place: Place, requirements: Sequence[str], options: Iterable[str], folder: Path, heard: Callable[[str], None], *,
    source: bool, asked: str, seconds: float | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """What pip would install, as its report describes it; the platform's own packages are fixed.

    Raises:
        PackageConflict: it does not go together.
        PackageError: it is not on the index, or the index cannot be reached.

    """
    constraints, report = folder / "constraints.txt", folder / "report.json"
    constraints.write_text("".join(f"{each.name}=={each.version}\n" for each in platform()), encoding="utf-8")
    report.unlink(missing_ok=True)
    said = pip(
        ["install", "--dry-run", "--report", str(report), "--constraint", str(constraints), "--progress-bar", "off",
         *(() if source else WHEELS), *options, *requirements],
        heard, overlay=place.current(), seconds=seconds,
    )  # fmt: skip
    if not said.done:
        raise failed(said, asked, source=source)
    found: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["install"]
    return found


def _change(
    place: Place,
    folder: Path,
    progress: Progress,
    kept: Mapping[str, Requirement],
    options: Sequence[str],
    *,
    source: bool,
    asked: tuple[str, ...],
    requirements: Sequence[str] | None = None,
) -> Mapping[str, Any]:
    """Bring the overlay to what ``requirements`` say; ``kept`` is what counts as asked for from then on."""
    words = ", ".join(sorted(str(kept.get(name, name)) for name in asked))
    with changing(place) as staging:
        folder.mkdir(parents=True, exist_ok=True)
        progress.report(0.02, "asking the index")
        needed = [str(each) for each in kept.values()] if requirements is None else list(requirements)
        plan = resolve(place, needed, options, folder, _heard(progress, 0.02), source=source, asked=words)
        exact = {str(canonicalize_name(each["metadata"]["name"])): _exact(each) for each in plan}
        _refuse_changes_of_the_platform(exact)
        if exact:
            _install_exactly(place, list(exact.values()), _heard(progress, 0.4), source=source, asked=words)
        progress.report(0.9, "putting it together")
        there = _there(place)
        take_over(place, staging, [dist for name, dist in there.items() if name not in exact])
        if exact:
            merge(fresh(place), staging)
        _refuse_what_breaks(place, staging)
        hidden = hidden_modules(staging, exact)
        counts = {name: str(each) for name, each in kept.items()}
        if exact or counts != asked_in(place.current()):
            name_it(place, staging, counts)
    replaced = [f"{dist.metadata['Name']} {dist.version}" for name, dist in there.items() if name in exact]
    new = sorted(each.replace("==", " ") for each in exact.values())
    print(f"Installed: {', '.join(new)}" if new else "Everything was there already; nothing was changed.", flush=True)
    for line in hidden:
        print(line, flush=True)
    return {"installed": new, "removed": sorted(replaced), "hidden": hidden}


def _install_exactly(
    place: Place, exact: Sequence[str], heard: Callable[[str], None], *, source: bool, asked: str
) -> None:
    said = pip(
        ["install", "--no-deps", "--target", str(fresh(place)), "--progress-bar", "off",
         *(() if source else WHEELS), *exact],
        heard,
    )  # fmt: skip
    if not said.done:
        raise failed(said, asked, source=source)


def hidden_modules(folder: Path, keys: Iterable[str]) -> list[str]:
    """What cannot be imported, because a module of Python or of the platform has its name, in words."""
    import importlib.metadata
    import sys

    own = importlib.metadata.packages_distributions()
    platforms = {package.key for package in platform()}
    words, there = [], distributions(folder)
    for key in keys:
        files = there[key].files or () if key in there else ()
        tops = {file.parts[0].removesuffix(".py") for file in files if str(file).endswith("__init__.py")
                or (len(file.parts) == 1 and file.suffix == ".py")}  # fmt: skip
        for name in sorted(tops):
            owners = [each for each in own.get(name, ()) if canonicalize_name(each) in platforms]
            owner = "Python" if name in sys.stdlib_module_names else ", ".join(sorted(set(owners)))
            if owner:
                words.append(f"Note: {key} brings a module {name}; {owner} has one of that name, which comes first.")
    return words


def _there(place: Place) -> dict[str, Any]:
    folder = place.current()
    return {} if folder is None else dict(distributions(folder))


def _exact(each: Mapping[str, Any]) -> str:
    return f"{each['metadata']['name']}=={each['metadata']['version']}"


def _refuse_changes_of_the_platform(exact: Mapping[str, str]) -> None:
    own = {package.key: package for package in platform()}
    if both := sorted(own.keys() & exact.keys()):
        package = own[both[0]]
        raise PackageConflict(
            f"{package.name} {package.version} is the platform's own and stays as it is; {exact[both[0]]} is wanted",
            hint="Ask for another version of what wants it.",
        )


def _refuse_what_breaks(place: Place, staging: Path) -> None:
    """Raise ``PackageConflict`` where the new whole has a problem that the old one did not have."""
    before = {(each.key, each.problem) for each in in_folder(place.current())}
    for each in in_folder(staging):
        if each.problem and (each.key, each.problem) not in before:
            raise PackageConflict(
                f"{each.name} {each.version} would no longer work: {each.problem}",
                hint="Ask for another version of one of them, or remove the one that you need less.",
            )


def _heard(progress: Progress, begin: float) -> Callable[[str], None]:
    """Print what pip says, and let it show as the task's note; each line is a small step."""
    done = [begin]

    def hear(line: str) -> None:
        if line:
            print(line, flush=True)
            done[0] += (begin + 0.4 - done[0]) * 0.05
        progress.report(done[0], line.strip()[:120] or None)

    return hear
