"""What the code editor offers: the public names of the package, and what there is to query."""

import inspect
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cache
from typing import Any, Final

import quantstrip
from quantstrip.editor import Completion
from quantstrip.operations.sql_schema import Relation

_PACKAGE: Final = "quantstrip"
_OURS: Final = ("quantstrip", "loguru", "schedule")
"""Where a member must be written to be offered: what every str or tuple has too would hide it."""
_ATTRIBUTES: Final = re.compile(r"^Attributes:\n((?:[ ]{4,}.*\n|\n)+)", re.MULTILINE)
_ATTRIBUTE: Final = re.compile(r"^    (\w+): (.+(?:\n {5,}.+)*)", re.MULTILINE)
_PRIVATE: Final = re.compile(r"^_\w+?__")  # what Python makes of a parameter called __message
_LONG: Final = 48


@cache
def python_completions() -> tuple[Completion, ...]:
    """The public names, their members, the scheduler's and its jobs', with signature and the first line about each."""
    found = [Completion(_PACKAGE, "module", info=_first_line(quantstrip))]
    for name in quantstrip.__all__:
        public = _class_of(name)
        made = _described(name, public)
        is_object = inspect.isclass(public) and public is not getattr(quantstrip, name)
        found.append(Completion(name, "variable", made.detail, made.info) if is_object else made)
        found += _members(name, public)
    scheduler = _annotated(quantstrip.ClientBase, "scheduler")
    for owner in ("ClientBase", "StrategyClient"):
        found += _members(f"{owner}.scheduler", scheduler)
        found += _members(f"{owner}.scheduler.every()", _annotated(scheduler.every, "return"))
    names = [each for each in found[1:] if "." not in each.label]
    return (*found, *(Completion(f"{_PACKAGE}.{each.label}", each.kind, each.detail, each.info) for each in names))


def sql_completions(relations: Iterable[Relation]) -> tuple[Completion, ...]:
    """Tables and views, and their columns as members of them."""
    found = []
    for each in relations:
        found.append(Completion(each.name, "view" if each.is_view else "table", info=each.about))
        found += [Completion(f"{each.name}.{col.name}", "column", col.kind, col.meaning) for col in each.columns]
    return tuple(found)


def _class_of(name: str) -> Any:
    """What a public name is inspected as: the object, or its class. To ask ``db_handler`` itself opens the ledger."""
    from quantstrip.ledger import Ledger

    if name == "db_handler":
        return Ledger
    public = getattr(quantstrip, name)
    return public if inspect.isclass(public) or inspect.isroutine(public) else type(public)


def _members(path: str, owner: Any) -> Iterator[Completion]:
    if not inspect.isclass(owner):
        return
    said = _attributes(owner)
    for name in sorted({*dir(owner), *said}):
        if name.startswith("_"):
            continue
        member = inspect.getattr_static(owner, name, None)
        if issubclass(owner, Enum):
            if isinstance(member, owner):
                yield Completion(f"{path}.{name}", "constant", info=_sentence(said.get(name, "")))
        elif _is_ours(owner, name, member) or name in said:
            described = _described(f"{path}.{name}", member)
            yield described if described.info else _with_info(described, said.get(name, ""))


def _is_ours(owner: type, name: str, member: Any) -> bool:
    """Tell whether it is written in the package, or in a library whose object is a public name."""
    written = next((base for base in owner.__mro__ if name in vars(base)), None)
    inherited = getattr(inspect.unwrap(member) if callable(member) else member, "__module__", "")
    return written is not None and (written.__module__.startswith(_OURS) or str(inherited).startswith(_OURS))


def _described(label: str, member: Any) -> Completion:
    if isinstance(member, (staticmethod, classmethod)):
        member = member.__func__
    if inspect.isclass(member):
        return Completion(label, "class", info=_first_line(member))
    if isinstance(member, property):
        return Completion(label, "property", info=_first_line(member))
    if not inspect.isroutine(member):
        return Completion(label, "property")
    signature = _signature(member, bound="." in label)
    short = signature if len(signature) <= _LONG else f"{signature[:_LONG]}..."
    said = _first_line(member)
    info = said if short == signature else f"{label.rpartition('.')[2]}{signature}\n{said}".strip()
    return Completion(label, "method" if "." in label else "function", short, info)


def _with_info(completion: Completion, words: str) -> Completion:
    return Completion(completion.label, completion.kind, completion.detail, _sentence(words))


def _signature(member: Any, *, bound: bool) -> str:
    """Parameters with their defaults; types are in the documentation."""
    parameters = list(inspect.signature(member).parameters.values())
    plain = [each.replace(name=_PRIVATE.sub("", each.name), annotation=inspect.Parameter.empty) for each in parameters]
    if bound and plain and plain[0].name in ("self", "cls"):
        del plain[0]
    return str(inspect.Signature(plain))


def _first_line(member: Any) -> str:
    return _sentence((inspect.getdoc(member) or "").partition("\n\n")[0])


def _sentence(words: str) -> str:
    """One paragraph in plain text, without the marks of the documentation's markup."""
    return re.sub(r":\w+:`([^`]+)`", r"\1", " ".join(words.split())).replace("``", "")


def _attributes(owner: type) -> dict[str, str]:
    """What the docstrings of a class and its bases say under "Attributes"."""
    found: dict[str, str] = {}
    for base in reversed(owner.__mro__):
        said = inspect.cleandoc(base.__doc__ or "") if base.__module__.startswith(_OURS) else ""
        if block := _ATTRIBUTES.search(f"{said}\n"):
            found |= dict(_ATTRIBUTE.findall(block[1]))
    return found


def _annotated(owner: Any, name: str) -> Any:
    return inspect.get_annotations(owner, eval_str=True)[name]
