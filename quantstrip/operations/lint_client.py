"""What the loader would say of a client's file, read from its syntax tree: nothing of the file runs."""

import ast
from collections.abc import Iterator
from typing import Final, Literal

from quantstrip.client.base import ERROR_POLICIES, MISSED_RUNS
from quantstrip.client.base import MODES as _MODES

Remark = tuple[ast.expr | ast.stmt, Literal["error", "warning", "info"], str]
_Kind = Literal["client", "strategy", "unknown", ""]

_BASES: Final[dict[str, _Kind]] = {
    "ClientBase": "client",
    "StrategyClient": "client",
    "StrategyBase": "strategy",
}
_CHOICES: Final = {"error_policy": ERROR_POLICIES, "missed_runs": MISSED_RUNS, "mode": _MODES}


def about_client(tree: ast.Module, *, expected: bool) -> list[Remark]:
    """What keeps a file from being a client, or is most likely not meant.

    Args:
        tree: of a file that compiles.
        expected: a file in this place is a client, or a strategy, as a rule.

    """
    file = _File(tree)
    clients, strategies = file.leaves("client"), file.leaves("strategy")
    remarks = list(_too_many(clients, strategies))
    for each in clients:
        remarks += _client(file, each)
    for each in strategies:
        remarks += _strategy(file, each)
    remarks += _called_jobs(tree)
    if expected and tree.body and not clients and not strategies and not file.leaves("unknown"):
        words = "no client and no strategy is defined here: others can import this file, and it cannot be deployed"
        remarks.append((tree.body[0], "info", words))
    return remarks


class _File:
    """The classes of a file, and what they are as far as can be seen from it."""

    def __init__(self, tree: ast.Module) -> None:
        self.classes = {node.name: node for node in _top_level(tree.body) if isinstance(node, ast.ClassDef)}
        self._names: dict[str, _Kind] = {}
        self._modules: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                self._take(node)
            elif isinstance(node, ast.Import):
                self._modules |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}

    def _take(self, node: ast.ImportFrom) -> None:
        ours = (node.module or "").partition(".")[0] == "quantstrip" and not node.level
        for alias in node.names:
            name = alias.asname or alias.name
            if alias.name == "*":
                self._names.update(_BASES if ours else {})
            else:
                self._names[name] = _BASES.get(alias.name, "") if ours else "unknown"

    def kind(self, node: ast.ClassDef, seen: frozenset[str] = frozenset()) -> _Kind:
        """Client or strategy by one of its bases; unknown where a base comes from another file of the user's."""
        kinds = [self._base(base, seen | {node.name}) for base in node.bases]
        return next((kind for kind in ("client", "strategy", "unknown") if kind in kinds), "")

    def _base(self, base: ast.expr, seen: frozenset[str]) -> _Kind:
        if isinstance(base, ast.Attribute):
            root = base.value
            known = isinstance(root, ast.Name) and root.id in self._modules
            return _BASES.get(base.attr, "unknown" if known else "")
        if isinstance(base, ast.Name):
            if base.id in self.classes and base.id not in seen:
                return self.kind(self.classes[base.id], seen)
            return self._names.get(base.id, "")
        return "unknown"  # made by a call, or subscripted

    def leaves(self, kind: _Kind) -> list[ast.ClassDef]:
        """Classes of a kind that no other class of the file extends; strategies that lack ``on_bar`` do not count."""
        parents = {base.id for node in self.classes.values() for base in node.bases if isinstance(base, ast.Name)}
        return [node for node in self.classes.values() if self.kind(node) == kind and node.name not in parents]

    def method(self, node: ast.ClassDef, name: str) -> ast.FunctionDef | None:
        """A method of the class, or of the bases that this file defines."""
        for each in self._family(node, set()):
            for part in each.body:
                if isinstance(part, ast.FunctionDef) and part.name == name:
                    return part
        return None

    def open_ended(self, node: ast.ClassDef) -> bool:
        """Some base cannot be seen from here, and may define anything."""
        return any(
            self._base(base, frozenset({each.name})) == "unknown"
            for each in self._family(node, set())
            for base in each.bases
        )

    def _family(self, node: ast.ClassDef, seen: set[str]) -> Iterator[ast.ClassDef]:
        if node.name in seen:
            return
        seen.add(node.name)
        yield node
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in self.classes:
                yield from self._family(self.classes[base.id], seen)


def _too_many(clients: list[ast.ClassDef], strategies: list[ast.ClassDef]) -> Iterator[Remark]:
    for each in clients[1:]:
        words = f"a file is one client, and {clients[0].name} is one already: move {each.name} to a file of its own"
        yield each, "error", words
    if not clients:
        for each in strategies[1:]:
            words = f"one strategy a file: {strategies[0].name} is one already. Move it to a file of its own"
            yield each, "error", words


def _client(file: _File, node: ast.ClassDef) -> Iterator[Remark]:
    start = file.method(node, "__init__")
    if start is not None:
        yield from _calls_base(start, "call super().__init__() before anything else: without it there is no scheduler")
        given = [*start.args.posonlyargs, *start.args.args][1:]
        needed = given[: len(given) - len(start.args.defaults)]
        if needed:
            yield start, "error", f"a client is made without arguments, and {needed[0].arg} has no default"
    for part in node.body:
        if isinstance(part, ast.Assign) and isinstance(part.value, ast.Constant):
            for target in part.targets:
                choices = _CHOICES.get(target.id, ()) if isinstance(target, ast.Name) else ()
                if choices and part.value.value not in choices:
                    words = f"{ast.unparse(target)} is one of {', '.join(choices)}; got {part.value.value!r}"
                    yield part.value, "error", words


def _strategy(file: _File, node: ast.ClassDef) -> Iterator[Remark]:
    start = file.method(node, "__init__")
    if start is not None:
        yield from _calls_base(start, "call super().__init__(name=..., symbols=...): without it there are no bars")
    if file.method(node, "on_bar") is None and not file.open_ended(node):
        yield node, "error", f"{node.name} has no on_bar(self, bar): a strategy decides there"


def _calls_base(start: ast.FunctionDef, words: str) -> Iterator[Remark]:
    for node in ast.walk(start):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "__init__":
            return
    yield start, "error", words


def _called_jobs(tree: ast.Module) -> Iterator[Remark]:
    """``.do(self.job())`` runs the job once while the client is made, and schedules what it returned."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "do"):
            continue
        job = node.args[0] if node.args else None
        if isinstance(job, ast.Call) and (name := ast.unparse(job.func)).startswith("self."):
            yield job, "warning", f"{name}() is called here, once: write .do({name}) to have the schedule call it"


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run while the file is imported, also within if and try."""
    for node in body:
        yield node
        for part in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With):
                yield from _top_level(getattr(node, part, []))
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                yield from _top_level(handler.body)
