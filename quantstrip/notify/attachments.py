"""Files of a message, read when it is written: a report that changes later is sent as it was."""

import mimetypes
from collections.abc import Sequence
from pathlib import Path

from quantstrip.errors import MessageInvalid
from quantstrip.notify.addresses import header
from quantstrip.ports import Attachment

_MEGABYTE = 1_000_000
File = str | Path | Attachment | tuple[str, bytes]


def read(files: Sequence[File], most_megabytes: float) -> list[Attachment]:
    """The files, whole: paths, or names with content.

    Raises:
        MessageInvalid: one cannot be read, or together they are larger than ``most_megabytes`` (1,000,000 bytes each).

    """
    if isinstance(files, str | Path):
        raise MessageInvalid(f"attachments are a list of files, got {files!r}", hint=f"Write [{str(files)!r}].")
    left = round(most_megabytes * _MEGABYTE)
    found = []
    for file in files:
        attachment = _read(file, left)
        left -= len(attachment.content)
        if left < 0:
            raise _too_large(most_megabytes)
        found.append(attachment)
    return found


def _read(file: File, most: int) -> Attachment:
    if isinstance(file, Attachment):
        return file
    if isinstance(file, tuple):
        name, content = file
        return Attachment(header("an attachment's name", name), _type_of(name), bytes(content))
    path = Path(file)
    try:
        with path.open("rb") as opened:
            content = opened.read(most + 1)  # one byte too many says that it is too large, however large it is
    except OSError as error:
        raise MessageInvalid(f"the attachment {path} cannot be read: {error.strerror or error}") from error
    return Attachment(header("an attachment's name", path.name), _type_of(path.name), content)


def _type_of(name: str) -> str:
    kind, encoding = mimetypes.guess_type(name)
    return kind if kind and not encoding else "application/octet-stream"


def _too_large(most_megabytes: float) -> MessageInvalid:
    return MessageInvalid(
        f"the attachments of one message may hold {most_megabytes:g} MB together, these hold more",
        hint="Send a smaller file, or raise the setting notify.attachment_megabytes (mail servers rarely take 25 MB).",
    )
