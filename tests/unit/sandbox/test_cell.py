"""The cell holds code that got past every check of its text: the kernel refuses, and what it takes is bounded."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from quantstrip.errors import SandboxError
from quantstrip.operations.strategy_check import check
from quantstrip.operations.untrusted_cell import CHILD
from quantstrip.sandbox import Limits, ask

# The way out that needs no import: from an object to a class of the standard library that knows the module os.
_OUT = """
reach = [each for each in ().__class__.__bases__[0].__subclasses__() if each.__name__ == "_wrap_close"][0]
names = reach.__init__.__globals__
system = names["sys"].modules
def tell(act):
    try:
        return f"did {act()!r}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
os, real = system["os"], system["builtins"]
"""


def said_by(code: str, **limits: float) -> str:
    """What the cell says to code that ends in an error whose text is its answer."""
    request = _request("evil.py", f"{_OUT}\n{code}")
    return str(ask(CHILD, request, limits=Limits(**{"seconds": 10.0, **limits}))["error"])  # type: ignore[arg-type]


def _request(file: str, source: str) -> dict[str, object]:
    return {"act": "check", "file": file, "source": source, "symbols": ["TEST"], "parameters": {}, "tables": [],
            "patience": 60.0}  # fmt: skip


def test_no_file_of_the_user_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("key")
    words = said_by(
        f"raise ValueError([tell(lambda p=p: real.open(p).read()) for p in "
        f"({str(secret)!r}, '/etc/passwd', '/proc/self/environ', '/proc/{os.getpid()}/environ')])"
    )
    assert words.count("PermissionError") == 4
    assert "key" not in words


def test_nothing_is_written_or_removed(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    words = said_by(
        f"folder = {str(tmp_path)!r}\n"
        "raise ValueError([tell(lambda: real.open(folder + '/new', 'w')), tell(lambda: os.remove(folder + '/kept')),"
        " tell(lambda: os.mkdir(folder + '/made')), tell(lambda: os.chmod(folder + '/kept', 0))])"
    )
    assert "did" not in words
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept").stat().st_mode & 0o777 != 0


def test_no_connection_comes_to_be() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        words = said_by(
            "import_ = real.__import__\nlow = import_('_socket')\n"
            f"raise ValueError([tell(lambda f=f: low.socket(f, 1)) for f in (2, 10, 1)] + [{server.getsockname()[1]}])"
        )
    assert words.count("PermissionError") == 3


def test_no_other_program_or_process_is_started_or_signalled() -> None:
    words = said_by(
        "raise ValueError([tell(os.fork), tell(lambda: os.execv('/bin/true', ['true'])),"
        f" tell(lambda: os.kill({os.getpid()}, 0)), tell(lambda: os.posix_spawn('/bin/true', ['true'], {{}}))])"
    )
    assert words.count("PermissionError") == 4


def test_its_environment_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_KEY", "hidden")
    assert "BROKER_KEY" not in said_by("raise ValueError(sorted(os.environ))")


def test_a_loop_without_end_is_ended_and_its_line_is_told() -> None:
    words = said_by("names = []\nwhile True: pass", seconds=1.0)
    assert words == f"evil.py, line {_OUT.count(chr(10)) + 3}: the code took more than 1 s of processor time"


def test_a_loop_that_catches_every_error_is_ended_too() -> None:
    try:
        words = said_by("while True:\n    try:\n        while True: pass\n    except BaseException: pass", seconds=1.0)
    except SandboxError as error:  # it was killed; else the signal came between two tries
        words = error.message
    assert "more than 1 s of processor time" in words


def test_code_that_sleeps_for_ever_is_ended_when_it_is_no_longer_wanted() -> None:
    asked = 0

    def still_wanted(_share: float) -> None:
        nonlocal asked
        asked += 1
        if asked > 5:
            raise SandboxError("no longer wanted")

    with pytest.raises(SandboxError, match="no longer wanted"):
        ask(
            CHILD,
            _request("f.py", "import time\ntime.sleep(60)"),
            b"",
            None,
            still_wanted,
        )


def test_memory_has_an_end() -> None:
    words = said_by("raise ValueError(tell(lambda: len(bytearray(3_000_000_000))))", memory=500)
    assert "MemoryError" in words


def test_words_without_end_are_no_answer() -> None:
    assert "expected one class" in said_by("for _ in range(20_000): real.print('x' * 100)")


def test_an_answer_that_the_code_forges_is_only_data() -> None:
    """It may lie about itself; it cannot make us run anything."""
    request = {"file": "f.py", "source": f"{_OUT}\nos.write(1, b'[1]')\nos._exit(0)", "symbols": ["TEST"]}
    with pytest.raises(SandboxError, match="without an answer"):
        ask(CHILD, request)


def test_where_folders_cannot_be_told_apart_no_file_is_opened_at_all() -> None:
    code = (
        "import threading\nfrom quantstrip.sandbox.seccomp import refuse_system\nassert refuse_system(files=True)\n"
        "thread = threading.Thread(target=print, args=('a thread runs',))\nthread.start()\nthread.join()\n"
        "open('/dev/null')\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout == "a thread runs\n"
    assert "PermissionError" in ran.stderr


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("import os\n", "import", 1),
        ("x = 1\nclass S(:\n", "syntax", 2),
        ("x = 1\n", "subclass", 0),
        ("from quantstrip import StrategyBase\nclass S(StrategyBase):\n    pass\n", "subclass", 2),
        ("from quantstrip import StrategyBase\n\nclass S(StrategyBase):\n    def __init__(self, symbols=None):\n"
         "        super().__init__('s', symbols)\n        1 / 0\n    def on_bar(self, bar):\n        return []\n",
         "construct", 6),
    ],
)  # fmt: skip
def test_a_check_names_the_rule_and_the_line(tmp_path: Path, text: str, rule: str, line: int) -> None:
    file = tmp_path / "s.py"
    file.write_text(text)
    found = check(file)
    assert not found.passed
    assert [(each.rule, each.line) for each in found.findings] == [(rule, line)]


def test_a_strategy_that_passes_is_described() -> None:
    found = check(Path(__file__).parents[3] / "examples" / "ma_cross.py")
    assert found.passed
    assert found.strategy["parameters"] == {"fast": 10, "slow": 30}
    assert found.strategy["symbols"] == ["TEST"]
