"""The README's first command, typed in a clean clone, and what the user finds a minute later."""

import json
import os
import random
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
CLIENTS = ("ma_cross", "rsi_reversion")
FILLS = (
    "SELECT symbol, side, quantity, price, exec_time, commission FROM v_executions "
    "WHERE mode = 'replay' AND current_run = 1 AND strategy = ? ORDER BY exec_time, symbol, side"
)


def readme_commands() -> list[str]:
    """The shell blocks of the README, as a newcomer copies them."""
    return re.findall(r"```sh\n(.+?)\n```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


@dataclass
class Installation:
    """A clean clone with its own environment, user data folder and port."""

    clone: Path
    data: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("QUANTSTRIP", "PYTHON", "VIRTUAL_ENV", "COV"))}
        return {**kept, "XDG_DATA_HOME": str(self.data)}

    @property
    def home(self) -> Path:
        return self.data / "quantstrip" / "demo"

    def run(self, *arguments: str) -> str:
        command = [str(self.clone / ".venv/bin/quantstrip"), "--home", str(self.home), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=120, env=self.environment, cwd=self.clone, check=False
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json"))

    def clients(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in self.json("status")["clients"]}

    def fills(self, strategy: str) -> list[tuple[Any, ...]]:
        rows = self.json("db", "query", FILLS, "--param", strategy, "--limit", "100000")["rows"]
        return [tuple(row) for row in rows]


def until(what: str, check: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.25)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, "subprocess.Popen[str]"]]:
    folder = tmp_path_factory.mktemp("first")
    made = Installation(folder / "clone", folder / "data", free_port())
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(made.clone)], check=True)
    command = readme_commands()[0].replace("quantstrip up --demo", f"quantstrip up --demo --port {made.port}")
    assert str(made.port) in command, "the README's first block is the first command"
    shell = subprocess.Popen(
        ["bash", "-c", command],
        cwd=made.clone,
        env=made.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield made, shell
    finally:
        if shell.poll() is None:
            os.killpg(shell.pid, signal.SIGINT)
            try:
                shell.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(shell.pid, signal.SIGKILL)
        if shell.stdout is not None:
            shell.stdout.close()
        shell.wait()


@pytest.mark.timeout(600)
def test_the_first_command_runs_two_strategies_that_survive_kills_and_equal_their_backtests(
    installation: tuple[Installation, "subprocess.Popen[str]"],
) -> None:
    made, shell = installation
    assert shell.stdout is not None
    printed: list[str] = []

    def address() -> str | None:
        assert shell.stdout is not None
        while line := shell.stdout.readline():
            printed.append(line)
            if match := re.search(r"(http://127\.0\.0\.1:\d+/\?token=\S+)", line):
                return match.group(1)
        raise AssertionError("the command ended: " + "".join(printed))

    url = address()
    assert url is not None
    assert f":{made.port}/" in url
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())  # the token's answer is a cookie
    with browser.open(url, timeout=30) as page:
        assert page.status == 200

    def both_running() -> bool:
        clients = made.clients()
        return set(clients) >= set(CLIENTS) and all(clients[name]["state"] == "running" for name in CLIENTS)

    until("both strategies run", both_running, 30)
    until("both have fills", lambda: all(made.fills(name) for name in CLIENTS), 60)

    # Ten kills in a minute are more than the restart policy forgives; here they are the point.
    made.run("settings", "set", "service.restart_delays", json.dumps([0] * 12), "--type", "list")

    seed = random.randrange(2**32)
    chance = random.Random(seed)
    print(f"kill seed {seed}")
    for _ in range(10):
        name = chance.choice(CLIENTS)
        time.sleep(chance.uniform(0.5, 4.0))
        pid = made.clients()[name]["pid"]
        os.kill(pid, signal.SIGKILL)
        until(f"{name} runs again", partial(restarted, made, name, pid), 40)

    expected = {name: backtest_fills(made, name) for name in CLIENTS}
    assert all(len(fills) > 20 for fills in expected.values())
    for name in CLIENTS:
        until(f"{name} reaches the last bar", partial(has_fills, made, name, len(expected[name])), 120)
        time.sleep(1.0)  # a doubled fill would come after the last one, so give it a moment to show
        assert made.fills(name) == expected[name]

    stop_and_leave_nothing(made, shell)


def restarted(made: Installation, name: str, old: int) -> bool:
    client = made.clients()[name]
    return client["state"] == "running" and client["pid"] not in (0, None, old)


def has_fills(made: Installation, name: str, count: int) -> bool:
    return len(made.fills(name)) >= count


def backtest_fills(made: Installation, name: str) -> list[tuple[Any, ...]]:
    result = made.json("backtest", str(made.clone / "examples" / f"{name}.py"), "--label", "close")
    rows = [(f["symbol"], f["side"], f["quantity"], f["price"], f["exec_time"], f["fee"]) for f in result["fills"]]
    return sorted(rows, key=lambda row: (row[4], row[0], row[1]))


def stop_and_leave_nothing(made: Installation, shell: "subprocess.Popen[str]") -> None:
    os.killpg(shell.pid, signal.SIGINT)
    shell.wait(60)
    mine = str(made.home)
    left = [p.info for p in psutil.process_iter(["pid", "cmdline"]) if mine in " ".join(p.info["cmdline"] or ())]
    assert left == [], "a process outlived the service"
    assert not (made.home / "data/run/supervisor.sock").exists()
    assert not (made.home / "data/run/service.json").exists()
    assert free_again(made.home / "data/run/locks"), "a lock is still held"


def free_again(locks: Path) -> bool:
    """True when nobody holds any lock file."""
    import fcntl

    for path in locks.iterdir():
        with path.open() as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
    return True
