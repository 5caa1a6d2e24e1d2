"""Running a coroutine from a test, whatever else the process has at work."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Found = TypeVar("Found")


def run(asked: Coroutine[Any, Any, Found]) -> Found:
    """What ``asked`` returns, from a thread of its own: the main one may have a browser's loop running."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, asked).result()
