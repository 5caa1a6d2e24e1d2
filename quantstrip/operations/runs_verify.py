"""Runs a kept run again from what is pinned, and says what differs: code, data, version, options or result."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from quantstrip import __version__, dialects, overlay
from quantstrip.backtest import Options
from quantstrip.backtest.canonical import canonical, result_hash, sha256
from quantstrip.backtest.canonical import run_id as run_name
from quantstrip.bars import BarTable
from quantstrip.errors import QuantstripError, StrategyLoadError
from quantstrip.home import Home
from quantstrip.matching import CostModel
from quantstrip.operations import research, runs, untrusted_run
from quantstrip.operations.research_request import Request
from quantstrip.operations.runs_bars import described, kept_bars
from quantstrip.operations.runs_packages import changed
from quantstrip.risk import RiskProfile
from quantstrip.strategy import helpers

Kind = Literal["code", "data", "version", "options", "result", "package"]
EXIT_CODES: Final[Mapping[Kind, int]] = {
    "code": 3, "data": 4, "version": 5, "options": 6, "result": 7, "package": 8,
}  # fmt: skip
"""What a command ends with: the first of these that differs."""
_OPTIONS: Final = (
    "parameters", "symbols", "cash", "quantity", "costs", "risk", "options", "warmup", "benchmark", "form",
)  # fmt: skip


class Difference(NamedTuple):
    """Something that is not what the run was pinned to, in a sentence."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of it.

    Attributes:
        equal: it was run again, and the result is the kept one byte for byte.
        differs: what is not what was pinned, in the kept run or where it came from.
        notes: what could not be compared, and what may matter.
        result_hash: of the result that was kept; ``again`` that of the one just made, "" where none was.

    """

    run_id: str
    equal: bool
    differs: tuple[Difference, ...]
    notes: tuple[str, ...]
    result_hash: str
    again: str

    @property
    def exit_code(self) -> int:
        """0 where nothing differs."""
        return min((EXIT_CODES[each.kind] for each in self.differs), default=0)


def verify(home: Home, run_id: str, on_progress: Callable[[float], None] | None = None) -> Verified:
    """Run a kept run again from its own code, parameters and bars, and compare.

    The strategy's file and its bars are compared with what was pinned too, where they are still there: a result that
    is proven need not be that of the file as it is today.

    Raises:
        RunError: there is no such run, or its code is gone.
        StrategyLoadError, StrategyFault, DataError: the pinned strategy cannot be run.

    """
    stored = runs.get(home, run_id)
    kept = runs.load_result(home, stored.run_id)
    source, own = runs.code_of(home, stored)
    overlay.use(home, overlay.client_of(home, stored.file))
    packages = _packages(stored)
    differs = [*_kept_wholly(home, stored, kept), *_code(stored, source, own), *packages]
    try:
        setup, found, notes = _setup(home, stored, source, own)
    except StrategyLoadError as error:
        if not packages:
            raise
        return _verified(stored, kept, differs, [f"it cannot be loaded: {error.message}"], "")
    differs += found
    if setup is None:
        return _verified(stored, kept, differs, notes, "")
    result = setup.run(on_progress=on_progress)
    again = result.to_dict()
    differs += _compared(kept, again)
    return _verified(stored, kept, differs, notes, again["run"]["result_hash"], canonical(again) == canonical(kept))


def _verified(
    stored: runs.StoredRun, kept: Mapping[str, Any], differs: list[Difference], notes: list[str], again: str,
    equal: bool = False,
) -> Verified:  # fmt: skip
    was = stored.pins["environment"]
    now = runs.environment()
    told = stored.pins.get("packages", {})
    notes += [f"{name} was {was.get(name, 'not there')}, is {now[name]}" for name in now
              if was.get(name) != now[name] and name not in told]  # fmt: skip
    return Verified(
        stored.run_id,
        equal,
        tuple(dict.fromkeys(differs)),
        tuple(notes),
        str(kept["run"].get("result_hash", "")),
        again,
    )


def _kept_wholly(home: Home, stored: runs.StoredRun, kept: dict[str, Any]) -> list[Difference]:
    """Whether the kept result is what its name says."""
    text = (runs.find(home, stored.run_id) / runs.RESULT).read_bytes()
    whole = result_hash(kept)
    if text == canonical(kept) and whole == kept["run"].get("result_hash") and stored.run_id == run_name(whole):
        return []
    return [Difference("result", f"the kept result was changed since: its hash is {whole[:12]}")]


def _packages(stored: runs.StoredRun) -> list[Difference]:
    """Packages that the strategy imports, and of which there is another version now."""
    return [
        Difference("package", f"{name} was {was} when it ran, is {now or 'not installed'} now")
        for name, was, now in changed(stored.pins.get("packages", {}))
    ]


def _code(stored: runs.StoredRun, source: bytes, own: helpers.Helpers) -> list[Difference]:
    """The kept text against its hashes, and the file as it is now against the kept text."""
    pinned = stored.pins["code"]
    texts = {pinned["strategy"]: source, **own.files}
    found = [
        Difference("code", f"the kept text of {name} was changed since")
        for name, text in texts.items()
        if sha256(text) != pinned["files"][name]
    ]
    if helpers.code_hash(source, own) != stored.run["code_hash"] and not found:
        found.append(Difference("code", "the kept files are not those that the run was pinned to"))
    folder = Path(stored.file).parent
    for name, text in texts.items():
        try:
            now = (folder / name).read_bytes()
        except OSError:
            continue  # nothing to compare with: the kept text is what counts
        if now != text:
            found.append(Difference("code", f"{folder / name} was edited since the run; the kept text was run"))
    return found


def _setup(
    home: Home, stored: runs.StoredRun, source: bytes, own: helpers.Helpers
) -> tuple[research.Setup | None, list[Difference], list[str]]:
    """What is run again; None where its bars are not to be had."""
    pins, file = stored.pins, Path(stored.file)
    now, benchmark_now, notes = _bars_now(home, file, source, own, pins)
    differs: list[Difference] = []
    tables = [_chosen(home, pin, now.get(pin["symbol"]), differs) for pin in pins["bars"]]
    pin = pins["benchmark"]
    benchmark = None if pin is None else _chosen(home, pin, benchmark_now, differs)
    there = [table for table in tables if table is not None]
    if len(there) < len(tables) or (pin is not None and benchmark is None):
        return None, differs, notes
    if pins.get("untrusted", False):
        form = untrusted_run.look(file, source, pins["symbols"], pins["parameters"]).form
    else:
        helpers.use(own)
        form = dialects.load(file, symbols=pins["symbols"], parameters=pins["parameters"], source=source).form
    return research.Setup(
        file, source, form, tuple(pins["symbols"]),
        {table.symbol: table for table in there}, pins["parameters"], pins["cash"],
        RiskProfile(**pins["risk"]), CostModel(**pins["costs"]), pins["quantity"], pins["warmup"],
        pins["virtual_legs"], own, Options(**pins["options"]), benchmark, pins.get("untrusted", False),
    ), differs, notes  # fmt: skip


def _chosen(home: Home, pin: Mapping[str, Any], now: BarTable | None, differs: list[Difference]) -> BarTable | None:
    """The bars of a pin: those that were kept, else those that are there now, if they are the same."""
    symbol = pin["symbol"]
    if now is not None and now.digest() != pin["digest"]:
        text = f"the bars of {symbol} in {now.path or now.source} are not those of the run any more"
        differs.append(Difference("data", text))
        now = None
    found = kept_bars(home, pin) or (None if now is None else described(now, pin))
    if found is None:
        differs.append(Difference("data", f"the bars of {symbol} that the run was on are not to be had any more"))
    return found


def _bars_now(
    home: Home, file: Path, source: bytes, own: helpers.Helpers, pins: Mapping[str, Any]
) -> tuple[Mapping[str, BarTable], BarTable | None, list[str]]:
    """The bars as they are where the run took them from, its benchmark's, and why there are none."""
    asked = pins["arguments"]
    if not asked:
        return {}, None, ["where the bars came from is not known: they were not looked at"]
    try:
        request = Request.of(file, {**asked, "symbols": pins["symbols"], "parameters": pins["parameters"]})
        tables, benchmark = research.read_again(home, request, source, own)
    except (QuantstripError, OSError) as error:
        why = str(error).splitlines()[0]
        return {}, None, [f"where the bars came from, they are not to be had as they were: {why}"]
    return tables, benchmark, []


def _compared(kept: Mapping[str, Any], again: Mapping[str, Any]) -> list[Difference]:
    """What of the two results is not the same, by its cause."""
    was, now = kept["run"], again["run"]
    found = []
    if was["code_hash"] != now["code_hash"]:
        found.append(Difference("code", f"the run was of {was['code_hash'][:12]}, this one of {now['code_hash'][:12]}"))
    if was["data_hash"] != now["data_hash"]:
        found.append(Difference("data", f"the run was on {was['data_hash'][:12]}, this one on {now['data_hash'][:12]}"))
    if was["engine_version"] != __version__:
        found.append(Difference("version", f"the run was made by {was['engine_version']}, this is {__version__}"))
    plain = json.loads(canonical(now))
    found += [
        Difference("options", f"{name} was {was.get(name)}, is {plain.get(name)}")
        for name in _OPTIONS
        if was.get(name) != plain.get(name)
    ]
    told = {"key", "run_id", "result_hash", "equity_hash", "code_hash", "data_hash", "engine_version", *_OPTIONS}
    parts = [f"run.{name}" for name in {**was, **plain} if name not in told and was.get(name) != plain.get(name)]
    figures = json.loads(canonical({name: value for name, value in again.items() if name != "run"}))
    parts += [name for name, value in figures.items() if kept.get(name) != value]
    if was["equity_hash"] != now["equity_hash"]:
        parts.append("equity")
    if parts:
        found.append(Difference("result", f"not the same: {', '.join(parts)}"))
    return found
