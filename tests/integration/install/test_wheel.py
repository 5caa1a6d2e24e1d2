"""The wheel holds exactly what the repository tracks under the shipped folders, no more and no less."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGE_FOLDERS = ("quantstrip",)
EDITOR_SOURCE = "quantstrip/editor/source/"
EDITOR_BUNDLE = "quantstrip/editor/bundle/"
ASSET_FOLDERS = ("dashboard", "service", "schema", "clients", "examples")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl"))


def tracked(*paths: str) -> set[str]:
    listing = subprocess.run(["git", "ls-files", "-z", "--", *paths], cwd=ROOT, capture_output=True, check=True)
    return {name for name in listing.stdout.decode().split("\0") if name}


def test_the_wheel_holds_what_is_tracked_and_nothing_else(wheel: Path) -> None:
    expected = {name for name in tracked(*PACKAGE_FOLDERS) if not name.startswith(EDITOR_SOURCE)}
    expected |= {f"quantstrip/_assets/{name}" for name in tracked(*ASSET_FOLDERS)}
    expected.add("quantstrip/_assets/settings/settings.example.toml")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    built = {name for name in held if name.startswith(EDITOR_BUNDLE)}
    expected |= built
    assert held - expected == set(), "shipped, but not tracked"
    assert expected - held == set(), "tracked, but not shipped"


def test_the_wheel_carries_one_bundle_of_the_code_editor_with_its_licences(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    script, licences = sorted(name for name in archive.namelist() if name.startswith(EDITOR_BUNDLE))
    assert re.fullmatch(rf"{EDITOR_BUNDLE}editor-[0-9a-f]{{12}}\.js", script)
    assert licences == f"{EDITOR_BUNDLE}licences.txt"
    assert 300_000 < archive.getinfo(script).file_size < 700_000
    for package in ("@codemirror/view", "@codemirror/lang-python", "@codemirror/lang-sql", "@lezer/common"):
        assert f"{package} " in archive.read(licences).decode()


def test_the_wheel_carries_no_secret_and_no_home(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert not [n for n in names if n.endswith((".key", ".db", ".log", "settings.toml")) or "/data/run/" in n]
