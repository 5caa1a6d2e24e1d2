"""Queries by name: those that ship in ``schema/queries``, and the user's own in the home's ``queries`` folder."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quantstrip.errors import LedgerError
from quantstrip.home import Home, asset
from quantstrip.report.files import write_whole

_ENDING = ".sql"
_LARGEST: Final = 256 * 1024  # bytes
_NAME = re.compile(r"[A-Za-z0-9_]{1,60}")
_DEVICES = re.compile(r"(?i:con|prn|aux|nul|com\d|lpt\d)")  # names that Windows gives no file


@dataclass(frozen=True, slots=True)
class Query:
    """A query by its name; ``title`` says in a sentence what it shows, ``own`` is the user's."""

    name: str
    title: str
    sql: str
    own: bool = False


def pre_built() -> list[Query]:
    """Every query that ships, by name."""
    return [_read(path) for path in _shipped()]


def own(home: Home) -> list[Query]:
    """The user's queries, by name. One that cannot be read says why in its title, and is empty."""
    found = []
    for path in _own(home):
        try:
            found.append(load(home, path.stem))
        except LedgerError as error:
            found.append(Query(path.stem, f"cannot be read: {error.message}", "", True))
    return found


def load(home: Home, name: str) -> Query:
    """The query of a name, as its file has it now.

    Raises:
        LedgerError: there is none, or its file is too large or is no text.

    """
    path = next((each for each in (*_shipped(), *_own(home)) if each.stem.lower() == name.lower()), None)
    if path is None:
        raise LedgerError(f"there is no query {name!r}", hint="It may have been deleted or renamed meanwhile.")
    return _read(path, own=path.parent == home.queries)


def save(home: Home, name: str, sql: str, *, over: str | None = None) -> Query:
    """Save a query of the user's own, whole or not at all.

    Args:
        home: in whose ``queries`` folder.
        name: letters, digits and ``_``.
        sql: any text.
        over: what the file holds as far as the caller knows; None where there shall be none yet.

    Raises:
        LedgerError: the name is no name or taken, the text is too large, or the file has changed meanwhile.
        ReportError: it cannot be written.

    """
    data = sql.encode("utf-8", "replace")
    if len(data) > _LARGEST:
        raise LedgerError(f"a query file has at most {_LARGEST:,} bytes, got {len(data):,}")
    if over is None:
        path = _free(home, name)
    else:
        path = _mine(home, name)
        if _read(path, own=True).sql != over:
            raise LedgerError(
                f"{name} was changed meanwhile, in another window or on disk",
                hint="Save it under another name, or choose it again to see what it is now.",
            )
    _folder(home)
    write_whole(path, data)
    return _read(path, own=True)


def rename(home: Home, name: str, new: str) -> Query:
    """Give a query of the user's own another name; raises as ``save``."""
    path = _mine(home, name)
    target = home.queries / f"{new}{_ENDING}" if new.lower() == name.lower() and _NAME.fullmatch(new) else None
    target = target or _free(home, new)
    try:
        path.rename(target)
    except OSError as error:
        raise LedgerError(f"{path} cannot be renamed: {error.strerror or error}") from error
    return _read(target, own=True)


def delete(home: Home, name: str) -> None:
    """Delete a query of the user's own.

    Raises:
        LedgerError: it is not the user's, is gone already, or cannot be deleted.

    """
    path = _mine(home, name)
    try:
        path.unlink()
    except OSError as error:
        raise LedgerError(f"{path} cannot be deleted: {error.strerror or error}") from error


def statement(text: str, home: Home | None = None) -> str:
    """The SQL of the query that ``text`` names; any other text is SQL already.

    Raises:
        LedgerError: one word, which is no SELECT, and no query has that name.

    """
    name = text.strip().removesuffix(_ENDING)
    if not re.fullmatch(r"\w+", name):
        return text
    known = {path.stem.lower(): path.stem for path in (*_shipped(), *(_own(home) if home else ()))}
    if name.lower() in known:
        return load(home, name).sql if home else _read(asset("schema") / "queries" / f"{name.lower()}{_ENDING}").sql
    raise LedgerError(
        f"there is no query {name!r}, and one word is no SELECT", hint=f"There are: {', '.join(known.values())}"
    )


def _shipped() -> list[Path]:
    return sorted((asset("schema") / "queries").glob(f"*{_ENDING}"))


def _own(home: Home) -> list[Path]:
    """The user's files: regular ones with a name that is one; a link may lead out of the folder and is none."""
    taken = {path.stem.lower() for path in _shipped()}
    found = [path for path in home.queries.glob(f"*{_ENDING}") if path.is_file() and not path.is_symlink()]
    return sorted(path for path in found if _NAME.fullmatch(path.stem) and path.stem.lower() not in taken)


def _mine(home: Home, name: str) -> Path:
    path = next((each for each in _own(home) if each.stem == name), None)
    if path is None:
        raise LedgerError(
            f"{name!r} is no query of your own",
            hint="Those that ship stay as they are: save one under another name to change it.",
        )
    return path


def _free(home: Home, name: str) -> Path:
    """Where a query of this name would lie, which no other has."""
    if not _NAME.fullmatch(name) or _DEVICES.fullmatch(name):
        raise LedgerError(
            f"a query's name is 1 to 60 letters, digits and _, got {name!r}", hint="For example: fills_by_symbol"
        )
    path = home.queries / f"{name}{_ENDING}"
    taken = {each.stem.lower() for each in (*_shipped(), *_own(home))}
    if name.lower() in taken or path.exists() or path.is_symlink():
        raise LedgerError(f"there is a query {name!r} already", hint="Choose another name.")
    return path


def _folder(home: Home) -> None:
    try:
        home.queries.mkdir(exist_ok=True)
    except OSError as error:
        raise LedgerError(f"{home.queries} cannot be made: {error.strerror or error}") from error


def _read(path: Path, *, own: bool = False) -> Query:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        sql = data.decode("utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise LedgerError(f"{path} cannot be read: {error}", hint="A query file is text in UTF-8.") from error
    if len(data) > _LARGEST:
        raise LedgerError(f"{path} is larger than {_LARGEST:,} bytes", hint="Take out what is no query.")
    first = sql.partition("\n")[0].strip()
    return Query(path.stem, first.removeprefix("--").strip() if first.startswith("--") else "", sql, own)
