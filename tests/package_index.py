"""A package index of the tests' own: wheels and source archives that they build, served on the loopback."""

import base64
import hashlib
import io
import os
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from packaging.utils import canonicalize_name


class _Files(SimpleHTTPRequestHandler):
    """Serves files; those whose name begins with ``stuck`` are sent in part, and then never end."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass

    def do_GET(self) -> None:
        if self.path.rpartition("/")[2].startswith("stuck"):
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            self.wfile.write(b"PK")
            self.wfile.flush()
            self.server.waiting.set()  # type: ignore[attr-defined]
            self.server.over.wait()  # type: ignore[attr-defined]
            return
        super().do_GET()


@dataclass
class Index:
    """Files of a simple index (PEP 503) in a folder."""

    folder: Path
    url: str = ""
    waiting: threading.Event = field(default_factory=threading.Event)
    """Set once somebody waits for a file that never ends."""
    _files: dict[str, list[str]] = field(default_factory=dict)

    def wheel(self, name: str, version: str, needs: Sequence[str] = (), modules: dict[str, str] | None = None) -> None:
        """A wheel of pure Python; its module says its version, unless told otherwise."""
        dist = f"{name.replace('-', '_')}-{version}.dist-info"
        code = modules or {f"{name.replace('-', '_')}/__init__.py": f"VERSION = {version!r}\n"}
        files = code | {
            f"{dist}/METADATA": _metadata(name, version, needs),
            f"{dist}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        lines = [f"{path},{_hash(text)},{len(text.encode())}" for path, text in files.items()]
        files[f"{dist}/RECORD"] = "\n".join([*lines, f"{dist}/RECORD,,", ""])
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as archive:
            for path, text in files.items():
                archive.writestr(path, text)
        self._add(name, f"{name.replace('-', '_')}-{version}-py3-none-any.whl", written.getvalue())

    def source(self, name: str, version: str) -> None:
        """A source archive, without a wheel."""
        root = f"{name}-{version}"
        files = {
            "PKG-INFO": _metadata(name, version, ()),
            "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
            "backend.py": "raise SystemExit('the code of the package ran')\n",
        }
        written = io.BytesIO()
        with tarfile.open(fileobj=written, mode="w:gz") as archive:
            for path, text in files.items():
                info = tarfile.TarInfo(f"{root}/{path}")
                info.size = len(text.encode())
                archive.addfile(info, io.BytesIO(text.encode()))
        self._add(name, f"{root}.tar.gz", written.getvalue())

    def environment(self) -> dict[str, str]:
        """What makes pip ask this index and nothing else."""
        return {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": self.url, "PIP_FIND_LINKS": "", "PIP_NO_CACHE_DIR": "1"}

    def _add(self, name: str, file: str, data: bytes) -> None:
        key = canonicalize_name(name)
        place = self.folder / key
        place.mkdir(parents=True, exist_ok=True)
        (place / file).write_bytes(data)
        names = self._files.setdefault(key, [])
        names.append(file)
        links = "".join(f'<a href="{each}">{each}</a><br>' for each in names)
        (place / "index.html").write_text(f"<!DOCTYPE html><html><body>{links}</body></html>")


@contextmanager
def served(folder: Path) -> Iterator[Index]:
    """An index, on a port of the loopback, until the block ends."""
    handler, index = partial(_Files, directory=str(folder)), Index(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.waiting, server.over = index.waiting, threading.Event()  # type: ignore[attr-defined]
        index.url = f"http://127.0.0.1:{server.server_address[1]}/"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield index
        finally:
            server.over.set()  # type: ignore[attr-defined]
            server.shutdown()
            thread.join()


def _metadata(name: str, version: str, needs: Sequence[str]) -> str:
    wanted = "".join(f"Requires-Dist: {each}\n" for each in needs)
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: What {name} does\n{wanted}"


def _hash(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
    return f"sha256={digest.rstrip(b'=').decode()}"
