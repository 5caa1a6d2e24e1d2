"""The exception tree: drawn in the docstring as it is, each message with what to do."""

import pickle
import re

import pytest

from quantstrip import errors
from quantstrip.errors import DataError, InvalidRecord, OrderRefused, PortInUse, QuantstripError, UnknownRecord

CLASSES = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, QuantstripError)]


def drawn() -> dict[str, str]:
    """Class and its base, read from the tree in the module's docstring."""
    parents: list[str] = []
    found: dict[str, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^(?:    )?([│├└─ ]*)([A-Z][A-Za-z]+)(?:\s{2,}|$)", line)
        if not match or match[2] not in vars(errors):
            continue
        depth = len(match[1]) // 4
        del parents[depth:]
        found[match[2]] = parents[-1] if parents else "Exception"
        parents.append(match[2])
    return found


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    assert drawn() == {each.__name__: each.__bases__[0].__name__ for each in CLASSES}


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_says_what_it_means(kind: type[QuantstripError]) -> None:
    assert kind.__doc__
    assert kind.__doc__ != QuantstripError.__doc__ or kind is QuantstripError


def test_the_hint_stands_on_its_own_line() -> None:
    error = PortInUse("port 8051 is in use", hint="choose another with --port")
    assert str(error) == "port 8051 is in use\nchoose another with --port"
    assert (error.message, error.hint) == ("port 8051 is in use", "choose another with --port")
    assert str(OrderRefused("no cash")) == "no cash"


def test_where_python_has_a_word_for_it_that_is_caught_too() -> None:
    assert issubclass(InvalidRecord, ValueError)
    assert issubclass(DataError, ValueError)
    assert issubclass(UnknownRecord, LookupError)


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_crosses_a_process_boundary_whole(kind: type[QuantstripError]) -> None:
    copy = pickle.loads(pickle.dumps(kind("message", hint="hint")))
    assert (type(copy), str(copy), copy.hint) == (kind, "message\nhint", "hint")
