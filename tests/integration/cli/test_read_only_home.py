"""A home that may not be written, by the kernel's own rules: a clear message, and not a byte of it changed."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from quantstrip.home import Home, asset
from quantstrip.operations import access
from quantstrip.operations.homes import make_home
from quantstrip.operations.settings import manager_of

NOBODY = 65534
IS_ROOT = os.geteuid() == 0
# Root passes by every permission; without these capabilities the kernel treats it as any other user.
AS_ANY_USER = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner,-chown") if IS_ROOT else ()
STRATEGY = asset("examples") / "ma_cross.py"


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def quantstrip(*arguments: str, given: str = "") -> Done:
    """The command in a process of its own that permissions hold for."""
    done = subprocess.run(
        [*AS_ANY_USER, sys.executable, "-m", "quantstrip", *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def everything(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Mode, time of the last change and content of all that is in a folder."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        state = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(state.st_mode) else b""
        found[str(path)] = (state.st_mode, state.st_mtime_ns, content)
    return found


def protect(folder: Path, way: str) -> None:
    """Take this user's right to write from a folder and all that is in it."""
    for path in (folder, *folder.rglob("*")):
        if way == "another user's":
            os.chown(path, NOBODY, NOBODY)
        else:
            path.chmod(path.stat().st_mode & 0o555)


@pytest.fixture(params=["write-protected", "another user's"] if IS_ROOT else ["write-protected"])
def protected(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    home = make_home(Home(tmp_path / "home"))
    manager_of(home).set_by_path("mine.note", "kept")
    home.settings_file.chmod(0o644)  # so that another user gets as far as writing
    access.token(home)
    protect(home.root, request.param)
    yield home
    for path in (home.root, *home.root.rglob("*")):
        path.chmod(0o700)


REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "init": (("init", "{home}"), ""),
    "up": (("up", "--port", "18923"), ""),
    "up in the background": (("up", "--detach", "--port", "18923"), ""),
    "settings set": (("settings", "set", "dashboard.port", "9000"), ""),
    "a first secret": (("settings", "set", "mine.key", "--type", "secret"), "hunter22"),
    "settings delete": (("settings", "delete", "mine.note"), ""),
    "a lock": (("settings", "lock", "mine"), ""),
    "a new key": (("settings", "rotate-key"), ""),
    "a new token": (("token", "--rotate"), ""),
    "deploy": (("deploy", str(STRATEGY)), ""),
    "db migrate": (("db", "migrate"), ""),
}


def test_a_backup_of_what_is_not_there_says_so_and_changes_nothing(protected: Home) -> None:
    before = everything(protected.root)
    done = quantstrip("--home", str(protected.root), "db", "backup")
    assert (done.code, "there is no ledger" in done.err) == (1, True), done
    assert everything(protected.root) == before


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_would_write_says_that_it_cannot_and_changes_nothing(protected: Home, name: str) -> None:
    arguments, given = REFUSED[name]
    before = everything(protected.root)
    done = quantstrip(
        "--home", str(protected.root), *(part.format(home=protected.root) for part in arguments), given=given
    )
    assert done.code == 1, done
    first, *rest = done.err.splitlines()
    assert first.startswith("Error: ")
    assert str(protected.root) in first
    assert any(word in first for word in ("cannot be written", "not writable", "another user", "Permission denied"))
    assert rest, "it says what to do"
    assert "Traceback" not in done.err
    assert "hunter22" not in done.err + done.out
    assert everything(protected.root) == before


def test_a_backtest_needs_no_home_that_can_be_written(protected: Home, tmp_path: Path) -> None:
    before = everything(protected.root)
    home = ("--home", str(protected.root))
    done = quantstrip(*home, "backtest", str(STRATEGY), "--end", "2005-03-01")
    assert (done.code, "total return" in done.out) == (0, True), done
    (tmp_path / "broken.py").write_text("class Broken:\n")
    broken = quantstrip(*home, "backtest", str(tmp_path / "broken.py"))
    assert (broken.code, "broken.py" in broken.err, "Traceback" in broken.err) == (1, True, False)
    assert everything(protected.root) == before


def test_reading_settings_needs_no_home_that_can_be_written(protected: Home) -> None:
    before = everything(protected.root)
    assert quantstrip("--home", str(protected.root), "settings", "get", "mine.note").out == "kept\n"
    assert everything(protected.root) == before


def test_doctor_finds_it_instead_of_failing(protected: Home) -> None:
    done = quantstrip("--home", str(protected.root), "doctor")
    assert done.code == 1
    assert "FAIL  home:" in done.out
    assert "Traceback" not in done.err


def test_init_in_a_folder_that_may_not_be_written_leaves_nothing_there(protected: Home) -> None:
    target = protected.clients / "inner"
    done = quantstrip("init", str(target))
    assert done.code == 1
    assert f"the home {target} cannot be written: Permission denied" in done.err
    assert not target.exists()
