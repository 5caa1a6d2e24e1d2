"""The command line: help, homes, errors, and what programs may read."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest

from quantstrip.cli import COMMANDS, cli
from quantstrip.home import Home, asset

from .conftest import Run

HEAVY = (
    "pandas",
    "numpy",
    "streamlit",
    "sqlalchemy",
    "loguru",
    "tomlkit",
    "supervisor",
    "jinja2",
    "psutil",
    "schedule",
)


def modules_after(*arguments: str) -> set[str]:
    code = (
        "import sys\nfrom quantstrip.cli import run\n"
        f"code = run({list(arguments)!r})\n"
        "print(code, *sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    code_, *names = done.stderr.split()
    assert code_ == "0", done.stderr
    return set(names)


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("up", "--help"), ("db", "--help")])
def test_help_loads_nothing_that_costs(arguments: tuple[str, ...]) -> None:
    assert modules_after(*arguments) & set(HEAVY) == set()


def mute(command: click.Command, name: str) -> list[str]:
    """The command, those below it, and their options, as far as they do not say what they do."""
    options = [each for each in command.params if isinstance(each, click.Option) and not each.help]
    found = [] if command.help else [name]
    found += [f"{name} {each.opts[0]}" for each in options]
    for part, below in getattr(command, "commands", {}).items():
        found += mute(below, f"{name} {part}")
    return found


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_and_every_option_says_what_it_does(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert mute(command, name) == []


def test_an_unknown_command_is_wrong_usage(quantstrip: Run) -> None:
    for arguments in (("fly",), ("up", "--wings"), ("settings", "set", "a"), ("up", "--port", "70000")):
        done = quantstrip(*arguments)
        assert done.returncode == 2, arguments
        assert "Usage:" in done.stderr


def test_an_error_is_one_readable_message_and_its_trace_is_in_the_log(quantstrip: Run, home: Home) -> None:
    done = quantstrip("deploy", "nobody")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[0].startswith("Error: no client 'nobody'")
    assert "Traceback" not in done.stderr
    assert "ClientNotFound" in (home.logs / "commands.log").read_text()


def test_init_makes_a_home_and_leaves_one_that_is_there(quantstrip: Run, tmp_path: Path) -> None:
    target = tmp_path / "fresh"
    done = quantstrip("init", str(target))
    assert done.returncode == 0
    assert Home(target).exists()
    helper = target / "clients" / "Utils" / "calendar_utils.py"
    helper.write_text("# mine now\n")
    assert quantstrip("init", str(target)).returncode == 0
    assert helper.read_text() == "# mine now\n"


def test_a_home_that_nobody_made_is_an_error_that_says_how_to_make_it(quantstrip: Run, tmp_path: Path) -> None:
    target = tmp_path / "nowhere"
    for arguments in (("deploy", "x"), ("start", "x"), ("db", "query", "SELECT 1"), ("settings", "set", "a.b", "1")):
        done = quantstrip("--home", str(target), *arguments)
        assert done.returncode == 1
        assert f"quantstrip init {target}" in done.stderr
    assert not target.exists()


def test_home_and_demo_exclude_each_other(quantstrip: Run, tmp_path: Path) -> None:
    done = quantstrip("--home", str(tmp_path), "--demo", "status")
    assert done.returncode == 2


def test_status_without_a_service_is_no_error_and_readable_by_programs(quantstrip: Run, home: Home) -> None:
    assert "No service runs" in quantstrip("status").stdout
    (home.clients / "mine.py").write_text(
        "from quantstrip import ClientBase\n\n\nclass Client(ClientBase):\n    pass\n"
    )
    assert quantstrip("deploy", "mine").returncode == 0
    found: dict[str, Any] = json.loads(quantstrip("status", "--json").stdout)
    assert (found["running"], found["home"]) == (False, str(home.root))
    (client,) = found["clients"]
    assert {"name", "state", "pid", "started", "heartbeat", "restarts", "last_error"} <= set(client)
    assert (client["name"], client["state"], client["pid"], client["started"]) == ("mine", "stopped", 0, None)


def test_down_without_a_service_says_so(quantstrip: Run) -> None:
    done = quantstrip("down")
    assert (done.returncode, "no service runs" in done.stderr) == (1, True)


def test_settings_are_set_shown_and_deleted(quantstrip: Run) -> None:
    assert quantstrip("settings", "set", "dashboard.port", "8099").returncode == 0
    assert quantstrip("settings", "get", "/config/dashboard/port").stdout == "8099\n"
    rows = json.loads(quantstrip("settings", "list", "dashboard", "--json").stdout)
    assert any(row["path"] == "dashboard.port" and row["value"] == 8099 for row in rows)
    assert quantstrip("settings", "delete", "dashboard.port").returncode == 0
    assert quantstrip("settings", "get", "dashboard.port").stdout == "8051\n"
    assert quantstrip("settings", "get", "no.such").returncode == 1


def test_a_secret_comes_from_standard_input_and_is_never_shown(quantstrip: Run, home: Home) -> None:
    refused = quantstrip("settings", "set", "clients.x.key", "hunter22", "--type", "secret")
    assert refused.returncode == 2
    assert "never an argument" in refused.stderr
    assert quantstrip("settings", "set", "clients.x.key", "--type", "secret").returncode == 2, "nothing was given"
    done = quantstrip("settings", "set", "clients.x.key", "--type", "secret", given="hunter22\n")
    assert done.returncode == 0
    shown = [
        quantstrip("settings", "get", "clients.x.key").stdout,
        quantstrip("settings", "get", "clients.x", "--json").stdout,
        quantstrip("settings", "list").stdout,
        home.settings_file.read_text(),
    ]
    assert not any("hunter22" in text for text in shown)


def test_a_setting_keeps_its_type_unless_another_is_named_so_a_secret_stays_one(quantstrip: Run) -> None:
    quantstrip("settings", "set", "clients.x.key", "--type", "secret", given="hunter22\n")
    refused = quantstrip("settings", "set", "clients.x.key", "in the clear")
    assert refused.returncode == 2
    assert "never an argument" in refused.stderr
    assert quantstrip("settings", "set", "clients.x.cash", "5000", "--type", "float").returncode == 0
    assert quantstrip("settings", "set", "clients.x.cash", "much").returncode == 1
    assert quantstrip("settings", "set", "clients.x.cash", "7000").returncode == 0
    assert json.loads(quantstrip("settings", "get", "clients.x", "--json").stdout)["cash"] == 7000.0


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [("--quantity", "nan", "quantity must be"), ("--quantity", "0", "quantity must be"), ("--fee-rate", "5", "0.001")],
)
def test_a_backtest_refuses_numbers_that_mean_nothing(
    quantstrip: Run, tmp_path: Path, option: str, value: str, expected: str
) -> None:
    file = tmp_path / "any.py"
    file.touch()
    refused = quantstrip("backtest", str(file), option, value)
    assert refused.returncode == 1
    assert expected in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_backtest_refuses_dates_in_the_wrong_order_and_a_parameter_given_twice(quantstrip: Run) -> None:
    strategy = str(asset("examples") / "ma_cross.py")
    swapped = quantstrip("backtest", strategy, "--start", "2010-01-01", "--end", "2005-01-01")
    assert (swapped.returncode, "start 2010-01-01 lies after end 2005-01-01" in swapped.stderr) == (1, True)
    twice = quantstrip("backtest", strategy, "--param", "fast=5", "--param", "fast=6")
    assert (twice.returncode, "fast is given twice" in twice.stderr) == (2, True)


def test_the_ledger_is_queried_read_only(quantstrip: Run) -> None:
    assert quantstrip("db", "migrate").returncode == 0
    found = json.loads(quantstrip("db", "query", "SELECT ? AS a, 2 AS b", "--param", "x", "--json").stdout)
    assert (found["columns"], found["rows"]) == (["a", "b"], [["x", 2]])
    assert quantstrip("db", "query", "SELECT 1 AS one").stdout.split() == ["one", "1"]
    refused = quantstrip("db", "query", "DELETE FROM client")
    assert refused.returncode == 1
    assert "Error:" in refused.stderr
    assert quantstrip("db", "query", "SELEC").returncode == 1


def test_more_rows_than_the_limit_are_told(quantstrip: Run) -> None:
    sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10) SELECT i FROM n"
    assert json.loads(quantstrip("db", "query", sql, "--limit", "3", "--json").stdout)["truncated"]
    assert not json.loads(quantstrip("db", "query", sql, "--limit", "10", "--json").stdout)["truncated"]


def test_a_backup_is_a_whole_database_and_replaces_no_file(quantstrip: Run, tmp_path: Path, home: Home) -> None:
    target = tmp_path / "copy.db"
    assert quantstrip("db", "backup", str(target)).returncode == 0
    assert target.read_bytes().startswith(b"SQLite format 3")
    again = quantstrip("db", "backup", str(target))
    assert (again.returncode, "exists" in again.stderr) == (1, True)
    assert quantstrip("db", "backup").returncode == 0
    assert len(list(home.backups.iterdir())) == 1


def test_logs_are_shown_by_name(quantstrip: Run, home: Home) -> None:
    (home.logs / "mine.log").write_text("".join(f"line {n}\n" for n in range(100)))
    assert quantstrip("logs", "mine", "-n", "3").stdout.splitlines() == ["line 97", "line 98", "line 99"]
    missing = quantstrip("logs", "yours")
    assert (missing.returncode, "Logs: mine" in missing.stderr) == (1, True)


def test_a_log_is_taken_file_by_file(quantstrip: Run, home: Home) -> None:
    (home.logs / "mine.2026-01-16.log").write_text("yesterday\n")
    (home.logs / "mine.log").write_text("today\n")
    table = quantstrip("logs", "mine", "--files").stdout.splitlines()
    assert [row.split() for row in table[1:]] == [["mine.log", "6"], ["mine.2026-01-16.log", "10"]]
    assert quantstrip("logs", "mine", "--file", "mine.2026-01-16.log").stdout == "yesterday\n"
    refused = quantstrip("logs", "mine", "--file", "../settings.toml")
    assert (refused.returncode, "has no file" in refused.stderr) == (1, True)
    assert quantstrip("logs", "mine", "--files", "-f").returncode == 2


def test_logs_are_searched_by_level_words_and_moment(quantstrip: Run, home: Home) -> None:
    quantstrip("settings", "set", "platform.timezone", "UTC")
    lines = [f"2026-01-17 14:{n:02}:00 - {'ERROR' if n % 9 == 8 else 'INFO'} - m - T - entry {n}\n" for n in range(60)]
    (home.logs / "mine.log").write_text("".join(f"{line}  its trace\n" for line in lines))
    errors = quantstrip("logs", "mine", "-n", "2", "--level", "error").stdout.splitlines()
    assert [line.rpartition("entry ")[2] for line in errors] == ["44", "  its trace", "53", "  its trace"]
    assert quantstrip("logs", "mine", "--find", "ENTRY 12").stdout.count("\n") == 2
    local = datetime(2026, 1, 17, 14, 30, tzinfo=UTC).astimezone()
    since = quantstrip("logs", "mine", "-n", "3", "--since", f"{local:%Y-%m-%d %H:%M:%S}").stdout
    assert re.findall(r"entry (\d+)", since) == ["30", "31", "32"]


def test_doctor_names_what_is_wrong_and_what_to_do(quantstrip: Run, home: Home) -> None:
    found = {check["name"]: check for check in json.loads(quantstrip("doctor", "--json").stdout)}
    for name in ("python", "shipped files", "home", "settings", "ledger", "port"):
        assert found[name]["ok"], found[name]
    home.settings_file.write_text("not = [toml")
    done = quantstrip("doctor")
    assert done.returncode == 1
    line = next(line for line in done.stdout.splitlines() if "settings:" in line)
    assert line.startswith("FAIL")


def test_a_service_unit_is_written_where_the_user_keeps_them(
    quantstrip: Run, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    done = quantstrip("service", "install")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "config" / "systemd" / "user" / "quantstrip.service").exists()
    assert json.loads(quantstrip("service", "status", "--json").stdout)["installed"]
    assert quantstrip("service", "uninstall").returncode == 0
    assert not json.loads(quantstrip("service", "status", "--json").stdout)["installed"]
    assert quantstrip("service", "install", "--system", "--run-as", "root").returncode == 1


STRATEGY = """
from quantstrip import Signal, StrategyBase


class Once(StrategyBase):
    parameters = ["day"]

    def __init__(self, symbols=None, day=1):
        super().__init__(name="once", symbols=symbols or ["IBM"])
        self.day = day
        self.seen = 0

    def on_bar(self, bar):
        self.seen += 1
        return [Signal("IBM", "BUY", quantity=10)] if self.seen == self.day else []
"""


def test_a_backtest_prints_a_summary_or_one_json_object(quantstrip: Run, tmp_path: Path) -> None:
    path = tmp_path / "once.py"
    path.write_text(STRATEGY)
    arguments = ("backtest", str(path), "--start", "2005-01-01", "--end", "2005-02-01", "--param", "day=3")
    plain = quantstrip(*arguments)
    assert plain.returncode == 0, plain.stderr
    assert "fills" in plain.stdout
    found = json.loads(quantstrip(*arguments, "--json", "--label", "close").stdout)
    (fill,) = found["fills"]
    assert (fill["symbol"], fill["side"], fill["quantity"]) == ("IBM", "BUY", 10)
    assert fill["exec_time"].startswith("2005-01-06 ")
    assert quantstrip(*arguments, "--param", "day").returncode == 2
    assert quantstrip("backtest", str(tmp_path / "none.py")).returncode == 2
    path.write_text("class Once:\n")
    broken = quantstrip(*arguments)
    assert (broken.returncode, "once.py" in broken.stderr) == (1, True)


@pytest.mark.parametrize("words", [("notify", "add"), ("settings", "set"), ("db", "query")])
def test_examples_in_the_help_stand_on_lines_of_their_own(quantstrip: Run, words: tuple[str, ...]) -> None:
    shown = quantstrip(*words, "--help").stdout
    assert "\\b" not in shown
    examples = [line for line in shown.splitlines()[1:] if f"quantstrip {' '.join(words)} " in line]
    assert len(examples) >= 2
    assert all(line.count("quantstrip ") == 1 for line in examples)
    assert all(line.strip().startswith("quantstrip ") for line in examples)
