"""Where things are: which home is used, what is made in it, and where it may not lie."""

import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantstrip.errors import HomeError
from quantstrip.home import (
    ALLOW_SYNCED,
    MARKER,
    VARIABLE,
    Home,
    asset,
    demo_home,
    find_home,
    private_folder,
    synchronised_by,
    user_cache,
    user_data,
)


def folders(home: Home) -> list[Path]:
    return [home.clients, home.settings, home.logs, home.data, home.packages, home.backups, home.bars, home.deployed]


def test_naming_a_home_touches_no_disk(tmp_path: Path) -> None:
    home = Home(tmp_path / "new")
    assert not home.exists()
    assert not (tmp_path / "new").exists()


def test_a_created_home_has_its_folders_and_its_marker(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "new").create()
    assert home.exists()
    assert all(folder.is_dir() for folder in folders(home))
    assert all(folder.is_relative_to(home.root) for folder in folders(home))


def test_creating_again_changes_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    (home.root / MARKER).write_text("mine\n")
    (home.clients / "a.py").write_text("x = 1\n")
    home.create()
    assert (home.root / MARKER).read_text() == "mine\n"
    assert (home.clients / "a.py").read_text() == "x = 1\n"


def test_run_time_files_are_for_the_owner_only(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.run.mkdir(parents=True, mode=0o755)
    home.create()
    for folder in (home.run, home.locks, home.programs):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_explicit_folder_wins_then_the_variable_then_the_marker_then_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("explicit", "variable", "marked", "bare"):
        (tmp_path / name).mkdir()
    (tmp_path / "marked" / MARKER).touch()
    inside = tmp_path / "marked" / "clients" / "deep"
    inside.mkdir(parents=True)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv(VARIABLE, str(tmp_path / "variable"))
    assert find_home(tmp_path / "explicit", start=inside).root == tmp_path / "explicit"
    assert find_home(start=inside).root == tmp_path / "variable"
    monkeypatch.delenv(VARIABLE)
    assert find_home(start=inside).root == tmp_path / "marked"
    assert find_home(start=tmp_path / "bare").root == tmp_path / "data" / "quantstrip" / "home"


def test_the_working_folder_is_looked_at_and_a_tilde_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(Home(tmp_path / "here").create().clients)
    assert find_home().root == tmp_path / "here"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_home("~/here").root == tmp_path / "here"


def test_the_demo_has_a_home_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert demo_home().root == user_data() / "demo" == tmp_path / "quantstrip" / "demo"
    assert user_cache() == tmp_path / "cache" / "quantstrip"


@pytest.mark.parametrize(
    "folder", ["Dropbox", "OneDrive", "OneDrive - Company", "Google Drive", "iCloud-backup", "Nextcloud", "ownCloud"]
)
def test_a_home_in_a_synchronised_folder_is_refused_and_nothing_is_made(tmp_path: Path, folder: str) -> None:
    home = Home(tmp_path / folder / "trading")
    with pytest.raises(HomeError, match="synchronised folder") as refusal:
        home.create()
    assert ALLOW_SYNCED in refusal.value.hint
    assert not (tmp_path / folder).exists()


@pytest.mark.parametrize("marker", [".dropbox", ".stfolder", ".sync_journal.db"])
def test_a_synchronisers_marker_is_recognised(tmp_path: Path, marker: str) -> None:
    (tmp_path / marker).touch()
    with pytest.raises(HomeError, match="synchronised folder"):
        Home(tmp_path / "home").create()


def test_whoever_knows_better_may_use_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOW_SYNCED, "1")
    assert Home(tmp_path / "Dropbox" / "x").create().exists()


@pytest.mark.parametrize("folder", ["dropboxes", "my onedrive notes", "drive", "cloud"])
def test_similar_names_are_no_synchronisers(folder: str) -> None:
    assert synchronised_by(Path("/srv") / folder / "x") is None


def test_a_home_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HomeError, match=r"cannot be written.*\n.*--home DIR"):
        Home(tmp_path / "file" / "home").create()


def test_a_home_that_is_not_writable_says_so(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    home.backups.rmdir()
    for folder in sorted(home.data.rglob("*"), reverse=True):
        folder.rmdir() if folder.is_dir() else folder.unlink()
    home.data.rmdir()
    with pytest.raises(HomeError, match="not writable"):
        home.check_writable()


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The user's runtime folder, with a short path as it has on real machines."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


def test_the_control_socket_fits_whatever_the_length_of_the_path(runtime: Path) -> None:
    long = Home(Path("/") / ("x" * 60) / ("y" * 60) / "home")
    other = Home(Path("/") / ("x" * 60) / ("z" * 60) / "home")
    short = Home(Path("/srv/home"))
    assert short.socket == short.run / "supervisor.sock"
    assert long.socket.is_relative_to(runtime)
    assert long.socket != other.socket
    assert len(os.fsencode(long.socket)) <= 108


@pytest.mark.usefixtures("runtime")
def test_a_socket_can_be_bound_at_that_path(tmp_path: Path) -> None:
    home = Home(tmp_path / ("x" * 100) / "home").create()
    with socket.socket(socket.AF_UNIX) as control:
        control.bind(str(home.socket))
    assert stat.S_IMODE(home.socket.parent.stat().st_mode) == 0o700


def test_a_private_folder_of_someone_else_is_refused(tmp_path: Path) -> None:
    """In a shared temporary folder anyone could have made it first, and would own the control socket."""
    target = tmp_path / "elsewhere"
    target.mkdir()
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(HomeError, match="symbolic link"):
        private_folder(tmp_path / "link")


@pytest.mark.parametrize("folder", ["dashboard", "service", "schema", "clients", "examples", "settings"])
def test_shipped_folders_are_found(folder: str) -> None:
    assert asset(folder).is_dir()


def test_finding_a_home_loads_nothing_else_of_the_package() -> None:
    program = "import sys, quantstrip.home; print(sorted(m for m in sys.modules if m.startswith('quantstrip.')))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout
    assert loaded.strip() == "['quantstrip.errors', 'quantstrip.home']"
