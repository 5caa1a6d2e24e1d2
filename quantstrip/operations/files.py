"""Files of a home as a person edits them: open, save, make, rename, copy. Nothing is overwritten unseen."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quantstrip.errors import FileChanged, FileError, ReportError
from quantstrip.home import Home, asset
from quantstrip.operations.files_lock import alone
from quantstrip.operations.files_places import CLIENTS, Place, locate, new_place, place_of, refuse_twins
from quantstrip.operations.files_text import MOST_BYTES, check_size, decode, digest_of, encode
from quantstrip.report.files import write_whole

__all__ = [
    "TEMPLATES", "OpenFile", "changed", "copy", "digest_now", "download", "locate", "new", "on_disk", "read", "rename",
    "replace", "save", "upload",
]  # fmt: skip
TEMPLATES: Final = {
    "client": "A client: jobs on a schedule",
    "strategy": "A strategy: bars in, signals out",
    "strategy_client": "A client that says how a strategy trades",
    "empty": "An empty file",
}


@dataclass(frozen=True, slots=True)
class OpenFile:
    r"""A file as it was read.

    Attributes:
        text: with ``\n`` between lines.
        digest: hash of its bytes: what ``save`` wants back, to see whether the file is still this one.
        writable: a source of the user's own; examples and deployed versions are not.
        client: the client whose own file it is, or "".

    """

    path: str
    text: str
    digest: str
    writable: bool
    client: str


def read(home: Home, path: str) -> OpenFile:
    """A file as it is now.

    Raises:
        FileError: the path is refused, the file is gone, too large, binary or not in UTF-8.

    """
    place = place_of(home, path)
    data = bytes_of(place)
    return OpenFile(place.path, decode(place.path, data).text, digest_of(data), place.writable, place.client)


def digest_now(home: Home, path: str) -> str:
    """Hash of a file's bytes as they are now; "" where there is none any more.

    Raises:
        FileError: the path is refused, or the file cannot be read.

    """
    data = _found(place_of(home, path))
    return "" if data is None else digest_of(data)


def changed(home: Home, opened: OpenFile) -> bool:
    """Whether a file is no longer what was opened."""
    return digest_now(home, opened.path) != opened.digest


def save(home: Home, path: str, text: str, *, over: str | None) -> OpenFile:
    """Write a source, whole or not at all, over what the caller has seen and nothing else.

    Args:
        home: its home.
        path: in ``clients/``.
        text: whole; line ends and a byte order mark stay as the file has them.
        over: the digest of the file that this text began with; None where there shall be none yet.

    Raises:
        FileChanged: the file is another one by now, or gone.
        FileError: the path is refused or taken, the text is too large, or it cannot be written.

    """
    with alone(home):
        if over is None:
            place, like = new_place(home, path), None
        else:
            place = place_of(home, path)
            check_writable(place)
            now = _found(place)
            if now is None or digest_of(now) != over:
                raise FileChanged(
                    f"{path} was {'deleted' if now is None else 'changed'} meanwhile, in another window or on disk",
                    hint="See what it is now, then take that, overwrite it, or save yours under another name.",
                )
            like = decode(path, now)
        _write(place, encode(path, text, like))
    return read(home, path)


def new(home: Home, path: str, template: str = "client") -> OpenFile:
    """Make a source from one of ``TEMPLATES``.

    Raises:
        FileError: the path is refused or taken, or there is no such template.

    """
    if template not in TEMPLATES:
        raise FileError(f"there is no template {template!r}", hint=f"Templates: {', '.join(TEMPLATES)}")
    place = new_place(home, path)
    text = "" if template == "empty" else _template(template)
    stem = place.file.stem
    return save(home, path, text.replace("my_client", stem).replace("my_strategy", stem), over=None)


def copy(home: Home, path: str, to: str) -> OpenFile:
    """A new source with the content of another file, an example or a deployed version for the most part."""
    return save(home, to, read(home, path).text, over=None)


def rename(home: Home, path: str, to: str) -> OpenFile:
    """Give a source another name or folder. What was deployed under the old name goes on as it is.

    Raises:
        FileError: a path is refused, the file is gone, or the new name is taken.

    """
    with alone(home):
        place = place_of(home, path)
        check_writable(place)
        bytes_of(place)
        only_capitals = path.lower() == to.lower() and path != to
        target = place_of(home, to) if only_capitals else new_place(home, to)
        try:
            if target.file.exists() and not target.file.samefile(place.file):
                raise FileError(f"there is a file {to} already", hint="Choose another name.")
            target.file.parent.mkdir(parents=True, exist_ok=True)
            place.file.rename(target.file)
        except OSError as error:
            raise FileError(f"{path} cannot be renamed: {error.strerror or error}") from error
    return read(home, to)


def upload(home: Home, given: Mapping[str, bytes]) -> list[OpenFile]:
    """Take files from elsewhere, by the paths that they shall have; all of them or none.

    Raises:
        FileError: a path is refused or taken, or a file is too large or no text; nothing was written.

    """
    with alone(home):
        places = [new_place(home, path) for path in given]
        refuse_twins([place.path for place in places])
        texts = [encode(path, decode(path, data).text, None) for path, data in given.items()]
        written: list[Path] = []
        try:
            for place, data in zip(places, texts, strict=True):
                folders = [each for each in place.file.parents if not each.exists()]
                written += reversed(folders)
                _write(place, data)
                written.append(place.file)
            return [read(home, place.path) for place in places]
        except BaseException:
            _take_back(written)
            raise


def replace(home: Home, path: str, data: bytes, *, over: str = "") -> OpenFile:
    """Put another content into a source; ``over`` is the digest of the file that the caller has seen, "" for any.

    Raises:
        FileChanged: it is another one by now.
        FileError: as ``save``, and where the content is no text.

    """
    return save(home, path, decode(path, data).text, over=over or read(home, path).digest)


def download(home: Home, path: str) -> bytes:
    """A file's bytes as they are.

    Raises:
        FileError: the path is refused, or the file is gone or cannot be read.

    """
    return bytes_of(place_of(home, path))


def check_writable(place: Place) -> None:
    """Raise unless a person may change this file.

    Raises:
        FileError: it is an example or a deployed version.

    """
    if not place.writable:
        raise FileError(
            f"{place.path} is not changed: examples and deployed versions stay as they are",
            hint=f"Copy it to {CLIENTS}/ and change that.",
        )


def on_disk(home: Home, path: str) -> Path:
    """Where a file lies, for what runs it.

    Raises:
        FileError: the path is refused.

    """
    return place_of(home, path).file


def _found(place: Place) -> bytes | None:
    try:
        with place.file.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
            if len(data) > MOST_BYTES:
                check_size(place.path, place.file.stat().st_size)
            return data
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise FileError(
            f"{place.path} cannot be read: {error.strerror or error}", hint="See to the file's permissions."
        ) from error


def bytes_of(place: Place) -> bytes:
    """A file's bytes; raises as ``download``."""
    data = _found(place)
    if data is None:
        raise FileError(f"there is no file {place.path}", hint="It may have been renamed or deleted meanwhile.")
    return data


def _write(place: Place, data: bytes) -> None:
    try:
        place.file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place.file, data)
    except OSError as error:
        raise FileError(f"{place.path} cannot be written: {error.strerror or error}") from error
    except ReportError as error:
        raise FileError(error.message, hint=error.hint) from error


def _take_back(written: list[Path]) -> None:
    """Remove files and folders, the latest first, as far as they are there; a folder with anything else in it stays."""
    for each in reversed(written):
        with suppress(OSError):
            each.rmdir() if each.is_dir() else each.unlink()


def _template(name: str) -> str:
    return decode(name, (asset("examples") / "templates" / f"{name}.py").read_bytes()).text
