"""What several forms ask of a syntax tree."""

import ast


def last_name(node: ast.expr) -> str:
    """``Strategy`` of ``Strategy`` and of ``module.Strategy``; "" for any other expression."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
