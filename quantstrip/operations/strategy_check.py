"""Is a strategy's file fit to be run by somebody who did not write it? Judged by its text, then tried in a cell."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from quantstrip import dialects
from quantstrip.errors import SandboxError, SandboxMissing, StrategyLoadError
from quantstrip.sandbox import Finding, Limits, ask, check_source
from quantstrip.strategy import read_source

CHILD: Final = "quantstrip.operations.untrusted_child"
_LIMITS: Final = Limits(seconds=20.0, memory=1_500, answer=1)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    Attributes:
        form: the strategy form, "" where the text is not Python.
        findings: what is not allowed, by line; empty where the file passes.
        strategy: name, timeframe, symbols and parameters, as it was constructed in the cell; {} where it was not.

    """

    file: str
    form: str
    findings: tuple[Finding, ...]
    strategy: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Nothing was found."""
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "file": self.file,
            "form": self.form,
            "passed": self.passed,
            "findings": [each._asdict() for each in self.findings],
            "strategy": self.strategy,
        }


def check(file: str | Path) -> Checked:
    """Check a strategy's file: imports, calls and attributes by its syntax tree, then loading and constructing it.

    Nothing of it runs outside a cell (see ``quantstrip.sandbox``). Where this machine has none, that is a finding.

    Raises:
        StrategyLoadError: the file cannot be read.

    """
    path = Path(file)
    source = read_source(path)
    try:
        written = dialects.recognise(path, source)
    except StrategyLoadError:
        written = None  # the check of the text says where
    form = written.name if written else ""
    findings = check_source(source, look_ahead=written is not None and written.whole_history)
    if findings:
        return Checked(str(path), form, tuple(findings), {})
    request = {"file": str(path), "source": source.decode(errors="surrogateescape"), "symbols": ["TEST"]}
    try:
        found = ask(CHILD, request, limits=_LIMITS)
    except SandboxMissing as error:
        return Checked(str(path), form, (Finding("isolation", 0, 0, error.message),), {})
    except SandboxError as error:
        return Checked(str(path), form, (Finding("limits", 0, 0, error.message),), {})
    if "error" in found:
        return Checked(str(path), form, (_refused(path, str(found["error"]), str(found.get("hint") or "")),), {})
    return Checked(str(path), form, (), found)


def _refused(path: Path, message: str, hint: str) -> Finding:
    """An error of loading, by the rule that it breaks and the line that its message names."""
    place, _, rest = message.removeprefix(f"{path}").lstrip(", :").partition(": ")
    line = int(place.removeprefix("line ")) if place.startswith("line ") and place[5:].isdigit() else 0
    words = rest if line else message
    advice = f" ({hint.rstrip('.')})" if hint else ""
    return Finding("subclass" if "expected one class" in message else "construct", line, 0, words + advice)
