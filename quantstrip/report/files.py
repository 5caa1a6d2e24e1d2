"""Writing a finished file, whole or not at all, and what such a file can hold."""

import errno
import os
import secrets
import shutil
from pathlib import Path
from typing import Final

from quantstrip.errors import ReportError

MOST_ROWS: Final = 1_048_575
"""Rows that a sheet holds below its heading."""
_LOCKS: Final = (".~lock.{}#", "~${}")  # LibreOffice, Excel
_FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})


def write_whole(path: Path, data: bytes) -> Path:
    """Write ``path`` so that whoever reads it has the old content or the new, never a part; returns the full path.

    Raises:
        ReportError: the folder is missing or not writable, the disk is full, or another program holds the file. The
            old file is untouched.

    """
    target = path.resolve()
    check_closed(target)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        if target.is_dir():
            raise IsADirectoryError("is a folder")
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, temporary)  # whoever may not read the old one may not read the new one either
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ReportError(
            f"{target} could not be written: {error.strerror or error}", hint=_hint(target, error)
        ) from error
    return target


def check_closed(target: Path) -> None:
    """Raise when an office program has the file open: it would write its own state over ours later.

    Raises:
        ReportError: the program's lock file lies beside it.

    """
    for pattern in _LOCKS:
        lock = target.with_name(pattern.format(target.name))
        if lock.exists():
            raise ReportError(
                f"{target} is open in another program: {lock.name} lies beside it",
                hint="Close it there and try again, or choose another name. If nothing has it open, delete that file.",
            )


def _hint(target: Path, error: OSError) -> str:
    if isinstance(error, IsADirectoryError):
        return f"Name a file, such as {target / 'report'}{target.suffix or '.html'}"
    if isinstance(error, FileNotFoundError):
        return f"Make the folder first: {target.parent}"
    if error.errno in _FULL:
        return "Make room on the disk, or choose a place on another one."
    if target.exists() and os.access(target.parent, os.W_OK):
        return "It may be open in another program, such as Excel: close it there and try again, or choose another name."
    return "Choose a place that you can write to."
