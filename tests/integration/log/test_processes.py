"""Log streams of real processes."""

import os
import signal
import subprocess
import sys

from quantstrip.home import Home
from quantstrip.log import tail

HEAD = """
import logging, sys
from pathlib import Path
from quantstrip.home import Home
from quantstrip.log import logger, open_stream
home = Home(Path(sys.argv[1]))
"""


def start(home: Home, program: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HEAD + program, str(home.root)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_every_line_before_a_kill_is_in_the_file(home: Home) -> None:
    process = start(
        home,
        "open_stream(home, 's')\n"
        "n = 0\n"
        "while True:\n"
        "    logger.info(f'line {n}')\n"
        "    print(n, flush=True)\n"
        "    n += 1\n",
    )
    assert process.stdout
    for _ in range(200):
        last = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    outcome(process)
    logged = [int(line.rsplit(" ", 1)[1]) for line in tail(home, "s", 100_000)]
    assert logged == list(range(len(logged)))
    assert len(logged) > last >= 199


def test_the_zone_of_the_machine_is_used_where_none_is_chosen(home: Home) -> None:
    program = (
        "from quantstrip.clock import ManualClock, from_text\n"
        "open_stream(home, 's', clock=ManualClock(from_text('2026-01-17 03:00:00')))\n"
        "logger.info('evening before')\n"
    )
    assert outcome(start(home, program, TZ="America/New_York")) == (0, "", "")
    assert tail(home, "s")[0].startswith("2026-01-16 22:00:00 - INFO - ")


def test_a_full_disk_stops_no_client_and_is_told_afterwards(home: Home) -> None:
    program = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "open_stream(home, 's', capture_output=True)\n"
        "logger.info('before')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))\n"
        "for n in range(100): logger.info(f'lost {n}'); logging.getLogger('a').info('lost'); print('lost')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "logger.info('after')\n"
    )
    code, _, err = outcome(start(home, program))
    assert code == 0
    assert err.count("cannot be written: File too large") == 1
    lines = tail(home, "s")
    assert lines[0].endswith("before")
    assert lines[-1].endswith("after")
    assert any("log entries before this one could not be written: File too large" in line for line in lines)


def test_streams_of_several_processes_stay_apart(home: Home) -> None:
    program = (
        "open_stream(home, '{0}', max_megabytes=0.05)\n"  # small enough to fill several files
        "for n in range(500): logger.info(f'{0} {{n}} ' + 'x' * 100)\n"
    )
    processes = [start(home, program.format(name)) for name in ("a", "b", "c")]
    assert [outcome(process) for process in processes] == [(0, "", "")] * 3
    for name in ("a", "b", "c"):
        lines = tail(home, name, 1000)
        assert all(f" - {name} " in line for line in lines)
        assert f"{name} 499 " in lines[-1]


def test_warnings_and_unhandled_exceptions_reach_the_stream(home: Home) -> None:
    program = (
        "import warnings\n"
        "open_stream(home, 's', capture_output=True)\n"
        "warnings.warn('old function')\n"
        "raise RuntimeError('the end')\n"
    )
    assert outcome(start(home, program))[0] == 1
    text = "\n".join(tail(home, "s"))
    assert "UserWarning: old function" in text
    assert " - WARNING - stderr - MainThread - RuntimeError: the end" in text


def test_what_was_printed_last_without_a_newline_is_kept_and_bytes_pass_by(home: Home) -> None:
    program = (
        "open_stream(home, 's', capture_output=True)\n"
        "sys.stdout.buffer.write(b'raw')\n"
        "print('the last words', end='')\n"
    )
    assert outcome(start(home, program)) == (0, "raw", "")
    assert tail(home, "s")[-1].endswith(" - INFO - stdout - MainThread - the last words")


def test_a_logger_used_before_any_stream_shows_no_values(home: Home) -> None:
    program = (
        "account = 'U' + '1234567'\n"
        "try:\n"
        "    1 / (len(account) - 8)\n"
        "except ZeroDivisionError:\n"
        "    logger.exception('failed')\n"
    )
    code, _, err = outcome(start(home, program))
    assert code == 0
    assert "ZeroDivisionError" in err
    assert "U1234567" not in err


def test_loading_the_log_loads_nothing_heavy(home: Home) -> None:
    program = (
        "open_stream(home, 's')\n"
        "print(sorted({'pandas', 'numpy', 'tomlkit', 'cryptography', 'sqlalchemy'} & sys.modules.keys()))\n"
    )
    assert outcome(start(home, program)) == (0, "[]\n", "")
