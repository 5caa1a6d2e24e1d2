"""Compiles the kernel's functions with numba where that is installed; the machine code is kept between processes."""

import hashlib
import os
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any, Final, TypeVar

from quantstrip import home
from quantstrip.matching import rules

F = TypeVar("F", bound=Callable[..., Any])
_SOURCES: Final = (
    Path(rules.__file__),
    *(Path(__file__).with_name(f"{name}.py") for name in ("compiled", "kernel", "kernel_parts")),
)


def _numba() -> Any:
    try:
        return import_module("numba")
    except ImportError:  # the extra "research" is not installed
        return None


numba: Final = _numba()
AVAILABLE: Final = numba is not None
"""Is numba there? Without it the same functions run as plain Python: the same results, a hundred times slower."""


def jit(function: F) -> F:
    """``function``, compiled without the interpreter's lock; as it is where numba is missing."""
    if numba is None:
        return function
    before = numba.config.CACHE_DIR
    folder = _folder()
    numba.config.CACHE_DIR = folder
    try:
        compiled: F = numba.njit(cache=bool(folder), nogil=True, error_model="numpy")(function)
    finally:
        numba.config.CACHE_DIR = before
    return compiled


def bound(function: F, names: Mapping[str, Any]) -> F:
    """``function`` compiled with some of its module's names standing for compiled ones."""
    if numba is None:
        return function
    assert isinstance(function, FunctionType)  # noqa: S101 - the matching rules are
    again = FunctionType(function.__code__, {**function.__globals__, **names}, function.__name__, function.__defaults__)
    again.__module__, again.__qualname__ = function.__module__, function.__qualname__
    return jit(again)  # type: ignore[return-value]


def _folder() -> str:
    """Where the machine code of exactly these sources is kept; "" where nothing can be.

    numba looks at the file of each function alone: a change of a rule would leave what has been built from it.
    """
    version = hashlib.sha256(b"".join(path.read_bytes() for path in _SOURCES)).hexdigest()[:12]
    for base in (Path(__file__).parent / "__pycache__", home.user_cache()):
        folder = base / f"numba-{version}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return str(folder)
    return ""
