"""The one text of a result: what is equal is equal byte for byte, and has one SHA-256."""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from quantstrip.backtest.result import Equity


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, without spaces, each float as its shortest text, in UTF-8.

    Raises:
        ValueError: a number is NaN or infinite.

    """
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
    )  # fmt: skip
    return text.encode()


def sha256(data: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def equity_hash(equity: "Equity") -> str:
    """SHA-256 over the moments and values of a curve."""
    parts = (np.ascontiguousarray(equity.ts, dtype="<i8"), np.ascontiguousarray(equity.value, dtype="<f8"))
    return sha256(b"".join(part.tobytes() for part in parts))


def result_hash(document: Mapping[str, Any]) -> str:
    """SHA-256 of a result's canonical text, but for the hash itself and the name made of it."""
    run = {name: value for name, value in document["run"].items() if name not in ("result_hash", "run_id")}
    return sha256(canonical({**document, "run": run}))


def run_id(hashed: str) -> str:
    """What a run is called: ``r`` and twelve digits of its result's hash, so that the same run is the same run."""
    return f"r{hashed[:12]}"


def _plain(value: Any) -> Any:
    """Numbers and arrays of numpy as Python's own; anything else as its text."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else str(value)
