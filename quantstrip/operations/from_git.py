"""Strategies from a Git repository: fetched at one commit, into a folder of the home, without running anything of it.

The repository is somebody else's: no hook of it runs, submodules are refused, links become plain files, and neither its
address nor a branch can be taken for an option of ``git``. Size and time are bounded. Running the strategy is another
matter: it has the user's rights unless it is asked to run confined.
"""

import ast
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final

from quantstrip.dialects.syntax import last_name
from quantstrip.errors import ClientLoadError, GitError
from quantstrip.home import Home
from quantstrip.operations.git_command import MOST_BYTES, SECONDS, git, not_installed

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SCP = re.compile(r"[A-Za-z0-9_][\w.-]*@[A-Za-z0-9][\w.-]*:(?!//)[^\s]+")
_URL = re.compile(r"(https|ssh|file)://([^/\s]*)(/[^\s]*)")
_BASES: Final = frozenset({"StrategyBase", "VectorizedStrategy"})
_DECIDES: Final = frozenset({"on_bar", "generate_signals", "generate_arrays"})


@dataclass(frozen=True, slots=True)
class Checkout:
    """A repository's files at one commit.

    Attributes:
        folder: where they lie.
        url, branch, commit: where they came from; ``branch`` is "" where a commit was asked for.

    """

    folder: Path
    url: str
    branch: str
    commit: str

    def pin(self, file: Path) -> dict[str, str]:
        """What a run remembers."""
        path = file.resolve().relative_to(self.folder.resolve()).as_posix()
        return {"url": self.url, "branch": self.branch, "commit": self.commit, "path": path}


def fetch(home: Home, url: str, *, branch: str | None = None, commit: str | None = None) -> Checkout:
    """The files of a repository at a commit: those that were fetched before, or fetched now, that commit alone.

    Args:
        home: where they are kept (``data/repositories``).
        url: ``https://``, ``ssh://`` or ``file://``, or ``user@host:path``; no password in it.
        branch: a branch or a tag; the repository's default one where neither is given.
        commit: all 40 digits of a commit.

    Raises:
        GitError: the address, branch or commit is none; the repository cannot be reached, is too large, takes too long
            or has submodules. Nothing of it is kept.

    """
    address, wanted, digits = check(url, branch, commit)
    limit = time.monotonic() + SECONDS
    found = digits or _resolve(address, wanted, limit)
    slug = re.sub(r"[^\w.-]+", "-", address.rpartition("/")[2].removesuffix(".git")).strip("-.") or "repository"
    folder = home.repositories / f"{slug}-{sha256(address.encode()).hexdigest()[:12]}" / found
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _temporary(folder.parent) as work:
            _fetch(work / "git", work / "files", address, found, limit)
            try:
                (work / "files").rename(folder)
            except OSError:
                if not folder.is_dir():  # another process was faster: a commit's files are always the same
                    raise
    return Checkout(folder, address, wanted, found)


def check(url: str, branch: str | None = None, commit: str | None = None) -> tuple[str, str, str]:
    """Address, branch and commit as they may be given to ``git``; nothing is asked of anybody.

    Raises:
        GitError: one of them is none.

    """
    address = url.strip()
    match = _URL.fullmatch(address)
    if address.startswith("-") or not (match or _SCP.fullmatch(address)):
        raise GitError(
            f"{url!r} is no address of a repository",
            hint="Write https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or file:///PATH.",
        )
    if match:
        scheme, host, _ = match.groups()
        user = host.rpartition("@")[0]
        if (scheme == "https" and user) or ":" in user:
            raise GitError(
                "the address holds a name or a password, and would be kept with the run",
                hint="Leave it out: use a credential helper of git, or ssh with a key.",
            )
        if host.rpartition("@")[2].startswith("-") or user.startswith("-") or (scheme == "file") != (not host):
            raise GitError(f"{url!r} is no address of a repository", hint="Check the host, or write file:///PATH.")
    if branch is not None and commit is not None:
        raise GitError("a branch and a commit are given", hint="Name one of the two.")
    wanted, digits = (branch or "").strip(), (commit or "").strip().lower()
    if branch is not None and not _is_ref(wanted):
        raise GitError(f"{branch!r} is no name of a branch or a tag", hint="For example main.")
    if commit is not None and not _COMMIT.fullmatch(digits):
        raise GitError(f"{commit!r} is no commit", hint="Give all of its 40 hexadecimal digits: git rev-parse HEAD")
    return address, wanted, digits


def choose(checkout: Checkout, path: str | None = None) -> Path:
    """The strategy's file of a repository: the one named, else the only one that holds a strategy class.

    A name alone, ``momentum`` or ``momentum.py``, is looked for in the root and in the folder ``strategies``.
    Without a name the repository's root and its folder ``strategies`` are looked through, by the syntax of each file:
    nothing of it runs.

    Raises:
        GitError: there is no such file, it leads out of the repository, or not exactly one file holds a strategy.

    """
    root = checkout.folder.resolve()
    if path is not None:
        given = PurePosixPath(path.strip())
        file = _placed(root, given).resolve()
        if (
            path.strip().startswith("-")
            or given.is_absolute()
            or not file.is_relative_to(root)
            or ".git" in given.parts
        ):
            raise GitError(f"{path!r} is no path inside the repository", hint="For example strategies/my_strategy.py.")
        if not file.is_file():
            raise GitError(
                f"{checkout.url} has no file {path} at {checkout.commit[:12]}",
                hint=f"Python files there: {_named(_python_files(root), root)}",
            )
        return file
    found = [file for file in _python_files(root) if _strategies(file) == 1]
    if len(found) != 1:
        what = f"{len(found)} files of one strategy each: {_named(found, root)}" if found else "no file of one strategy"
        raise GitError(
            f"{checkout.url} has {what}, in its root and in strategies/", hint="Name the file with --path FILE."
        )
    return found[0]


def strategies(checkout: Checkout) -> dict[str, str]:
    """Every file of the root and of ``strategies/`` that holds a strategy in any form, with its first line of text.

    Told by the syntax of each file: nothing of it runs. One that cannot be read is left out.
    """
    from quantstrip.client.describe import describe

    root, found = checkout.folder.resolve(), {}
    for file in _python_files(root):
        try:
            about = describe(file)
        except ClientLoadError:
            continue
        if about.kind == "strategy":
            found[file.relative_to(root).as_posix()] = about.summary
    return found


def _placed(root: Path, given: PurePosixPath) -> Path:
    """Where a file is: a bare name, with or without its ending, may lie in the root or in ``strategies``."""
    if len(given.parts) == 1:
        named = [folder / f"{given.name}{ending}" for folder in (root, root / "strategies") for ending in ("", ".py")]
        return next((file for file in named if file.is_file()), root / given)
    return root / given


def _python_files(root: Path) -> list[Path]:
    return [file for folder in (root, root / "strategies") for file in sorted(folder.glob("*.py")) if file.is_file()]


def _named(files: list[Path], root: Path) -> str:
    return ", ".join(file.relative_to(root).as_posix() for file in files[:20]) or "none"


def _strategies(file: Path) -> int:
    """Classes of a file that are strategies: derived from one, with a method that decides, of their own or a base's."""
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError, OSError):
        return 0
    derived: set[str] = set(_BASES)
    deciding: set[str] = set()
    for node in tree.body:  # a base comes before what derives from it
        if isinstance(node, ast.ClassDef):
            bases = {last_name(base) for base in node.bases}
            methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
            if bases & derived:
                derived.add(node.name)
                if methods & _DECIDES or bases & deciding:
                    deciding.add(node.name)
    return len(deciding)


def _is_ref(name: str) -> bool:
    """Whether a name can be that of a branch or a tag; ``git`` never gets one that looks like an option."""
    if not name or name.startswith(("-", "/")) or "\0" in name:
        return False
    asked = ["git", "check-ref-format", f"refs/heads/{name}"]
    try:
        return subprocess.run(asked, capture_output=True, check=False, timeout=SECONDS).returncode == 0
    except OSError as error:
        raise not_installed() from error


def _resolve(address: str, branch: str, limit: float) -> str:
    """The commit that a branch or a tag, or the repository's default branch, is at."""
    names = [f"refs/heads/{branch}", f"refs/tags/{branch}^{{}}", f"refs/tags/{branch}"] if branch else ["HEAD"]
    told = git(["ls-remote", "--", address, *names], None, limit)
    there = {name: digits for digits, _, name in (line.partition("\t") for line in told.splitlines())}
    for name in names:
        if name in there:
            return there[name]
    raise GitError(
        f"{address} has no {f'branch or tag {branch}' if branch else 'commit yet'}",
        hint="Check the name: git ls-remote shows those there are." if branch else "Push one first.",
    )


def _fetch(bare: Path, files: Path, address: str, commit: str, limit: float) -> None:
    bare.mkdir()
    git(["init", "--quiet", "--bare", "--template=", str(bare)], None, limit)
    git(
        ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", address, commit], bare, limit
    )  # fmt: skip
    size = 0
    for line in git(["ls-tree", "-r", "-l", "-z", commit], bare, limit).split("\0"):
        if not line:
            continue
        about, _, name = line.partition("\t")
        mode, _kind, _digits, length = about.split()
        if mode == "160000":
            raise GitError(
                f"{address} has a submodule, {name}: that is not fetched", hint="Use one without submodules."
            )
        size += int(length)
    if size > MOST_BYTES:
        raise GitError(
            f"{address} holds {size / 1e6:,.0f} MB at {commit[:12]}; {MOST_BYTES / 1e6:,.0f} MB is the limit",
            hint="Keep strategies in a repository of their own, without data.",
        )
    files.mkdir()
    git(["--work-tree", str(files), "checkout", "--quiet", "--force", "--detach", commit, "--"], bare, limit)
    if (files / ".gitmodules").exists():
        raise GitError(f"{address} has submodules: those are not fetched", hint="Use one without submodules.")


@contextmanager
def _temporary(parent: Path) -> Iterator[Path]:
    work = Path(tempfile.mkdtemp(prefix=".fetch-", dir=parent))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
