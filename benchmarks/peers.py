"""Environments of their own for what the project is measured against, so that no peer touches its packages."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "peers"


def peer_python(requirements: list[str]) -> Path:
    """Python of an environment that holds ``requirements`` and nothing else; made once, then kept in ``.cache``.

    Raises:
        RuntimeError: the packages cannot be installed; carries pip's last words.

    """
    words = "\n".join([sys.version.split()[0], *sorted(requirements)])
    folder = CACHE / hashlib.sha256(words.encode()).hexdigest()[:16]
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = folder / "ready"
    if ready.is_file():
        return python
    _call([sys.executable, "-m", "venv", "--clear", str(folder)])
    _call([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements])
    ready.write_text("\n".join(requirements) + "\n", encoding="utf-8")
    return python


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
        raise RuntimeError(f"{' '.join(command)} failed:\n{tail}")
