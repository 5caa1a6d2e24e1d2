"""Asks a process that confines itself, and believes nothing but data from it, within limits."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any, Final

from quantstrip.errors import SandboxError
from quantstrip.sandbox.confine import Limits, available, missing

_CHUNK: Final = 1 << 16
_STARTING: Final = 20.0
"""Seconds on the clock that importing libraries may take, before the code's own."""
_LOOK: Final = 0.1
_PROGRESS: Final = "progress "
_WORDS: Final = 20_000
"""Bytes kept of what the code prints."""


def ask(
    module: str,
    request: Mapping[str, Any],
    data: bytes = b"",
    limits: Limits | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Run ``python -m MODULE`` with a request, in an empty environment; returns the JSON object that it answers.

    The process gets one line of JSON on its standard input, then ``data``. It must confine itself before it looks at
    either as code. Before its answer it may write any number of ``progress_line``.

    Args:
        module: ours, and trusted.
        request: what is asked.
        data: what comes with it, such as bars.
        limits: of processor time, memory and the answer.
        on_progress: called again and again with the share that the process said last, by ``progress_line``; what it
            raises ends the process.

    Raises:
        SandboxMissing: this machine cannot hold untrusted code.
        SandboxError: the process took too much, died, or said what is no JSON object.

    """
    if not available():
        raise missing("its system calls are not known here")
    given = limits or Limits()
    command = [sys.executable, "-I", "-m", module]
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC", "OMP_NUM_THREADS": "1",
                   "OPENBLAS_NUM_THREADS": "1"}  # fmt: skip
    line = json.dumps({**request, "parent": os.getpid(), "seconds": given.seconds, "memory": given.memory})
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/", env=environment,
        close_fds=True, start_new_session=True,
    )  # fmt: skip
    with process:
        try:
            said, printed = _converse(process, line.encode() + b"\n" + data, given, on_progress or _deaf)
        finally:
            if process.poll() is None:
                process.kill()
    return _answer(process.returncode, said, printed, given)


def _converse(
    process: "subprocess.Popen[bytes]", question: bytes, limits: Limits, tell: Callable[[float], None]
) -> tuple[bytes, bytes]:
    """Say the question and hear the answer and what is printed, all at once and each within its bound."""
    assert process.stdin is not None  # noqa: S101 - all three are pipes
    assert process.stdout is not None  # noqa: S101
    assert process.stderr is not None  # noqa: S101
    heard: dict[IO[bytes], bytearray] = {process.stdout: bytearray(), process.stderr: bytearray()}
    most = {process.stdout: limits.answer * 1_000_000, process.stderr: _WORDS}
    deadline = time.monotonic() + 2 * limits.seconds + _STARTING
    rest, share = memoryview(question), 0.0
    with selectors.DefaultSelector() as waiting:
        os.set_blocking(process.stdin.fileno(), False)
        waiting.register(process.stdin, selectors.EVENT_WRITE)
        for each in heard:
            waiting.register(each, selectors.EVENT_READ)
        while waiting.get_map():
            tell(share)
            if time.monotonic() > deadline:
                raise SandboxError(
                    f"the code did not end within {2 * limits.seconds:g} s", hint="Look for a loop that has no end."
                )
            for key, _ in waiting.select(_LOOK):
                stream: Any = key.fileobj
                if stream is process.stdin:
                    rest = _say(process.stdin, rest)
                    if not rest:
                        waiting.unregister(stream)
                        stream.close()
                    continue
                chunk = os.read(stream.fileno(), _CHUNK)
                if not chunk:
                    waiting.unregister(stream)
                elif len(heard[stream]) < most[stream]:
                    heard[stream] += chunk
                    if stream is process.stdout:
                        share = max(share, _progress(heard[stream]))
                elif stream is process.stdout:
                    raise SandboxError(f"the code answered more than {limits.answer} MB", hint="Ask for less.")
    process.wait(timeout=_STARTING)
    return bytes(heard[process.stdout]), bytes(heard[process.stderr])


def progress_line(share: float) -> str:
    """What a process writes to say how far it is, from 0 to 1."""
    return f"{_PROGRESS}{share:.4f}\n"


def _progress(heard: bytearray) -> float:
    """The last share that was said, taken out of what was heard with those before it; 0 where there is none."""
    share = 0.0
    while heard.startswith(_PROGRESS.encode()) and (end := heard.find(b"\n")) >= 0:
        with suppress(ValueError):  # whatever it means, it is no progress
            share = max(0.0, min(1.0, float(heard[len(_PROGRESS) : end])))
        del heard[: end + 1]
    return share


def _deaf(_share: float) -> None:
    """Hear nothing."""


def _say(stream: IO[bytes], rest: memoryview) -> memoryview:
    try:
        return rest[os.write(stream.fileno(), rest[:_CHUNK]) :]
    except BlockingIOError:
        return rest
    except BrokenPipeError:  # it has died; why, its exit tells
        return rest[:0]


def _answer(code: int, said: bytes, printed: bytes, limits: Limits) -> dict[str, Any]:
    if code in (-signal.SIGKILL, -signal.SIGXCPU):
        raise SandboxError(
            f"the code took more than {limits.seconds:g} s of processor time, or was killed for its memory",
            hint="Look for a loop that has no end, or one that only ever grows a list.",
        )
    try:
        found = json.loads(said)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        last = printed.decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {code}"]
        raise SandboxError(f"the process of the code ended without an answer: {last[0][:300]}")
    return found
