"""One change to a home's sources at a time: between looking at a file and replacing it, nobody else of ours may."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from quantstrip.errors import FileError
from quantstrip.home import Home, private_folder
from quantstrip.locks import unlock, wait_for_lock

_PATIENCE: Final = 5.0  # seconds; a change takes milliseconds


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Hold the lock of the home's sources.

    Raises:
        FileError: somebody else holds it for too long, or the home cannot be written.

    """
    try:
        private_folder(home.locks)
        descriptor = os.open(home.locks / "files.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FileError(
            f"the home {home.root} cannot be written: {error.strerror or error}",
            hint="Give yourself write access to it, and see that the disk has room.",
        ) from error
    try:
        if not wait_for_lock(descriptor, _PATIENCE):
            raise FileError("another program is changing files of this home", hint="Try again in a moment.")
        try:
            yield
        finally:
            unlock(descriptor)
    finally:
        os.close(descriptor)
