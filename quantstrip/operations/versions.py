"""A client's versions: what is deployed, what was, what its source is now, and what differs between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from quantstrip.clock import Micros, from_text
from quantstrip.errors import ClientError, ClientLoadError, ClientNotFound, FileError
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.operations import lint
from quantstrip.operations.differences import FileDifference, compare
from quantstrip.operations.files_places import place_of
from quantstrip.operations.files_text import plain_lines
from quantstrip.operations.ledger import existing_ledger
from quantstrip.supervise.deploy import check_unique, find_source, hash_files, source_roots, version_folder
from quantstrip.supervise.imports import needed_files
from quantstrip.supervise.names import check_name

SOURCE: Final = "source"
NONE: Final = "nothing"


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a client in the store.

    Attributes:
        first, last: when it was deployed, or gone back to, for the first and the last time.
        current: it is what runs, or will when the client is started.
        stored: its files are there, so that it can be brought back.
        files: paths within it.
        note: what was said of its last deployment, such as ``rollback from HASH``.
        change: what going back to it would change, in words; "" for the current one.

    """

    code_hash: str
    first: Micros
    last: Micros
    current: bool
    stored: bool
    files: tuple[str, ...]
    note: str
    change: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two states of a client's files; ``old`` and ``new`` are a version's hash, ``source`` or ``nothing``."""

    name: str
    old: str
    new: str
    files: tuple[FileDifference, ...]

    @property
    def same(self) -> bool:
        """Nothing differs."""
        return not self.files

    @property
    def words(self) -> str:
        """In one line: which files, and how many lines came and went."""
        return ", ".join(each.words for each in self.files) or "nothing differs"


@dataclass(frozen=True, slots=True)
class Preview:
    """What deploying a source would do.

    Attributes:
        code_hash: of the version it would be, "" where it cannot be one.
        current: hash of the version that it would take the place of, "" for none.
        files: paths of that version, sorted.
        findings: what is wrong, by file; with one that stops, it cannot be deployed.
        refused: why it cannot be deployed at all, in words; "" where it can.

    """

    name: str
    source: Path
    code_hash: str
    current: str
    files: tuple[str, ...]
    comparison: Comparison
    findings: Mapping[str, lint.Report]
    refused: str = ""


def versions(home: Home, name: str) -> list[Version]:
    """Every version of a client, the one deployed last first.

    Raises:
        ClientNotFound: nothing was ever deployed under that name.

    """
    ledger = existing_ledger(home)
    rows = ledger.deployments(check_name(name))
    if not rows:
        raise ClientNotFound(
            f"no version of {name!r} was ever deployed", hint=f"Deploy it first: quantstrip deploy {name}"
        )
    current = _current(ledger, name)
    running = _stored_texts(home, name, current)
    found = []
    for code_hash in dict.fromkeys(str(row["code_hash"]) for row in rows):
        own = [row for row in rows if row["code_hash"] == code_hash]
        texts = _stored_texts(home, name, code_hash)
        change = "" if code_hash == current else _words(running, texts)
        moments = [from_text(str(row["deployed_at"])) for row in own]
        found.append(
            Version(
                code_hash, min(moments), max(moments), code_hash == current, bool(texts), tuple(sorted(texts)),
                str(own[0]["note"] or ""), change,
            )
        )  # fmt: skip
    return sorted(found, key=lambda version: version.last, reverse=True)


def difference(home: Home, name: str, old: str = "", new: str = "") -> Comparison:
    """What differs between two states of a client.

    Args:
        home: its home.
        name: of a deployed client.
        old: the beginning of a version's hash; "" is the version that is deployed now.
        new: the same; "" is the source as it is now.

    Raises:
        ClientNotFound: it was never deployed, or its source is gone.
        ClientLoadError: the source does not compile.
        ClientError: no version, or several, begin so.

    """
    ledger = existing_ledger(home)
    before = _chosen(home, ledger, name, old) if old else _current(ledger, name)
    if not before:
        raise ClientNotFound(f"{name!r} is not deployed", hint=f"Deploy it first: quantstrip deploy {name}")
    if new:
        after = _chosen(home, ledger, name, new)
        return Comparison(name, before, after, _between(home, name, before, _stored_texts(home, name, after)))
    known = ledger.get_client(name) or {}
    source = find_source(home, str(known.get("source") or name))
    texts = {path: _text(file.content) for path, file in needed_files(source, source_roots(home, source)).items()}
    return Comparison(name, before, SOURCE, _between(home, name, before, texts))


def preview_file(home: Home, path: str) -> Preview:
    """What deploying the client of a source in ``clients/`` would do; raises as ``preview``, and where it is no client.

    Raises:
        FileError: the path is refused, or is not a client's own file.

    """
    place = place_of(home, path)
    if not place.client or not place.writable:
        raise FileError(
            f"{path} is not the file of a client", hint="Deploy the client that imports it: it takes its helpers along."
        )
    return preview(home, place.file)


def preview_again(home: Home, name: str) -> Preview:
    """What ``redeploy`` would do: from where the client came, or from its name where it never was deployed.

    Raises:
        ClientNotFound: its source is gone.
        ClientError: its name is impossible.

    """
    known = existing_ledger(home).get_client(check_name(name)) or {}
    return preview(home, str(known.get("source") or name))


def preview(home: Home, source: str | Path) -> Preview:
    """What ``deploy`` would do with a source, without doing it.

    Raises:
        ClientNotFound: there is no such file.
        ClientError: its name is impossible.

    """
    path = find_source(home, source)
    name = check_unique(path, "")
    known = (existing_ledger(home).get_client(name) or {}) if home.database.is_file() else {}
    current = str(known.get("code_hash") or "")
    refused = ""
    try:
        check_unique(path, str(known.get("source") or ""))
        files = needed_files(path, source_roots(home, path))
    except ClientLoadError as error:
        return _unreadable(home, name, path, current, error)
    except ClientError as error:
        refused, files = str(error), {}
    texts = {each: _text(file.content) for each, file in files.items()}
    code_hash = hash_files(files) if files else ""
    comparison = Comparison(name, current or NONE, SOURCE, _between(home, name, current, texts))
    findings = {each: lint.check(f"clients/{each}", text) for each, text in texts.items() if each.endswith(".py")}
    return Preview(name, path, code_hash, current, tuple(sorted(files)), comparison, findings, refused)


def _unreadable(home: Home, name: str, path: Path, current: str, error: ClientLoadError) -> Preview:
    """A source that does not compile: its own file is shown with its mark; which helpers it needs is not known."""
    file = path / "__init__.py" if path.is_dir() else path
    own = f"{name}/__init__.py" if path.is_dir() else file.name
    try:
        text = _text(file.read_bytes())
    except OSError:
        text = ""
    before = _stored_texts(home, name, current)
    comparison = Comparison(name, current or NONE, SOURCE, compare({own: before.get(own, "")}, {own: text}))
    report = lint.check(f"clients/{own}", text)
    return Preview(name, path, "", current, (), comparison, {own: report}, error.message)


def _between(home: Home, name: str, old: str, new: Mapping[str, str]) -> tuple[FileDifference, ...]:
    return compare(_stored_texts(home, name, old), new)


def _words(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    if not new:
        return "its files are gone"
    return Comparison("", "", "", compare(old, new)).words


def _stored_texts(home: Home, name: str, code_hash: str) -> dict[str, str]:
    """The files of a stored version; none where it is gone."""
    if not code_hash:
        return {}
    folder = version_folder(home, name, code_hash)
    paths = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    try:
        return {path.relative_to(folder).as_posix(): _text(path.read_bytes()) for path in paths}
    except OSError as error:
        raise ClientError(
            f"version {code_hash} of {name!r} cannot be read: {error.strerror or error}",
            hint="See to the permissions of the home's data folder.",
        ) from error


def _text(content: bytes) -> str:
    return plain_lines(content.decode("utf-8", "replace"))


def _current(ledger: Ledger, name: str) -> str:
    known: Mapping[str, Any] = ledger.get_client(check_name(name)) or {}
    return str(known.get("code_hash") or "")


def _chosen(home: Home, ledger: Ledger, name: str, begin: str) -> str:
    known = dict.fromkeys(str(row["code_hash"]) for row in ledger.deployments(check_name(name)))
    kept = [code for code in known if version_folder(home, name, code).is_dir()]
    matches = [code for code in kept if code.startswith(begin)]
    if len(matches) != 1:
        raise ClientError(
            f"{len(matches)} stored versions of {name!r} begin with {begin!r}, expected one",
            hint=f"Versions, newest first: {', '.join(kept) or 'none'}",
        )
    return matches[0]
