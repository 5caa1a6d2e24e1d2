"""A command that fails: one message, one JSON value, and commands in it that ask the same home."""

import json
import os
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from quantstrip.cli.failure import report
from quantstrip.cli.session import Session, plain
from quantstrip.home import MARKER, Home

from .conftest import Run

FAILING: dict[str, tuple[tuple[str, ...], int, str]] = {
    "refused": (("deploy", "nobody", "--json"), 1, "ClientNotFound"),
    "an empty query": (("db", "query", "", "--json"), 1, "LedgerError"),
    "a wrong setting": (("settings", "set", "logs.level", "LOUD", "--json"), 1, "SettingsError"),
    "an unknown option": (("status", "--wings", "--json"), 2, "UsageError"),
    "an unknown command": (("fly", "--json"), 2, "UsageError"),
    "a missing argument": (("settings", "get", "--json"), 2, "UsageError"),
    "no symbols": (("backtest", __file__, "--symbols", ",", "--json"), 2, "UsageError"),
    "an unusable home": (("--home", "", "status", "--json"), 2, "UsageError"),
}


@pytest.mark.parametrize("name", list(FAILING))
def test_with_json_a_failure_is_one_json_value_on_stdout_and_a_message_on_stderr(quantstrip: Run, name: str) -> None:
    arguments, code, kind = FAILING[name]
    done = quantstrip(*arguments)
    (error,) = json.loads(done.stdout).values()
    assert (done.returncode, error["exit_code"], error["type"]) == (code, code, kind)
    assert error["message"]
    assert error["message"].splitlines()[0] in done.stderr


SUCCEEDING = (
    ("status",),
    ("doctor",),
    ("settings", "list"),
    ("settings", "get", "dashboard"),
    ("settings", "known"),
    ("settings", "set", "mine.x", "1"),
    ("settings", "delete", "mine.x"),
    ("settings", "rotate-key"),
    ("token",),
    ("token", "--rotate"),
    ("db", "migrate"),
    ("db", "backup"),
    ("db", "query", "SELECT 9e999 AS infinite, x'00ff' AS bytes"),
    ("service", "status"),
)


def test_with_json_a_success_is_one_json_value_on_stdout(quantstrip: Run) -> None:
    for arguments in SUCCEEDING:
        done = quantstrip(*arguments, "--json")
        assert done.returncode in {0, 1} if arguments == ("doctor",) else done.returncode == 0, done

        def refuse(constant: str, arguments: tuple[str, ...] = arguments) -> None:
            pytest.fail(f"{arguments} printed {constant}, which is not JSON")

        json.loads(done.stdout, parse_constant=refuse)


def test_what_json_cannot_write_is_null_and_bytes_are_hexadecimal(quantstrip: Run) -> None:
    assert plain({"a": [float("nan"), float("inf"), 1.5, b"\x00\xff"]}) == {"a": [None, None, 1.5, "00ff"]}
    found = json.loads(quantstrip("db", "query", "SELECT 9e999, x'00ff'", "--json").stdout)
    assert found["rows"] == [[None, "00ff"]]


def test_a_fault_of_the_program_is_told_as_one_and_its_trace_is_kept(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(Session(home.root), ZeroDivisionError("division by zero"), as_json=True) == 1
    out = capsys.readouterr()
    assert json.loads(out.out)["error"]["type"] == "ZeroDivisionError"
    assert "ZeroDivisionError: division by zero\nThis is a fault of the program." in out.err
    assert "Traceback" not in out.err
    assert "ZeroDivisionError" in (home.logs / "commands.log").read_text()


def test_without_a_home_the_trace_of_a_fault_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ZeroDivisionError("division by zero")
    except ZeroDivisionError as error:
        report(Session(tmp_path / "none"), error, as_json=False)
    assert "Traceback" in capsys.readouterr().err


def test_what_the_system_refuses_is_a_message_without_a_trace(quantstrip: Run, home: Home) -> None:
    home.settings_file.mkdir()
    done = quantstrip("settings", "get", "dashboard.port")
    assert (done.returncode, str(home.settings_file) in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    assert report(Session(home.root), PermissionError(13, "Permission denied", "/somewhere"), as_json=False) == 1


def test_ctrl_c_is_an_answer_too(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    for error in (KeyboardInterrupt(), click.Abort()):
        assert report(Session(home.root), error, as_json=True) == 130
        assert json.loads(capsys.readouterr().out)["error"]["type"] == "Interrupted"


@pytest.mark.parametrize("name", ["plain", "with a blank", "it's"])
def test_a_hint_names_the_home_where_it_was_not_the_default_one(quantstrip: Run, tmp_path: Path, name: str) -> None:
    other = Home(tmp_path / name).create()
    hint = quantstrip("--home", str(other.root), "down").stderr.splitlines()[1]
    command = shlex.split(hint.partition("Start it with: ")[2])
    assert command == ["quantstrip", "--home", str(other.root), "up"]
    told = json.loads(quantstrip("--home", str(other.root), "db", "query", "", "--json").stdout)["error"]["hint"]
    assert shlex.split(told.partition(": ")[2])[:3] == ["quantstrip", "--home", str(other.root)]


def test_a_hint_says_no_more_than_needed_where_the_home_is_the_default_one(quantstrip: Run, home: Home) -> None:
    for arguments in (("down",), ("--home", str(home.root), "down")):
        assert quantstrip(*arguments).stderr.splitlines()[1] == "Start it with: quantstrip up"


def test_a_hint_of_the_demo_names_the_demo(quantstrip: Run) -> None:
    for arguments in (("--demo", "down"), ("down", "--demo")):
        assert quantstrip(*arguments).stderr.splitlines()[1] == "Start it with: quantstrip up --demo"


def test_the_home_is_put_into_commands_and_into_nothing_else(tmp_path: Path) -> None:
    session = Session(tmp_path)
    named = f"quantstrip --home {tmp_path} "
    told: dict[str, str] = {
        "quantstrip up": f"{named}up",
        "run: quantstrip deploy NAME, then quantstrip start NAME": f"run: {named}deploy NAME, then {named}start NAME",
        "quantstrip init /elsewhere": "quantstrip init /elsewhere",
        "quantstrip --home /x up": "quantstrip --home /x up",
        "pip install quantstrip again": "pip install quantstrip again",
    }
    assert {text: session.named(text) for text in told} == told


def test_a_home_with_a_blank_is_quoted_wherever_a_command_is_shown(quantstrip: Run, tmp_path: Path) -> None:
    root = tmp_path / "my home"
    shown = [
        quantstrip("init", str(root)).stdout,
        quantstrip("--home", str(root), "status").stdout,
        quantstrip("--home", str(root), "doctor").stdout,
        Session(root).named(f"Stop it with: quantstrip --home {root} down"),
    ]
    for text in shown:
        assert f"quantstrip --home '{root}' " in text
        assert f"--home {root}" not in text


def test_the_trace_goes_to_the_home_that_was_named(quantstrip: Run, tmp_path: Path, home: Home) -> None:
    other = Home(tmp_path / "other").create()
    assert quantstrip("--home", str(other.root), "deploy", "nobody").returncode == 1
    assert "ClientNotFound" in (other.logs / "commands.log").read_text()
    assert not (home.logs / "commands.log").exists()


def test_an_empty_name_of_a_folder_or_file_is_never_the_working_folder(quantstrip: Run, tmp_path: Path) -> None:
    before = sorted(os.listdir(tmp_path))  # noqa: PTH208 - names
    for arguments in (("init", ""), ("init", " "), ("--home", "", "init"), ("db", "backup", "")):
        done = quantstrip(*arguments)
        assert (done.returncode, "got an empty one" in done.stderr) == (2, True), done
    assert sorted(os.listdir(tmp_path)) == before  # noqa: PTH208
    assert not (tmp_path / MARKER).exists()


@pytest.mark.parametrize("given", ["", ",", "AAPL,", " , "])
def test_a_backtest_of_no_symbols_is_not_one_of_all(quantstrip: Run, tmp_path: Path, given: str) -> None:
    (tmp_path / "any.py").touch()
    done = quantstrip("backtest", str(tmp_path / "any.py"), "--symbols", given)
    assert (done.returncode, "such as AAPL,MSFT" in done.stderr) == (2, True)


@pytest.mark.parametrize("sql", ["", "  ", ";", "-- a thought", "/* a thought */"])
def test_a_query_that_asks_for_nothing_is_refused(quantstrip: Run, sql: str) -> None:
    done = quantstrip("db", "query", "--", sql)
    assert (done.returncode, done.stdout, "a SELECT was expected" in done.stderr) == (1, "", True)


def test_the_token_is_printed_as_an_address_and_renewed(quantstrip: Run, home: Home) -> None:
    first = quantstrip("token")
    assert first.stdout == f"http://127.0.0.1:8051/?token={home.token_file.read_text()}"
    assert "No service runs yet" in first.stderr
    assert quantstrip("token").stdout == first.stdout
    found: dict[str, Any] = json.loads(quantstrip("token", "--rotate", "--json").stdout)
    assert found["url"] != first.stdout.strip()
    assert (found["port"], found["running"]) == (8051, False)
    assert quantstrip("--home", str(home.root / "none"), "token").returncode == 1
    home.token_file.chmod(0o644)
    assert "quantstrip token --rotate" in quantstrip("token").stderr
    assert quantstrip("token", "--rotate").returncode == 0
    assert quantstrip("token").returncode == 0
