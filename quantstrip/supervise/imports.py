"""Which files of a clients folder one client needs: its own, and transitively what it imports from there.

Found by reading the syntax tree, never by running code: a deploy must not execute what it copies. A module imported
by a name computed at run time is not found; such a helper is imported plainly somewhere, or lies in ``packages/``.
"""

import ast
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from quantstrip.errors import ClientLoadError

_NEVER_LOCAL = sys.stdlib_module_names | {"quantstrip"}


class SourceFile(NamedTuple):
    """One file as it was read."""

    path: Path
    content: bytes


def needed_files(source: Path, roots: Sequence[Path]) -> dict[str, SourceFile]:
    """Every file that the client in ``source`` needs, by path relative to its root.

    Args:
        source: a ``.py`` file, or the folder of a package; of a package every ``.py`` file counts.
        roots: folders in which imported names are looked up, in this order.

    Raises:
        ClientLoadError: a file does not compile, with file, line and the compiler's words; or cannot be read.

    """
    found: dict[str, SourceFile] = {}
    waiting = [(path, _relative(path, roots)) for path in _own_files(source)]
    while waiting:
        path, name = waiting.pop()
        if name in found:
            continue
        content = _read(path)
        found[name] = SourceFile(path, content)
        tree = compile_file(path, content)
        package = Path(name).parent.parts
        for module in _imported(tree, package):
            waiting.extend((match, relative) for match, relative in _resolve(module, roots) if relative not in found)
    return found


def compile_file(path: Path, content: bytes) -> ast.Module:
    """The syntax tree of a Python file that compiles.

    Raises:
        ClientLoadError: it does not; the message holds file, line and the text of the compiler's error.

    """
    try:
        tree = ast.parse(content, filename=str(path))
        compile(tree, str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        where = f"{path}:{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else str(path)
        trace = "".join(traceback.format_exception_only(error)).rstrip()
        raise ClientLoadError(
            f"{where} does not compile\n{trace}",
            hint="Correct the file and deploy it again; nothing was deployed, what runs now goes on running.",
        ) from error
    return tree


def _own_files(source: Path) -> list[Path]:
    if source.is_dir():
        return sorted(path for path in source.rglob("*.py") if "__pycache__" not in path.parts)
    return [source]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ClientLoadError(
            f"{path} cannot be read: {error.strerror or error}", hint="Check the path and its permissions."
        ) from error


def _relative(path: Path, roots: Sequence[Path]) -> str:
    root = next(root for root in roots if path.is_relative_to(root))
    return path.relative_to(root).as_posix()


def _imported(tree: ast.Module, package: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Dotted names, as tuples, that ``tree`` may import; a name taken ``from`` a module may be a module itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            if module:
                yield module
            yield from ((*module, alias.name) for alias in node.names if alias.name != "*")


def _resolve(module: tuple[str, ...], roots: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Files that importing ``module`` runs: each package's ``__init__`` on the way, then the module."""
    if module[0] in _NEVER_LOCAL:
        return
    for root in roots:
        folder, matches = root, []
        for depth, part in enumerate(module):
            folder = folder / part
            candidates = [folder / "__init__.py"]
            if depth == len(module) - 1:
                candidates.append(folder.with_name(f"{part}.py"))
            elif not folder.is_dir():
                candidates = [folder.with_name(f"{part}.py")]
            matches += [path for path in candidates if path.is_file()]
        if matches:
            yield from ((path, path.relative_to(root).as_posix()) for path in matches)
            return
