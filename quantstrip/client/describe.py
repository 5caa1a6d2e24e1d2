"""What a client file holds, read from its text: nothing of it is run."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from quantstrip.errors import ClientLoadError

_KINDS = {"ClientBase": "client", "StrategyClient": "strategy client", "StrategyBase": "strategy"}


@dataclass(frozen=True, slots=True)
class Description:
    """A client file at a glance.

    Attributes:
        kind: ``client``, ``strategy client``, ``strategy``, or "" where no such class is seen.
        display_name: as far as it is written as plain text.
        mode: whose money moves, as far as it is written as plain text.
        summary: first line of the class's docstring, else of the file's.

    """

    name: str
    kind: str
    class_name: str
    display_name: str
    mode: str
    summary: str


def describe(path: Path) -> Description:
    """Describe the client in ``path`` without running it.

    Raises:
        ClientLoadError: the file cannot be read or does not compile.

    """
    name = path.parent.name if path.name == "__init__.py" else path.stem
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise ClientLoadError(f"{path}{line}: {error}", hint="Correct that line and deploy again.") from error
    except OSError as error:
        raise ClientLoadError(f"{path} cannot be read: {error}", hint="Check the path and its permissions.") from error
    kinds = dict(_KINDS)
    found: tuple[str, ast.ClassDef] | None = None
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            kind = next((kinds[base] for base in map(_last_name, node.bases) if base in kinds), "")
            if kind:
                kinds[node.name] = kind  # a class may extend one of the same file
                found = (kind, node)
    if found is None:
        kind, mode = ("strategy", "replay") if _is_script(tree) else ("", "live")
        return Description(name, kind, "", name, mode, _first_line(ast.get_docstring(tree)))
    kind, node = found
    summary = ast.get_docstring(node) or ast.get_docstring(tree)
    mode = _text_of("mode", node.body) or ("live" if kind == "client" else "replay")
    shown = _text_of("display_name", ast.walk(node)) or name
    return Description(name, kind, node.name, shown, mode, _first_line(summary))


def _is_script(tree: ast.Module) -> bool:
    """Whether it is a strategy in another form than a class of ours."""
    from quantstrip import dialects

    return dialects.form_of(tree)[0].name != "native"


def _last_name(base: ast.expr) -> str:
    if isinstance(base, ast.Attribute):
        return base.attr
    return base.id if isinstance(base, ast.Name) else ""


def _text_of(name: str, nodes: Iterable[ast.AST]) -> str:
    """The plain text that is assigned to ``name`` or to an attribute of that name."""
    for each in nodes:
        if not isinstance(each, ast.Assign | ast.AnnAssign) or not isinstance(each.value, ast.Constant):
            continue
        targets = each.targets if isinstance(each, ast.Assign) else [each.target]
        if any(_last_name(target) == name for target in targets):
            return str(each.value.value)
    return ""


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]
