"""Data sources: the ini file of Linux and the registry of Windows keep one promise; setting up touches nothing else."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from quantstrip.cli import run
from quantstrip.errors import DataSourceError, DriverMissing
from quantstrip.home import Home
from quantstrip.operations import odbc
from quantstrip.operations.odbc_ini import IniSources
from quantstrip.operations.odbc_registry import DRIVERS, MemoryRegistry, Registry, RegistrySources

Make = Callable[[Path], odbc.Sources]
OTHERS = "; mine\n[other]\nDriver=X\nPWD = s;#\n; for the next\n[Third]\nA=1\n"


def registry_with_a_driver(registry: Registry) -> RegistrySources:
    registry.set_value(rf"{DRIVERS}\ODBC Drivers", "SQLite3 ODBC Driver", "Installed")
    registry.set_value(rf"{DRIVERS}\ODBC Drivers", "Another Driver", "Installed")
    registry.set_value(rf"{DRIVERS}\SQLite3 ODBC Driver", "Driver", r"C:\Windows\System32\sqlite3odbc.dll")
    return RegistrySources(registry)


KINDS: list[Make] = [lambda folder: IniSources(folder / "odbc.ini"), lambda _: registry_with_a_driver(MemoryRegistry())]


@pytest.fixture(params=KINDS, ids=["ini", "registry"])
def sources(request: pytest.FixtureRequest, tmp_path: Path) -> odbc.Sources:
    make: Make = request.param
    return make(tmp_path)


class TestWhereverSourcesAreKept:
    def test_what_is_written_is_read_whatever_the_letters_case(self, sources: odbc.Sources) -> None:
        driver = next(iter(sources.drivers()))
        sources.write("One", {"Driver": driver, "Database": "file:///a%20b?mode=ro"})
        assert sources.read("one") == {"Driver": driver, "Database": "file:///a%20b?mode=ro"}
        assert sources.names() == ["One"]

    def test_writing_again_replaces_its_values_and_no_others(self, sources: odbc.Sources) -> None:
        sources.write("one", {"Driver": "d", "Old": "1"})
        sources.write("two", {"Driver": "d", "B": "2"})
        sources.write("one", {"Driver": "d", "New": "3"})
        assert sources.read("one") == {"Driver": "d", "New": "3"}
        assert sources.read("two") == {"Driver": "d", "B": "2"}

    def test_what_is_removed_is_gone_and_only_once(self, sources: odbc.Sources) -> None:
        sources.write("one", {"Driver": "d"})
        sources.write("two", {"Driver": "d"})
        assert sources.remove("ONE")
        assert not sources.remove("one")
        assert (sources.read("one"), sources.names()) == (None, ["two"])

    def test_a_source_is_installed_shown_and_taken_away(self, sources: odbc.Sources, tmp_path: Path) -> None:
        home = Home(tmp_path / "a home; 100%").create()
        made = odbc.install(home, sources=sources)
        assert (made.name, made.installed, made.ours, made.connection) == ("quantstrip", True, True, "DSN=quantstrip")
        assert made.values["Database"] == f"{home.database.as_uri()}?mode=ro"
        assert (made.values["BigInt"], made.values["Driver"]) == ("1", next(iter(sources.drivers())))
        assert odbc.install(home, sources=sources) == made
        assert odbc.source_of(home, sources=sources) == "quantstrip"
        odbc.uninstall(home, sources=sources)
        assert not odbc.show(home, sources=sources).installed

    def test_a_name_that_reads_another_ledger_is_neither_taken_nor_removed(
        self, sources: odbc.Sources, tmp_path: Path
    ) -> None:
        mine, other = Home(tmp_path / "mine").create(), Home(tmp_path / "other").create()
        before = odbc.install(other, sources=sources).values
        for refused in (odbc.install, odbc.uninstall):
            with pytest.raises(DataSourceError, match="other"):
                refused(mine, sources=sources)
        assert sources.read("quantstrip") == before
        assert odbc.install(mine, replace=True, sources=sources).ours


def test_other_sources_stay_byte_for_byte(tmp_path: Path) -> None:
    file, home = tmp_path / "odbc.ini", Home(tmp_path / "home").create()
    file.write_bytes(OTHERS.encode() + b"Name=\xff\xe9\n")
    file.chmod(0o640)
    before = file.read_bytes()
    sources = IniSources(file)
    odbc.install(home, sources=sources)
    assert file.read_bytes().startswith(before)
    assert file.stat().st_mode & 0o777 == 0o640
    sources.write("other", {"Driver": "Y"})
    assert b"; mine\n[other]\nDriver = Y\n; for the next\n[Third]\n" in file.read_bytes()
    odbc.uninstall(home, sources=sources)
    sources.write("other", {"Driver": "X"})
    assert file.read_bytes() == before.replace(b"Driver=X\nPWD = s;#", b"Driver = X")


def test_a_place_that_cannot_be_written_is_told_and_left_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(DataSourceError, match="could not be written"):
        odbc.install(Home(tmp_path / "home").create(), sources=IniSources(tmp_path / "missing" / "odbc.ini"))
    assert not (tmp_path / "missing").exists()


def test_without_a_driver_it_says_how_to_install_one_and_writes_nothing(tmp_path: Path) -> None:
    bare = IniSources(tmp_path / "odbc.ini", odbcinst="no-such-command", libraries=())
    for sources in (bare, RegistrySources(MemoryRegistry())):
        with pytest.raises(DriverMissing, match=r"apt-get install|brew install|sqliteodbc_w64"):
            odbc.install(Home(tmp_path / "home").create(), sources=sources)
        assert sources.names() == []
    assert "apt-get install" in odbc.how_to_install("linux")
    assert "sqliteodbc_w64.exe" in odbc.how_to_install("win32")


def test_a_driver_that_nobody_registered_is_found_where_it_lies(tmp_path: Path) -> None:
    library = tmp_path / "lib/x/libsqlite3odbc.so"
    library.parent.mkdir(parents=True)
    library.touch()
    pattern = str(tmp_path / "lib/*/libsqlite3odbc.so")
    assert IniSources(tmp_path / "o.ini", odbcinst="no-such-command", libraries=(pattern,)).drivers() == {
        str(library): str(library)
    }


def test_the_windows_source_names_the_drivers_library_and_is_listed() -> None:
    registry = MemoryRegistry()
    registry_with_a_driver(registry).write("q", {"Driver": "SQLite3 ODBC Driver", "BigInt": "1"})
    key = r"HKEY_CURRENT_USER\Software\ODBC\ODBC.INI"
    assert registry.values(rf"{key}\ODBC Data Sources") == {"q": "SQLite3 ODBC Driver"}
    assert registry.values(rf"{key}\q") == {"Driver": r"C:\Windows\System32\sqlite3odbc.dll", "BigInt": "1"}


@pytest.mark.parametrize("name", ["a;b", "[x]", "x" * 33, "-a", "a "])
def test_a_name_that_odbc_would_not_take_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataSourceError, match="cannot be the name"):
        odbc.install(Home(tmp_path / "home").create(), name, sources=IniSources(tmp_path / "odbc.ini"))


def test_a_path_that_the_driver_would_cut_off_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataSourceError, match="too long"):
        odbc.definition(Home(tmp_path / ("é" * 120)), "SQLite3")


def test_without_odbc_itself_the_command_says_how_to_install_it(
    made_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ODBCINI", str(tmp_path / "odbc.ini"))
    assert run(["--home", str(made_home.root), "odbc", "install", "--name", "mine"]) == 0
    assert f"quantstrip --home {made_home.root} odbc test --name mine" in capsys.readouterr().out, "as it can be typed"
    assert run(["--home", str(made_home.root), "odbc", "install"]) == 0
    code = (
        "import sys; sys.modules['pyodbc'] = None; from quantstrip.cli import main; "
        f"main(['--home', {str(made_home.root)!r}, 'odbc', 'test'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ODBC cannot be used on this machine" in done.stderr
    assert "Install it with" in done.stderr
