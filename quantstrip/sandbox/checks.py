"""Judges untrusted source by its syntax tree: nothing of it runs.

Every finding names its rule and its line, so that a person, or a program that writes strategies, can mend it.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from quantstrip.sandbox.rules import (
    BY_TEXT,
    CALLS,
    DUNDERS,
    FILES,
    FILES_OF,
    HIDDEN,
    INNARDS,
    MODULES,
    PLATFORM,
    PLATFORM_NAMES,
    SYSTEM,
    UNDERSCORED,
)
from quantstrip.sandbox.texts import Texts

_OWN: Final = frozenset({"self", "cls"})
_BACKWARD: Final = frozenset({"shift", "diff", "pct_change"})
_MOST_BYTES: Final = 1_000_000
_DEEPEST: Final = 200


class Finding(NamedTuple):
    """One thing that is not allowed.

    Attributes:
        rule: ``syntax``, ``import``, ``builtin``, ``attribute``, ``file``, ``name``, ``text``, ``look-ahead`` or
            ``size``.
        line, column: where, from 1; 0 for the whole file.

    """

    rule: str
    line: int
    column: int
    message: str


class _Program(NamedTuple):
    """What is known of the file as a whole: its texts, and what it calls the modules of ``FILES_OF``."""

    texts: Texts
    files: Mapping[str, frozenset[str]]


def check_source(source: bytes, *, look_ahead: bool = False) -> list[Finding]:
    """What is not allowed in a file, in the order of its lines.

    Args:
        source: its text, as bytes with an optional coding line.
        look_ahead: also refuse what reads later rows of a table, for forms that are given a whole history.

    """
    if len(source) > _MOST_BYTES:
        return [Finding("size", 0, 0, f"the file has {len(source):,} bytes, at most {_MOST_BYTES:,} are read")]
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        return [Finding("syntax", error.lineno or 0, error.offset or 0, error.msg)]
    except (ValueError, RecursionError, MemoryError) as error:
        return [Finding("syntax", 0, 0, f"not Python source: {str(error) or 'nested too deeply'}")]
    if _depth(tree) > _DEEPEST:
        return [Finding("size", 0, 0, f"the code is nested more than {_DEEPEST} levels deep")]
    texts = Texts(tree)
    program = _Program(texts, _file_modules(tree))
    try:
        found = {finding for node in ast.walk(tree) for finding in _judge(node, look_ahead, program)}
    except RecursionError:
        return [_TANGLED]
    if texts.exhausted:
        return [_TANGLED]
    return sorted(found, key=lambda each: (each.line, each.column, each.rule))


_TANGLED: Final = Finding("size", 0, 0, "texts are put together in more steps than are followed: write them in place")


def module_refusal(name: str, wanted: tuple[str, ...] = ()) -> str:
    """Why a module, or these names of it, may not be imported; "" where they may."""
    root = name.partition(".")[0]
    parts = [f"{name}.{each}" for each in wanted]
    if root == "quantstrip":
        wrong = [each for each in wanted if each not in PLATFORM_NAMES]
        if name not in PLATFORM or wrong or not wanted:
            return f"{', '.join(wrong) or name} is no name that a strategy is written with"
        return ""
    if root not in MODULES:
        return f"{root} may not be imported"
    hidden = [each for each in (name, *parts) for part in HIDDEN if each == part or each.startswith(f"{part}.")]
    if hidden:
        return f"{hidden[0]} reaches files, the system or attributes by a text"
    opened = [each for each in wanted if _opens_files(each) or each in FILES_OF.get(root, ())]
    if opened:
        return f"{opened[0]} reads or writes files, or runs a text: the bars come with on_bar or df"
    inner = [each for each in wanted if each in INNARDS]
    if inner:
        return f"{inner[0]} leads out of the strategy"
    private = [part for part in (*name.split("."), *wanted) if part.startswith("_") or part in SYSTEM]
    if private and name != "__future__":
        return f"{private[0]} is not for strategies"
    return ""


def _judge(node: ast.AST, look_ahead: bool, program: _Program) -> Iterator[Finding]:
    match node:
        case ast.Import():
            for alias in node.names:
                yield from _found("import", node, module_refusal(alias.name))
        case ast.ImportFrom():
            names = tuple(alias.name for alias in node.names)
            refusal = module_refusal(node.module or "", names) if not node.level else "a relative import has no package"
            yield from _found("import", node, refusal or ("name what you import instead of *" if "*" in names else ""))
        case ast.Name():
            yield from _name(node)
        case ast.Attribute():
            yield from _attribute(node, program.files)
        case ast.Constant(value=str()) | ast.BinOp() | ast.JoinedStr() | ast.Subscript():
            yield from _text(node, program.texts)
        case ast.arg(annotation=ast.expr() as said) | ast.AnnAssign(annotation=said):
            yield from _annotated(said)
        case ast.MatchClass():
            for name in node.kwd_attrs:  # ``case object(__class__=found)`` reads the attribute
                yield from _attribute(_read(node, name), program.files)
        case ast.Call():
            yield from _text(node, program.texts)
            yield from _evaluated(node)
            yield from _called_by_text(node)
            yield from _future(node) if look_ahead else ()


def _called_by_text(node: ast.Call) -> Iterator[Finding]:
    """``df.agg("to_csv", ...)`` calls that method."""
    if not (isinstance(node.func, ast.Attribute) and node.func.attr in BY_TEXT):
        return
    for part in (each for given in node.args[:1] + [each.value for each in node.keywords] for each in ast.walk(given)):
        name = part.value if isinstance(part, ast.Constant) else None
        if isinstance(name, str) and (_opens_files(name) or name in {"eval", "query"}):
            yield from _found("file", node, f".{node.func.attr} would call {name}")


def _annotated(said: ast.expr) -> Iterator[Finding]:
    """Code in the texts of an annotation, which pydantic and others run."""
    literal = {
        id(part) for each in ast.walk(said) if isinstance(each, ast.Subscript) and _last(each.value) == "Literal"
        for part in ast.walk(each)
    }  # fmt: skip
    for part in ast.walk(said):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and id(part) not in literal:
            try:
                inner = list(ast.walk(ast.parse(part.value.strip(), mode="eval")))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue  # no code
            for each in {finding for node in inner for finding in _judge(node, False, _Program(Texts(), FILES_OF))}:
                yield from _found(each.rule, said, each.message)


def _text(node: ast.expr, texts: Texts) -> Iterator[Finding]:
    text = texts.of(node)
    if any(f"__{part}__" in text for part in _REACHING):
        yield from _found("text", node, "text with such a name in it reaches the interpreter through format()")


def _name(node: ast.Name) -> Iterator[Finding]:
    if node.id in CALLS:
        yield from _found("builtin", node, f"{node.id} may not be used")
    elif _is_dunder(node.id) and node.id not in DUNDERS and node.id != "__file__":
        yield from _found("name", node, f"{node.id} may not be used")


def _attribute(node: ast.Attribute, files: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    name, owner = node.attr, node.value
    own = (isinstance(owner, ast.Name) and owner.id in _OWN) or _is_super(owner)
    bare = name.lstrip("_")
    if _is_dunder(name):
        if name not in DUNDERS:
            yield from _found("attribute", node, f".{name} leads out of the strategy")
    elif name in INNARDS:
        yield from _found("attribute", node, f".{name} leads out of the strategy")
    elif bare in SYSTEM and (not own or name != bare):
        yield from _found("attribute", node, f".{name} is a module of the system that a library carries")
    elif name.startswith("_") and not own and name not in UNDERSCORED:
        yield from _found("attribute", node, f".{name} is another object's own")
    if not own and _opens_files(name):
        yield from _found("file", node, f".{name} reads or writes files: the bars come with on_bar or df")
    if isinstance(owner, ast.Name) and name in files.get(owner.id, ()):
        yield from _found("file", node, f"{owner.id}.{name} may not be used")


def _evaluated(node: ast.Call) -> Iterator[Finding]:
    """Code in the text of ``df.eval`` and ``df.query``: judged as code, and refused where it is made while it runs."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    texts = [*node.args[:1], *(each.value for each in node.keywords if each.arg in {"expr", None})]
    if name not in {"eval", "query"} or not texts:
        return
    text = texts[0].value if isinstance(texts[0], ast.Constant) else None
    if not isinstance(text, str):
        yield from _found("text", node, f".{name} takes code as text: write it in place, so that it can be judged")
        return
    plain = re.sub(r"`[^`]*`", "column", text).replace("@", "").strip()
    try:
        parts = list(ast.walk(ast.parse(plain)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield from _found("text", node, f".{name} takes code as text, and this text cannot be read as code")
        return
    variables = set(re.findall(r"@\s*(\w+)", text))  # any other name is a column: df has one that is called open
    judged = [part for part in parts if not isinstance(part, ast.Name) or part.id in variables]
    for each in {finding for part in judged for finding in _judge(part, False, _Program(Texts(), FILES_OF))}:
        yield from _found(each.rule, node, each.message)


def _read(node: ast.pattern, name: str) -> ast.Attribute:
    """The attribute that a pattern reads, as if it were written with a dot."""
    return ast.copy_location(ast.Attribute(value=ast.Constant(value=None), attr=name, ctx=ast.Load()), node)


def _future(node: ast.Call) -> Iterator[Finding]:
    """Later rows of a table: negative shifts, centred windows, filling backward."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    named = {keyword.arg: keyword.value for keyword in node.keywords}
    if name in _BACKWARD:
        by = node.args[0] if node.args else named.get("periods")
        if isinstance(by, ast.UnaryOp) and isinstance(by.op, ast.USub):
            yield from _found("look-ahead", node, f".{name} by a negative number reads later bars")
    center = named.get("center")
    if isinstance(center, ast.Constant) and center.value:
        yield from _found("look-ahead", node, "a centred window reads later bars")
    method = named.get("method")
    if name in {"bfill", "backfill"} or (isinstance(method, ast.Constant) and method.value in ("bfill", "backfill")):
        yield from _found("look-ahead", node, "filling backward reads later bars")


def _file_modules(tree: ast.AST) -> dict[str, frozenset[str]]:
    aliases = [each for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names]
    return FILES_OF | {each.asname: FILES_OF[each.name] for each in aliases if each.asname and each.name in FILES_OF}


def _opens_files(name: str) -> bool:
    return name in FILES or name.startswith("read_")


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and len(name) > 4


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def _found(rule: str, node: ast.expr | ast.stmt | ast.pattern, message: str) -> Iterator[Finding]:
    if message:
        yield Finding(rule, node.lineno, node.col_offset + 1, message)


def _depth(tree: ast.AST) -> int:
    """How deep the tree is nested: what comes later walks it by recursion."""
    deepest, waiting = 0, [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting.extend((child, depth + 1) for child in ast.iter_child_nodes(node))
    return deepest


_REACHING: Final = (
    "base", "bases", "builtins", "class", "closure", "code", "dict", "getattribute", "globals", "import", "loader",
    "mro", "reduce", "reduce_ex", "self", "spec", "subclasses", "subclasshook", "traceback", "wrapped",
)  # fmt: skip
"""Words that, between double underscores in a text, are the way of ``"{0.__class__}".format``."""
