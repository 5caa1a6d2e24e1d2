"""The program ``git``, kept from asking anybody, from running what a repository brings, and within bounds."""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from quantstrip.errors import GitError

SECONDS: Final = 120.0
MOST_BYTES: Final = 100 * 1024 * 1024
"""Of a fetch, and of the files at the commit."""
_LOOK_SECONDS: Final = 0.1
_SETTINGS: Final = {
    "core.hooksPath": os.devnull,
    "core.symlinks": "false",  # a link of the repository could lead anywhere
    "core.fsmonitor": "false",
    "core.protectNTFS": "true",
    "protocol.allow": "never",
    "protocol.https.allow": "always",
    "protocol.ssh.allow": "always",
    "protocol.file.allow": "always",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "transfer.fsckObjects": "true",
    "transfer.credentialsInUrl": "die",
    "http.followRedirects": "initial",
    "gc.auto": "0",
}


def git(arguments: list[str], folder: Path | None, limit: float) -> str:
    """What ``git`` prints; it is killed with all it started when its time is over, or it has taken too much room.

    Args:
        arguments: its own.
        folder: the repository's folder, which may not grow beyond ``MOST_BYTES``; None where there is none yet.
        limit: by ``time.monotonic``, when its time is over.

    Raises:
        GitError: it failed, in its own words, or went beyond a bound.

    """
    settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
    where = [] if folder is None else ["--git-dir", str(folder)]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                ["git", *settings, *where, *arguments],
                stdin=subprocess.DEVNULL, stdout=out, stderr=errors, env=_environment(), start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise not_installed() from error
        try:
            running = True
            while running:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_LOOK_SECONDS)
                running = process.returncode is None
                if time.monotonic() > limit:
                    raise GitError(
                        f"the repository took longer than {SECONDS:.0f} s", hint="Try again, or use a smaller one."
                    )
                if folder is not None and _size(folder) > MOST_BYTES:
                    raise GitError(
                        f"the repository is larger than {MOST_BYTES / 1e6:,.0f} MB",
                        hint="Keep strategies in a repository of their own, without data.",
                    )
        finally:
            _end(process)
        out.seek(0)
        errors.seek(0)
        if process.returncode:
            said = errors.read(4000).decode("utf-8", "replace").strip().splitlines()
            raise GitError(
                f"git could not do that: {said[-1] if said else f'exit code {process.returncode}'}",
                hint="Check the address, the branch or commit, and that you may read it without being asked.",
            )
        return out.read().decode("utf-8", "replace")


def not_installed() -> GitError:
    """What to say where the program is not there."""
    return GitError("the program git is not installed", hint="Install git, and try again.")


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is not None:
        return
    try:
        if hasattr(os, "killpg"):
            import signal

            os.killpg(process.pid, signal.SIGKILL)  # it leads a session of its own
        else:
            process.kill()
    except ProcessLookupError:
        pass
    process.wait()


def _environment() -> Mapping[str, str]:
    """The user's own, but git asks nobody anything, and looks for no repository of ours."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith("GIT_SSL_")
    }
    ssh = os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "GIT_SSH_COMMAND": ssh, "GIT_LFS_SKIP_SMUDGE": "1",
            "GIT_NO_LAZY_FETCH": "1", "GIT_CONFIG_COUNT": "0", "LC_ALL": "C"}  # fmt: skip


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size
        except OSError:
            continue  # git has renamed it
    return total
