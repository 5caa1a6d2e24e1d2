"""A file's bytes as the text of an editor, and back: what is no text is refused with the place that is not."""

import hashlib
from dataclasses import dataclass
from typing import Final

from quantstrip.errors import FileError

MOST_BYTES: Final = 512 * 1024
"""Of a file that is opened, saved or uploaded."""
_MARK: Final = b"\xef\xbb\xbf"  # some editors begin a file in UTF-8 with it
_SHOWN: Final = 12  # characters of what cannot be read


@dataclass(frozen=True, slots=True)
class Content:
    r"""A text, and how its file writes it.

    Attributes:
        text: with ``\n`` between lines, whatever the file has.
        newline: what the file has between lines: ``\n`` or ``\r\n``.
        marked: the file begins with a byte order mark.

    """

    text: str
    newline: str = "\n"
    marked: bool = False


def digest_of(data: bytes) -> str:
    """Hash of a file's bytes: 32 hexadecimal digits of SHA-256."""
    return hashlib.sha256(data).hexdigest()[:32]


def decode(path: str, data: bytes) -> Content:
    """The text of a file.

    Raises:
        FileError: it is too large, binary, or not UTF-8, with the line that is not.

    """
    check_size(path, len(data))
    if b"\0" in data:
        raise FileError(f"{path} is no text: it holds zero bytes", hint="Open it with the program that made it.")
    marked = data.startswith(_MARK)
    body = data[len(_MARK) :] if marked else data
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        shown = body[error.start : error.start + _SHOWN].partition(b"\n")[0].decode("latin-1")
        raise FileError(
            f"{path} is not in UTF-8: line {line} has byte 0x{body[error.start]:02x} (at {shown!r})",
            hint="Convert it to UTF-8 with the editor that wrote it; nothing was changed.",
        ) from error
    windows = "\r\n" in text
    return Content(plain_lines(text), "\r\n" if windows else "\n", marked)


def encode(path: str, text: str, like: Content | None = None) -> bytes:
    """The bytes of a text, with the line ends and the mark of the file that it takes the place of.

    Raises:
        FileError: it is too large, or has characters that no file can hold.

    """
    lines = plain_lines(text)
    if like is not None and like.newline != "\n":
        lines = lines.replace("\n", like.newline)
    try:
        data = (_MARK if like is not None and like.marked else b"") + lines.encode("utf-8")
    except UnicodeEncodeError as error:
        line = lines.count("\n", 0, error.start) + 1
        raise FileError(
            f"{path} cannot be saved: line {line} has half a character", hint="Type that line again."
        ) from error
    if "\0" in lines:
        raise FileError(f"{path} cannot be saved: it holds zero characters", hint="Take them out.")
    check_size(path, len(data))
    return data


def plain_lines(text: str) -> str:
    r"""A text with ``\n`` at the end of each line, as editors have it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def check_size(path: str, size: int) -> None:
    """Raise where a file is too large for an editor.

    Raises:
        FileError: it has more than ``MOST_BYTES``.

    """
    if size > MOST_BYTES:
        raise FileError(
            f"{path} has {size:,} bytes, and at most {MOST_BYTES:,} are edited here",
            hint="Keep data in data files, and read them from the code; or edit it with an editor on this machine.",
        )
