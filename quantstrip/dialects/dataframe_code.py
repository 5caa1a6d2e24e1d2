"""A dataframe script's code, with the meaning that its author's pandas gave it.

The form's own document writes an edge as ``s & ~s.shift(1).fillna(False)``. ``shift`` makes objects of truths; pandas
before 3 turned them back in ``fillna``, pandas 3 leaves them, and ``~`` of the object ``True`` is -2: the edge would be
no edge. So ``~`` in a script looks first whether its objects are truths. Assigning through two brackets, which pandas 3
ignores with a warning, is refused instead.
"""

import ast
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any, Final

INVERT: Final = "__quantstrip_invert__"
"""The name by which a script's code finds ``inverted``."""


def script_code(path: Path, tree: ast.Module) -> CodeType:
    """The code of a script, whose globals have to hold ``inverted`` under ``INVERT``; its lines are the file's."""
    changed = ast.fix_missing_locations(_Inversions().visit(tree))
    return compile(changed, str(path), "exec", dont_inherit=True)


def inverted(value: Any) -> Any:
    """``~value``, where an object column of truths counts as the truths that it holds."""
    import pandas as pd

    if isinstance(value, pd.Series | pd.DataFrame):
        value = value.infer_objects()
    return ~value


@contextmanager
def lost_writes_refused() -> Iterator[None]:
    """Have ``df["buy"].iloc[3] = True`` raise: pandas writes to a copy, which is gone at once, and only warns."""
    from pandas.errors import ChainedAssignmentError  # type: ignore[attr-defined]  # the stubs do not know it

    with warnings.catch_warnings():
        warnings.simplefilter("error", ChainedAssignmentError)
        yield


class _Inversions(ast.NodeTransformer):
    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Invert):
            return node
        return ast.copy_location(ast.Call(ast.Name(INVERT, ast.Load()), [node.operand], []), node)
