"""Run a Python file of the user's as a strategy's file is run: the same packages, and the same import names.

``python -m quantstrip.operations.python_file HOME FILE [ARGUMENTS]`` is the process it runs in.
"""

import runpy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from quantstrip import overlay
from quantstrip.home import Home


def run_file(home: Home, file: str | Path, arguments: Sequence[str] = ()) -> int:
    """Run a file in a process of its own, on this terminal; its exit code."""
    command = [sys.executable, "-m", __name__, str(home.root), str(file), *arguments]
    return subprocess.call(command)


def main(arguments: Sequence[str]) -> None:
    """The child's side."""
    from quantstrip.strategy import import_names

    home, file = Home(Path(arguments[0])), Path(arguments[1])
    folder = file.resolve().parent
    overlay.use(home, overlay.client_of(home, file))
    sys.path[0] = str(folder)  # as Python itself does with a script
    sys.argv = [str(file), *arguments[2:]]
    import_names.serve(folder)
    runpy.run_path(str(file), run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
