"""What the text of an event script tells before it runs: its hooks, and the parameters that it asks for."""

import ast

from quantstrip.dialects.annotations import Param, Value
from quantstrip.dialects.script_rules import ALL_KEYS

_NAMES = ("on_init", "on_bar")


Hook = ast.FunctionDef | ast.AsyncFunctionDef


def hooks(tree: ast.Module) -> dict[str, Hook]:
    """The hooks that the file's own level defines."""
    return {node.name: node for node in tree.body if isinstance(node, Hook) and node.name in _NAMES}


def runs_later(hook: Hook) -> bool:
    """Whether calling it does nothing yet: it is a coroutine, or its own level yields."""
    inner: list[ast.AST] = list(hook.body)
    while inner:
        node = inner.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, Hook | ast.Lambda | ast.ClassDef):
            inner.extend(ast.iter_child_nodes(node))
    return isinstance(hook, ast.AsyncFunctionDef)


def takes(hook: Hook, count: int) -> bool:
    """Whether a hook can be called with ``count`` arguments."""
    given = hook.args
    named = len(given.posonlyargs) + len(given.args)
    most = named if given.vararg is None else max(named, count)
    return named - len(given.defaults) <= count <= most and None not in given.kw_defaults


def asked_params(tree: ast.Module) -> dict[str, Param]:
    """Parameters of calls ``ctx.param("name", default)`` with plain values, the first of each name; not the rules'."""
    found: dict[str, Param] = {}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "param"):
            continue
        words = [each.value for each in node.args if isinstance(each, ast.Constant)]
        if len(words) == len(node.args) == 2 and isinstance(words[0], str) and words[0] not in ALL_KEYS:
            name, default = words
            kind = _kind(default)
            if kind and isinstance(default, bool | int | float | str):
                found.setdefault(str(name), Param(str(name), kind, default, "", node.lineno))
    return found


def _kind(value: Value | object) -> str:
    match value:
        case bool():
            return "truth"
        case int():
            return "whole"
        case float():
            return "number"
        case str():
            return "text"
    return ""
