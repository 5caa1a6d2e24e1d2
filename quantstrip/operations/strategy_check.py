"""Is a strategy's file fit to be run by somebody who did not write it? Judged by its text, then tried in a cell."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantstrip import dialects
from quantstrip.errors import QuantstripError, SandboxError, SandboxMissing, StrategyLoadError
from quantstrip.operations.untrusted_cell import ask_cell
from quantstrip.sandbox import Finding, check_source
from quantstrip.strategy import read_source


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
    request = {"file": str(path.absolute()), "source": source.decode(errors="surrogateescape"), "symbols": ["TEST"]}
    try:
        found = ask_cell("check", request)
    except SandboxMissing as error:
        return Checked(str(path), form, (Finding("isolation", 0, 0, error.message),), {})
    except SandboxError as error:
        return Checked(str(path), form, (_refused(path, error, "limits"),), {})
    except StrategyLoadError as error:
        rule = "subclass" if "expected one class" in error.message else "construct"
        return Checked(str(path), form, (_refused(path, error, rule),), {})
    return Checked(str(path), form, (), found)


def _refused(path: Path, error: QuantstripError, rule: str) -> Finding:
    """An error as a finding, at the line that its message names."""
    message, hint = error.message, error.hint
    place, _, rest = message.removeprefix(f"{path.absolute()}").lstrip(", :").partition(": ")
    line = int(place.removeprefix("line ")) if place.startswith("line ") and place[5:].isdigit() else 0
    words = rest if line else message
    advice = f" ({hint.rstrip('.')})" if hint else ""
    return Finding(rule, line, 0, words + advice)
