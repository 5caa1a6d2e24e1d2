"""The wheel holds exactly what the repository tracks under the shipped folders, no more and no less."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGE_FOLDERS = ("quantstrip",)
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
    expected = set(tracked(*PACKAGE_FOLDERS))
    expected |= {f"quantstrip/_assets/{name}" for name in tracked(*ASSET_FOLDERS)}
    expected.add("quantstrip/_assets/settings/settings.example.toml")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held - expected == set(), "shipped, but not tracked"
    assert expected - held == set(), "tracked, but not shipped"


def test_the_wheel_carries_no_secret_and_no_home(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert not [n for n in names if n.endswith((".key", ".db", ".log", "settings.toml")) or "/data/run/" in n]
