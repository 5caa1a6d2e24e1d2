"""What a person typed and did not save, and the queries they ran: kept beside their files, so that no reload loses it.

Everything is under ``data/drafts`` in a folder for each person, readable by the owner of the home alone. No file of the
person's own is ever written from here. Too much of it makes the oldest go.
"""

import hashlib
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from quantstrip.clock import Micros, system_clock
from quantstrip.config.files import replace
from quantstrip.home import Home
from quantstrip.log import logger

MOST_DRAFTS: Final = 50
MOST_RUNS: Final = 100
LONGEST: Final = 1_000_000
"""Characters of a text that is kept; a longer one is not."""
_RUNS: Final = "runs.json"
_lock = threading.Lock()
_Kept = TypeVar("_Kept")


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that is not saved.

    Attributes:
        path: the file it is of, or a name that the caller gives it.
        text: as it was typed.
        digest: of the file as it was when typing began; "" for none.
        window: who keeps it: the browser's window, as the caller names it.
        ts: when it was kept.

    """

    path: str
    text: str
    digest: str
    window: str
    ts: Micros


@dataclass(frozen=True, slots=True)
class PastRun:
    """A query that was run or put aside, when, and what came of it."""

    text: str
    ts: Micros
    outcome: str
    failed: bool = False


def keep(home: Home, person: str, path: str, text: str, *, digest: str = "", window: str = "") -> None:
    """Keep a text in the place of the one that the window kept before for that path; one too long is not kept."""
    if len(text) > LONGEST:
        discard(home, person, path, window)
        return
    folder = _folder(home, person)
    draft = Draft(path, text, digest, window, system_clock.now())
    with _lock:
        _write(folder / _name(path, window), asdict(draft))
        files = sorted((each for each in folder.glob("*.json") if each.name != _RUNS), key=_age, reverse=True)
        for old in files[MOST_DRAFTS:]:
            old.unlink(missing_ok=True)


def discard(home: Home, person: str, path: str, window: str = "") -> None:
    """Forget what a window keeps for a path: it is saved, or not wanted."""
    with _lock:
        (_folder(home, person) / _name(path, window)).unlink(missing_ok=True)


def kept(home: Home, person: str) -> list[Draft]:
    """Every text of that person that is kept, the newest first; what cannot be read is left out."""
    files = [each for each in _folder(home, person).glob("*.json") if each.name != _RUNS]
    found = [_read(each, lambda said: Draft(**said)) for each in files]
    return sorted((each for each in found if each is not None), key=lambda draft: -draft.ts)


def remember(home: Home, person: str, text: str, outcome: str, *, failed: bool = False) -> None:
    """Add a run to that person's history, its newest."""
    path = _folder(home, person) / _RUNS
    run = PastRun(text[:LONGEST], system_clock.now(), outcome, failed)
    with _lock:
        runs = [run, *_runs(path)][:MOST_RUNS]
        while len(runs) > 1 and sum(len(each.text) for each in runs) > LONGEST:
            runs.pop()
        _write(path, [asdict(each) for each in runs])


def history(home: Home, person: str) -> list[PastRun]:
    """What that person ran, newest first."""
    return _runs(_folder(home, person) / _RUNS)


def forget_history(home: Home, person: str) -> None:
    """Empty that person's history."""
    with _lock:
        (_folder(home, person) / _RUNS).unlink(missing_ok=True)


def _runs(path: Path) -> list[PastRun]:
    return _read(path, lambda said: [PastRun(**each) for each in said]) or []


def _folder(home: Home, person: str) -> Path:
    return home.drafts / _digest(person)


def _name(path: str, window: str) -> str:
    return f"{_digest(path + window)}.json"


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _age(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _write(path: Path, value: object) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace(path, json.dumps(value).encode(), mode=0o600)
    except OSError as error:  # whoever types goes on: the text is still in the browser
        logger.warning("{} was not kept: {}", path, error)


def _read(path: Path, make: Callable[[Any], _Kept]) -> _Kept | None:
    """What a file holds; None where it is gone, or is none of ours."""
    try:
        return make(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
