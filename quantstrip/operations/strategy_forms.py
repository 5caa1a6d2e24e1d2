"""Strategies that can be backtested, and what their parameters may be.

A strategy's file is code: it is loaded in a child process, never in the one that asks.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from quantstrip.errors import ClientLoadError, ConfigError, StrategyLoadError
from quantstrip.feeds.sources import DOWNLOAD
from quantstrip.home import Home, asset
from quantstrip.operations.data_sources import bar_sources

_SECONDS: Final = 30.0
_MOST_FILES: Final = 500
_FIRST: Final = ("ma_cross.py", "rsi_reversion.py")


@dataclass(frozen=True, slots=True)
class StrategyFile:
    """A file that holds a strategy; ``label`` names it briefly: its folder and its name."""

    path: str
    label: str
    summary: str


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter, as a form asks for it.

    Attributes:
        kind: whole, number, truth, text, list, or "" where the strategy does not tell.
        low, high: bounds, both included; None is no bound.
        choices: the only values there are; empty for any.
        setting: one that every script has, beside those it declares itself.

    """

    name: str
    kind: str
    default: Any
    low: float | None
    high: float | None
    choices: tuple[Any, ...]
    help: str
    setting: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """A strategy as it describes itself, and what its way of writing takes where a run says nothing.

    Attributes:
        timeframe: "" where its class names none.
        form: what people call the way it is written.
        cash: money; ``slippage_bps`` 1/100 %.
        risk: name of the profile.
        fee: in words.

    """

    name: str
    summary: str
    symbols: tuple[str, ...]
    timeframe: str
    fields: tuple[Field, ...]
    form: str
    cash: float
    risk: str
    fee: str
    slippage_bps: float


def files(home: Home, also: str = "") -> list[StrategyFile]:
    """Files of clients and examples, the home's and those that ship, that hold a strategy; read, never run.

    Args:
        also: a file elsewhere that is wanted too, where it is there.

    """
    found: dict[str, StrategyFile] = {}
    for folder in (home.clients, home.root / "examples", asset("examples")):
        paths = sorted(folder.rglob("*.py"), key=_place)[:_MOST_FILES] if folder.is_dir() else []
        for path in paths:
            if "__pycache__" in path.parts or str(path.resolve()) in found:
                continue
            summary = _summary(path, path.stat().st_mtime_ns)
            if summary is not None:
                label = f"{folder.name}/{path.relative_to(folder).as_posix()}"
                found[str(path.resolve())] = StrategyFile(str(path.resolve()), label, summary)
    if also and also not in found and Path(also).is_file():
        found[also] = StrategyFile(also, also, "")
    return list(found.values())


def limits_file(home: Home, text: str) -> str:
    """The full path of a file of risk limits, which may be written from the home's root.

    Raises:
        ConfigError: there is none, or what it says are no limits.

    """
    from quantstrip.backtest import risk_profile

    if not text.strip():
        raise ConfigError("the file of risk limits is not named", hint="For example settings/limits.toml.")
    path = home.root / Path(text.strip()).expanduser()
    risk_profile(path)
    return str(path.resolve())


def _place(path: Path) -> tuple[bool, Path]:
    """Sort key: the strategies that the guide begins with come first."""
    return path.name not in _FIRST, path


def form(home: Home, file: str | Path, *, untrusted: bool = False) -> Form:
    """What the strategy of a file asks for.

    Args:
        untrusted: the file is somebody else's: it is judged by its text, and loaded in a cell.

    Raises:
        StrategyLoadError: the file holds no usable strategy, or takes too long to load.

    """
    path = Path(file)
    try:
        about = path.stat()
    except OSError as error:
        raise StrategyLoadError(f"{path}: cannot be read: {error.strerror}", hint="Choose another file.") from error
    return _form(home, path, (about.st_mtime_ns, about.st_size), untrusted)


def check(
    home: Home,
    file: str | Path,
    parameters: Mapping[str, Any],
    symbols: Sequence[str] | None = None,
    *,
    untrusted: bool = False,
) -> Mapping[str, Any]:
    """The values that the strategy would run with.

    Raises:
        StrategyLoadError: it refuses them, or cannot be loaded.

    """
    values: Mapping[str, Any] = _ask(home, Path(file), symbols, parameters, untrusted)["values"]
    return values


@dataclass(frozen=True, slots=True)
class Offered:
    """What a place of bars has.

    Attributes:
        symbols: those with bars there.
        free: may others be named too, because feeds are asked for them, or they are invented?

    """

    symbols: tuple[str, ...]
    free: bool


def offered(home: Home, bars: str | None = None) -> Offered:
    """Symbols that have bars; ``bars`` as of ``research.backtest``.

    Raises:
        DataError: there is no such folder.

    """
    places = bar_sources(home, bars)
    feeds = places.given is None and places.download is not None and DOWNLOAD in places.order
    return Offered(tuple(places.symbols()), feeds or places.seed is not None)


@lru_cache(maxsize=1024)
def _summary(path: Path, changed: int) -> str | None:  # noqa: ARG001 - a file that changed is another one
    """What a file says of its strategy; None where it holds none, or is half-written, which its editor tells."""
    from quantstrip.client.describe import describe

    try:
        about = describe(path)
    except ClientLoadError:
        return None
    return about.summary if about.kind == "strategy" else None


@lru_cache(maxsize=32)
def _form(home: Home, path: Path, changed: tuple[int, int], untrusted: bool) -> Form:  # noqa: ARG001 - a file that changed is another one
    found = _ask(home, path, None, {}, untrusted)
    try:
        return Form(
            str(found["name"]), str(found["summary"]), tuple(map(str, found["symbols"])), str(found["timeframe"]),
            tuple(Field(**{**each, "choices": tuple(each["choices"])}) for each in found["parameters"]),
            str(found["form"]), float(found["cash"]), str(found["risk"]), str(found["fee"]),
            float(found["slippage_bps"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:  # from a cell may come anything
        raise StrategyLoadError(
            f"{path}: what it says of itself is no form: {type(error).__name__}: {error}",
            hint="Read it before you run it.",
        ) from error


def _ask(
    home: Home, path: Path, wanted: Sequence[str] | None, parameters: Mapping[str, Any], untrusted: bool
) -> dict[str, Any]:
    """Have a child load the file."""
    request = {"home": str(home.root), "file": str(path), "parent": os.getpid(), "untrusted": untrusted,
               "symbols": list(wanted) if wanted else None, "parameters": dict(parameters)}  # fmt: skip
    command = [sys.executable, "-P", "-m", "quantstrip.operations.strategy_child"]
    try:
        ran = subprocess.run(
            command, input=json.dumps(request), capture_output=True, text=True, timeout=_SECONDS, check=False,
            cwd=home.root if home.root.is_dir() else None,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise StrategyLoadError(
            f"{path}: is not loaded within {_SECONDS:g} s", hint="Do no work in its first lines or in __init__."
        ) from None
    try:
        found: dict[str, Any] = json.loads(ran.stdout)
    except ValueError:
        last = ran.stderr.strip().splitlines()[-1:] or [f"exit code {ran.returncode}"]
        raise StrategyLoadError(
            f"{path}: its process ended while it was loaded: {last[0]}", hint="Correct the file and load it again."
        ) from None
    if "error" in found:
        raise StrategyLoadError(found["error"], hint=found["hint"])
    return found
