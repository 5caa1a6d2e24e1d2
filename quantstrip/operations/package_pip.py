"""pip, in a process of its own: what it says is passed on line by line, and what it means is told in words.

It asks the index that is configured for it (``PIP_INDEX_URL``, its configuration file), and nothing else.
"""

import os
import re
import selectors
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from quantstrip.clock import system_clock
from quantstrip.errors import PackageConflict, PackageError, PackageMissing
from quantstrip.redaction import scrub

_BOOT: Final = """
import runpy, sys
from quantstrip.supervise.tether import tether
tether(int(sys.argv.pop(1)), 9)
sys.path.extend(path for path in [sys.argv.pop(1)] if path)
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
"""pip ends with whom it works for. The overlay comes last for it too: a package of that name must not become pip."""
_ALWAYS: Final = (
    "--no-input", "--disable-pip-version-check", "--no-color", "--retries", "1", "--timeout", "15",
)  # fmt: skip
_LOOK_SECONDS: Final = 0.2
_LAST_SECONDS: Final = 3.0
_UNREACHABLE = re.compile(
    r"connection broken by|Failed to establish|Name or service not known|getaddrinfo|Temporary failure in name|"
    r"Connection refused|ConnectTimeout|timed out|SSLError|ProxyError|Max retries",
    re.IGNORECASE,
)
_WANTS = re.compile(r"^ {4}(\S+) (\S+) depends on (.+)$", re.MULTILINE)
_FIXED = re.compile(r"^ {4}The user requested \(constraint\) (\S+?)==(\S+)$", re.MULTILINE)
_REQUESTED = re.compile(r"^ {4}The user requested (?!\()(.+)$", re.MULTILINE)
_NOT_FOUND = re.compile(r"No matching distribution found for (.+)")
_VERSIONS = re.compile(r"satisfies the requirement (\S+).*\(from versions: (.*)\)")
_ALL_VERSIONS = re.compile(r"^Available versions: (.+)$", re.MULTILINE)
_MOST_KEPT: Final = 400
_ASK_SECONDS: Final = 60.0
Heard = Callable[[str], None]
"""Takes each line that pip says; what it raises ends pip."""


@dataclass(frozen=True, slots=True)
class Said:
    """What pip said, and whether it did what it was asked."""

    done: bool
    text: str


def pip(arguments: Sequence[str], heard: Heard, *, overlay: Path | None = None, seconds: float | None = None) -> Said:
    """Run pip to its end.

    Args:
        arguments: its command and options.
        heard: called with each line, and with "" while it says nothing.
        overlay: a folder whose packages it sees, after the platform's own.
        seconds: it is ended then; None for as long as it takes.

    Raises:
        PackageError: it takes too long.

    """
    command, *rest = arguments
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _BOOT, str(os.getpid()), str(overlay or ""), command, *_ALWAYS, *rest],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=_environment(),
    )  # fmt: skip
    deadline = None if seconds is None else system_clock.monotonic() + seconds
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    lines: list[str] = []
    try:
        for line in _lines(process.stdout):
            if line:
                lines.append(line)
                del lines[:-_MOST_KEPT]
            heard(line)
            if deadline is not None and system_clock.monotonic() > deadline:
                raise PackageError(
                    f"the package index did not answer within {seconds:g} s",
                    hint="Look whether this machine is online, and try again.",
                )
        return Said(process.wait() == 0, "\n".join(lines))
    finally:
        _end(process)


def failed(said: Said, asked: str, *, source: bool) -> PackageError:
    """The error that tells, in words, why pip did not do it; where that is not clear the index is asked once more."""
    text = said.text
    if wants := _WANTS.findall(text):
        return _conflict(wants, text)
    if _UNREACHABLE.search(text):
        return unreachable()
    if missing := _NOT_FOUND.search(text):
        known = _VERSIONS.search(text)
        usable = known[2] if known and known[2] != "none" else ""
        return _not_found(missing[1], asked, usable, source=source)
    last = next((line for line in reversed(text.splitlines()) if line.startswith("ERROR:")), "") or text[-300:]
    return PackageError(
        f"{asked} could not be installed: {last.removeprefix('ERROR:').strip() or 'pip ended without a word'}",
        hint="What pip printed says more.",
    )


def versions(name: str, seconds: float, heard: Heard = lambda _: None) -> tuple[str, ...]:
    """Versions on the index, newest first, as wheel or as source; none where there is no such package.

    Raises:
        PackageError: the index cannot be reached.

    """
    said = pip(["index", "versions", name], heard, seconds=seconds)
    if not said.done and _UNREACHABLE.search(said.text):
        raise unreachable()
    found = _ALL_VERSIONS.search(said.text)
    return tuple(each.strip() for each in found[1].split(",")) if said.done and found else ()


def unreachable() -> PackageError:
    """Nobody answered."""
    return PackageError(
        "the package index cannot be reached",
        hint="Look whether this machine is online. Another index is set with PIP_INDEX_URL, or in pip's configuration.",
    )


def _not_found(wanted: str, asked: str, usable: str, *, source: bool) -> PackageError:
    """What is missing: a version, a wheel, or the package itself."""
    name = re.split(r"[\s<>=!~;\[(]", wanted, maxsplit=1)[0]
    for_whom = "" if asked.lower().startswith(name.lower()) else f" ({asked} needs it)"
    if usable:
        return PackageError(
            f"the index has no {wanted} for this Python{for_whom}; it has {name} {usable}",
            hint="Ask for one of these versions, or for another one of what needs it.",
        )
    there = () if source else versions(name, _ASK_SECONDS)
    if there:
        return PackageMissing(
            f"the index has {name} {there[0]}, but no wheel for this Python and machine{for_whom}",
            hint="It can be built here from its source. That runs code of the package, so it is done only when asked.",
        )
    return PackageError(
        f"the index has no package {name}{for_whom}", hint="Check the spelling: names are exact, not searched for."
    )


def _conflict(wants: Sequence[tuple[str, str, str]], text: str) -> PackageConflict:
    """Who wants what, what there is, and what to do."""
    fixed = dict(_FIXED.findall(text))
    said, others = [], []
    for name, version, wanted in dict.fromkeys(wants):
        said.append(f"{name} {version} wants {wanted}")
        others.append(name)
    said += [f"the platform has {name} {version}, and its own packages stay as they are"
             for name, version in fixed.items()]  # fmt: skip
    said += [f"you asked for {each}" for each in dict.fromkeys(_REQUESTED.findall(text))]
    if fixed:
        platforms = ", ".join(f"{name} {version}" for name, version in fixed.items())
        hint = f"Ask for another version of {others[0]}, one that goes with {platforms}."
    else:
        hint = "Ask for another version of one of them, or remove the one that you need less."
    return PackageConflict(f"these do not go together: {'; '.join(said)}", hint=hint)


def _environment() -> dict[str, str]:
    """Ours, without what would send pip elsewhere than into the folder it is told."""
    dropped = {"PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_ROOT", "PIP_REQUIREMENT", "PIP_CONSTRAINT", "PYTHONPATH"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | {"PYTHONUNBUFFERED": "1", "PIP_ROOT_USER_ACTION": "ignore", "PYTHONIOENCODING": "utf-8"}


def _lines(pipe: IO[bytes]) -> Iterator[str]:
    """Each line as it comes, secrets hidden (an index may be asked with a password); "" while none does."""
    begun = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            if not selector.select(_LOOK_SECONDS):
                yield ""
                continue
            came = os.read(pipe.fileno(), 65536)
            *whole, begun = (begun + came).split(b"\n")
            if not came and begun:
                whole, begun = [begun], b""
            for line in whole:
                yield scrub(line.decode("utf-8", "replace").rstrip("\r"))
            if not came:
                return


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.stdout is not None:
        process.stdout.close()
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LAST_SECONDS)
        process.kill()
        process.wait()
