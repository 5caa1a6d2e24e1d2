"""The one line of a trace that says what happened."""

import json.decoder
import traceback
from pathlib import Path

import pytest

from quantstrip.client.loader import construct, load_file, load_trace
from quantstrip.errors import ClientLoadError, DataError
from quantstrip.operations.traces import error_of, place_of


def load_error(tmp_path: Path, source: str) -> str:
    path = tmp_path / "mine.py"
    path.write_text(source)
    with pytest.raises(ClientLoadError) as caught:
        construct(load_file(path, "mine", tmp_path))
    return load_trace(caught.value)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import nobody_has_this\n", "mine.py imports 'nobody_has_this', which is not there"),
        ("x = 1\n", "ClientLoadError: mine.py defines no client class"),
        ("1 / 0\n", "mine.py raised ZeroDivisionError while it was imported: division by zero"),
    ],
)
def test_of_a_load_error_it_is_the_error_and_not_the_advice(tmp_path: Path, source: str, error: str) -> None:
    trace = load_error(tmp_path, source)
    assert error_of(trace) == error
    assert place_of(trace)[1] > 0


def test_of_an_error_of_ours_it_is_the_message_and_not_the_advice() -> None:
    try:
        raise DataError("IBM.csv line 3: low is -1", hint="Correct the line.")
    except DataError as error:
        trace = "".join(traceback.format_exception(error))
    assert error_of(trace) == "DataError: IBM.csv line 3: low is -1"


def test_of_a_chain_it_is_the_last_error() -> None:
    try:
        try:
            raise KeyError("IBM")
        except KeyError as first:
            raise ValueError("no price of IBM") from first
    except ValueError as error:
        trace = "".join(traceback.format_exception(error))
    assert error_of(trace) == "ValueError: no price of IBM"


def test_of_words_that_are_no_trace_it_is_the_first_line() -> None:
    assert error_of("no heartbeat for 31 s; it is killed and started again") == (
        "no heartbeat for 31 s; it is killed and started again"
    )
    assert error_of("") == ""
    assert place_of("") == ("", 0)


def test_the_place_is_in_the_users_own_code_though_a_library_raised_and_the_platform_raised_it_again(
    tmp_path: Path,
) -> None:
    trace = load_error(tmp_path, "import json\n\n\ndef read():\n    return json.loads('{')\n\n\nread()\n")
    assert place_of(trace) == (str(tmp_path / "mine.py"), 5)


def test_the_place_is_where_it_ends_where_no_frame_is_the_users_own() -> None:
    library = json.decoder.__file__
    trace = f'Traceback (most recent call last):\n  File "{library}", line 3, in decode\n    boom\nValueError: no'
    assert place_of(trace) == (library, 3)
