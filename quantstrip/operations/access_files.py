"""What a file says, read again only when the file changed: asked at every request, it costs a look at the disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Fresh(Generic[Value]):
    """The value of a file; ``read`` raises what is wrong with it, each time it is asked for."""

    def __init__(self, path: Path, read: Callable[[], Value]) -> None:
        self._path, self._read = path, read
        self._kept: tuple[tuple[int, int] | None, Value] | None = None

    def __call__(self) -> Value:
        seen = self._stamp()
        if self._kept is not None and self._kept[0] == seen:
            return self._kept[1]
        value = self._read()
        self._kept = (self._stamp(), value)  # reading may have made the file
        return value

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_ctime_ns, found.st_ino
