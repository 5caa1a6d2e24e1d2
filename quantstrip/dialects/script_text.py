"""What tells scripts from files with a strategy class."""

import ast

_METHODS = {"on_bar", "generate_signals", "generate_arrays"}


def has_strategy_class(tree: ast.Module) -> bool:
    """Whether a class of the file has a method that strategies have: then its functions are helpers."""
    return any(
        isinstance(method, ast.FunctionDef) and method.name in _METHODS
        for kind in tree.body
        if isinstance(kind, ast.ClassDef)
        for method in kind.body
    )
