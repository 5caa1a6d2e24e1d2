"""Which files of a home a person may see and change, and what their paths mean.

A path is relative and begins with its area: ``clients/ma_cross.py`` (sources, the only ones that can be changed),
``examples/ma_cross.py`` (those that ship) or ``deployed/ma_cross/HASH/ma_cross.py`` (versions in the store). Whatever
would lead elsewhere is refused: an absolute path, ``..``, a symbolic link on the way, a hidden name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from quantstrip.errors import FileError, QuantstripError
from quantstrip.home import Home, asset
from quantstrip.supervise.deploy import version_folder
from quantstrip.supervise.names import check_name

CLIENTS: Final = "clients"
EXAMPLES: Final = "examples"
DEPLOYED: Final = "deployed"
AREAS: Final = (CLIENTS, EXAMPLES, DEPLOYED)
KINDS: Final = frozenset({".py", ".csv", ".html", ".ini", ".json", ".md", ".sql", ".toml", ".txt", ".yaml", ".yml"})
"""Endings of files that are text; others are not shown."""
_LONGEST: Final = 400  # characters of a path
_DEEPEST: Final = 6  # parts below the area
_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")
_DEVICES: Final = re.compile(r"(?i:con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # names that Windows gives no file


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path leads.

    Attributes:
        path: relative, with ``/``, its area first.
        file: the same on the disk; it need not exist.
        writable: a source of the user's own.

    """

    path: str
    file: Path
    area: str

    @property
    def writable(self) -> bool:
        """Examples and deployed versions stay as they are."""
        return self.area == CLIENTS

    @property
    def client(self) -> str:
        """The client whose own file this is, "" for helpers, tests and what cannot bear a client's name."""
        parts = PurePosixPath(self.path).parts
        if self.area == DEPLOYED:
            return parts[1] if parts[3:] in ((f"{parts[1]}.py",), (parts[1], "__init__.py")) else ""
        own = parts[1:] if len(parts) == 2 else parts[1:-1] if len(parts) == 3 and parts[2] == "__init__.py" else ()
        name = own[0].removesuffix(".py") if own and (len(parts) == 3 or own[0].endswith(".py")) else ""
        try:
            return check_name(name) if name != "__init__" else ""
        except QuantstripError:
            return ""


def root_of(home: Home, area: str) -> Path:
    """The folder of an area."""
    return {CLIENTS: home.clients, EXAMPLES: asset("examples"), DEPLOYED: home.deployed}[area]


def place_of(home: Home, path: str) -> Place:
    """Where ``path`` leads.

    Raises:
        FileError: it leads out of the home's files, through a link, or to a hidden name.

    """
    parts = path.split("/")
    if not path or len(path) > _LONGEST or not path.isprintable() or "\\" in path or ":" in path:
        raise _refused(path, "expected folders and a name with / between them")
    if parts[0] not in AREAS:
        raise _refused(path, f"expected a path that begins with one of {', '.join(f'{each}/' for each in AREAS)}")
    if len(parts) < 2 or len(parts) > _DEEPEST + 1 or not all(map(_visible, parts)):
        raise _refused(path, "'..', hidden names and empty ones are refused")
    file = root_of(home, parts[0])
    for part in parts[1:]:
        file = file / part
        if file.is_symlink():
            raise _refused(path, "a symbolic link may lead out of the home")
    if file.suffix.lower() not in KINDS:
        raise _refused(path, f"expected a text file: {' '.join(sorted(KINDS))}")
    return Place(path, file, parts[0])


def new_place(home: Home, path: str) -> Place:
    """Where a file may be made: a source, with a name that every system can hold, which no other file has.

    Raises:
        FileError: the path is refused, no source, has odd characters, or is taken (also by one in other capitals).

    """
    place = place_of(home, path)
    if not place.writable:
        raise FileError(f"{path} cannot be written", hint=f"Save it in {CLIENTS}/ instead.")
    for part in path.split("/")[1:]:
        if not _PART.fullmatch(part) or _DEVICES.fullmatch(part) or part.endswith("."):
            raise FileError(
                f"{part!r} cannot be a file's name: letters, digits, '_', '-' and '.' are allowed, up to 80",
                hint="For example: clients/my_strategy.py",
            )
    parts = path.split("/")
    if len(parts) == 2 and parts[1].endswith(".py") and parts[1] != "__init__.py":
        try:
            check_name(parts[1].removesuffix(".py"))
        except QuantstripError as error:
            raise FileError(error.message, hint=error.hint) from error
    taken = taken_by(place)
    if taken:
        raise FileError(f"there is a file {taken} already", hint="Choose another name.")
    return place


def taken_by(place: Place) -> str:
    """The name, in whatever capitals, that stands in the way of a new file or of one of its folders; "" for none."""
    root = place.file
    parts = place.path.split("/")[1:]
    for _ in parts:
        root = root.parent
    for depth, part in enumerate(parts):
        try:
            twins = [each for each in root.iterdir() if each.name.lower() == part.lower()]
        except FileNotFoundError:
            return ""
        except NotADirectoryError:
            return root.name
        last = depth == len(parts) - 1
        for twin in twins:
            if last or twin.name != part or not twin.is_dir():
                return twin.name
        root = root / part
    return ""


def refuse_twins(paths: Sequence[str]) -> None:
    """Refuse new files of which two cannot be beside each other on every system.

    Raises:
        FileError: two differ in capitals only, themselves or in a folder, or one is the other's folder.

    """
    seen: dict[str, tuple[str, bool]] = {}  # a file or folder in small letters: as it is written, and whether a file
    for path in paths:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            own = "/".join(parts[:depth]), depth == len(parts)
            known = seen.setdefault(own[0].lower(), own)
            if known is not own and (known[1] or own[1] or known != own):
                raise FileError(
                    f"{path} and {known[0]} are one name on some systems, or a file and its folder",
                    hint="Rename one of them.",
                )


def locate(home: Home, given: str) -> str:
    """The path of a file that a trace names: a source as it is now where it is still what ran, else what ran.

    Args:
        home: its home.
        given: a path as ``place_of`` takes it, or an absolute one below the clients, the examples or the store.

    Raises:
        FileError: it is none of these files.

    """
    path = Path(given)
    if not path.is_absolute():
        return place_of(home, given).path
    for area in AREAS:
        root = root_of(home, area)
        for base in dict.fromkeys((root, root.resolve())):
            if path.is_relative_to(base):
                found = place_of(home, f"{area}/{path.relative_to(base).as_posix()}")
                return _source_of(home, found) if area == DEPLOYED else found.path
    raise FileError(
        f"{given} lies outside this home's files", hint=f"Only {home.clients}, the examples and deployed versions open."
    )


def version_path(home: Home, name: str, code_hash: str, file: str) -> str:
    """The path of a file of a deployed version."""
    return f"{DEPLOYED}/{version_folder(home, name, code_hash).relative_to(home.deployed).as_posix()}/{file}"


def _source_of(home: Home, deployed: Place) -> str:
    parts = deployed.path.split("/")
    source = home.clients.joinpath(*parts[3:])
    try:
        same = source.read_bytes() == deployed.file.read_bytes()
    except OSError:
        return deployed.path
    return "/".join((CLIENTS, *parts[3:])) if same else deployed.path


def _visible(part: str) -> bool:
    return bool(part) and not part.startswith(".") and part != "__pycache__"


def _refused(path: str, why: str) -> FileError:
    return FileError(f"{path!r} is refused: {why}", hint="Choose a file of the tree.")
