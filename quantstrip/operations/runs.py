"""Backtests that are kept: each with everything that decides its result, and the result itself.

``data/runs/RUN/`` holds ``run.json`` (what was pinned, and when), ``result.json`` (the canonical text), ``code/`` (the
strategy with its helper files) and ``curve.npz``. A run is called by the hash of its result, so the same run again is
the same run. Bars lie in ``data/runs/.bars/``, once for all runs on them; of long histories only the hash is kept.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quantstrip.backtest.canonical import canonical, sha256
from quantstrip.bars import BarTable
from quantstrip.clock import Micros, from_text, now_text
from quantstrip.errors import RunError
from quantstrip.home import Home
from quantstrip.operations.runs_bars import keep_bars, pin_of, unused_bars
from quantstrip.operations.runs_packages import packages_of
from quantstrip.strategy.helpers import Helpers

if TYPE_CHECKING:
    from quantstrip.backtest import BacktestResult
    from quantstrip.operations.research import Setup

FORMAT: Final = 1
RUN, RESULT, CODE, CURVE = "run.json", "result.json", "code", "curve.npz"


@dataclass(frozen=True, slots=True, eq=False)
class StoredRun:
    """A kept run.

    Attributes:
        run_id: ``r`` and twelve digits of its result's hash.
        created: when it was first run, microseconds UTC.
        seconds: how long that took.
        file: the strategy's file then.
        git: repository, branch and commit it came from; {} where it came from none.
        pins: what it is run again from.
        run, metrics, equity_final, counts: as of a result, see docs/backtest.md.

    """

    run_id: str
    created: Micros
    seconds: float
    file: str
    git: Mapping[str, str]
    pins: Mapping[str, Any]
    run: Mapping[str, Any]
    metrics: Mapping[str, Any]
    equity_final: float
    counts: Mapping[str, int]


def keep(
    home: Home,
    setup: "Setup",
    result: "BacktestResult",
    *,
    seconds: float = 0.0,
    arguments: Mapping[str, Any] | None = None,
    git: Mapping[str, str] | None = None,
) -> str:
    """Keep a finished run and return its id; one that is kept already is left as it is.

    Args:
        home: where it is kept.
        setup: what was run.
        result: what came of it.
        seconds: how long it took.
        arguments: what was asked, as JSON can say it; bars that are not kept are read again by it.
        git: where the file came from.

    Raises:
        RunError: it cannot be written.

    """
    document = result.to_dict()
    run_id = str(document["run"]["run_id"])
    folder = home.runs / run_id
    if (folder / RUN).is_file():
        return run_id
    pins = _pins(setup, arguments or {})
    kept = {
        "format": FORMAT,
        "run_id": run_id,
        "created": now_text(),
        "seconds": round(seconds, 3),
        "file": str(setup.file.resolve()),
        "git": dict(git or {}),
        "pins": pins,
        "environment": environment(),
        "run": document["run"],
        "metrics": document["metrics"],
        "equity_final": document["equity_final"],
        "counts": {name: len(document[name]) for name in ("fills", "trades", "rejected")},
    }
    try:
        home.runs.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=home.runs))
        try:
            (temporary / RUN).write_bytes(json.dumps(json.loads(canonical(kept)), indent=1).encode())
            (temporary / RESULT).write_bytes(canonical(document))
            np.savez(temporary / CURVE, ts=result.equity.ts, equity=result.equity.value)
            _write_code(setup, temporary / CODE)
            for table in _all_tables(setup):
                keep_bars(home, table)
            if not folder.exists():
                temporary.rename(folder)
            _note_key(home, document["run"]["key"], run_id)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        if not (folder / RUN).is_file():  # another process was faster: the id says that it is the same run
            raise RunError(
                f"the run could not be kept in {home.runs}: {error.strerror or error}",
                hint="Give yourself write access there, make room on the disk, or run with --no-keep.",
            ) from error
    return run_id


def twins(home: Home, stored: StoredRun) -> list[str]:
    """Kept runs of the very same pins that came to something else: then the strategy does not do the same twice.

    The same bars from another place, or under another calendar's name, are another run, but no other outcome.
    """
    try:
        noted = _key_file(home, stored.run["key"]).read_text(encoding="utf-8").split()
    except OSError:
        return []
    there = [_read(home.runs / one / RUN) for one in noted if (home.runs / one / RUN).is_file()]
    return [one.run_id for one in there if _outcome(one) != _outcome(stored)]


def _outcome(one: StoredRun) -> tuple[Any, ...]:
    return one.run["equity_hash"], one.equity_final, dict(one.counts), dict(one.metrics)


def list_runs(home: Home, limit: int | None = None) -> list[StoredRun]:
    """Every kept run, newest first; a folder that cannot be read is left out."""
    found = []
    for path in home.runs.glob(f"r*/{RUN}") if home.runs.is_dir() else ():
        try:
            found.append(_read(path))
        except RunError:
            continue
    found.sort(key=lambda one: (one.created, one.run_id), reverse=True)
    return found[:limit]


def get(home: Home, run_id: str) -> StoredRun:
    """A run by its id, or by the beginning of it that no other has.

    Raises:
        RunError: there is none, there are several, or it cannot be read.

    """
    return _read(find(home, run_id) / RUN)


def find(home: Home, run_id: str) -> Path:
    """The folder of a run; errors as of ``get``."""
    word = run_id.strip().lower()
    names = [path.parent.name for path in home.runs.glob(f"r*/{RUN}")] if home.runs.is_dir() else []
    matching = [name for name in names if word and name.startswith(word)]
    if word in matching:
        matching = [word]
    if len(matching) != 1:
        what = f"{len(matching)} kept runs begin with" if matching else "there is no kept run"
        raise RunError(f"{what} {run_id!r}", hint="See those that are kept: quantstrip runs list")
    return home.runs / matching[0]


def load_result(home: Home, run_id: str) -> dict[str, Any]:
    """The whole result of a kept run, as ``BacktestResult.to_dict`` gave it.

    Raises:
        RunError: as ``get``; or its file is gone or unreadable.

    """
    path = find(home, run_id) / RESULT
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}", hint="Run the backtest once more.") from error
    return found


def delete(home: Home, run_ids: Sequence[str]) -> list[str]:
    """Delete runs, and bars that no other run was on; returns their ids.

    Raises:
        RunError: one of them is not there; then none is deleted.

    """
    folders = [find(home, run_id) for run_id in run_ids]
    for folder in folders:
        shutil.rmtree(folder)
    used = [one.pins for one in list_runs(home)]
    for path in unused_bars(home, used):
        path.unlink(missing_ok=True)
    return [folder.name for folder in folders]


def code_of(home: Home, stored: StoredRun) -> tuple[bytes, Helpers]:
    """The kept text of a run's strategy, and its helpers.

    Raises:
        RunError: a file is gone.

    """
    folder = find(home, stored.run_id) / CODE
    pinned = stored.pins["code"]
    try:
        texts = {name: (folder / name).read_bytes() for name in pinned["files"]}
    except OSError as error:
        raise RunError(
            f"the code of run {stored.run_id} is gone: {error}", hint="Run the backtest once more."
        ) from error
    source = texts.pop(pinned["strategy"])
    return source, Helpers(Path(stored.file).parent, texts)


def _pins(setup: "Setup", arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "code": {
            "strategy": setup.file.name,
            "files": {name: sha256(text) for name, text in _code(setup).items()},
            "hash": setup.code_hash,
        },
        "symbols": list(setup.symbols),
        "parameters": dict(setup.parameters),
        "cash": setup.cash,
        "quantity": setup.quantity,
        "warmup": setup.warmup,
        "virtual_legs": setup.virtual_legs,
        "risk": asdict(setup.profile),
        "costs": asdict(setup.costs),
        "options": asdict(setup.options),
        "bars": [pin_of(table) for table in setup.tables.values()],
        "benchmark": None if setup.benchmark is None else pin_of(setup.benchmark),
        "untrusted": setup.untrusted,
        "packages": packages_of(setup),
        "arguments": dict(arguments),
    }


def _code(setup: "Setup") -> dict[str, bytes]:
    return {**setup.helpers.files, setup.file.name: setup.source}


def _write_code(setup: "Setup", folder: Path) -> None:
    for name, text in _code(setup).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)


def _all_tables(setup: "Setup") -> list[BarTable]:
    return [*setup.tables.values(), *([] if setup.benchmark is None else [setup.benchmark])]


def _key_file(home: Home, key: str) -> Path:
    return home.runs / ".keys" / key


def _note_key(home: Home, key: str, run_id: str) -> None:
    path = _key_file(home, key)
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{run_id}\n")


def environment() -> dict[str, str]:
    """What may make floats differ in their last digit; not part of a run's identity."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in ("numpy", "pandas", "TA-Lib", "numba"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _read(path: Path) -> StoredRun:
    try:
        found = json.loads(path.read_bytes())
        return StoredRun(
            found["run_id"], from_text(found["created"]), found["seconds"], found["file"], found["git"],
            {**found["pins"], "environment": found["environment"]}, found["run"], found["metrics"],
            found["equity_final"], found["counts"],
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{path} cannot be read: {type(error).__name__} {error}", hint="Delete its folder, and run it once more."
        ) from error
