"""Settings between real processes: nothing lost, nothing torn, and a failed save changes nothing."""

import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import keyring
import pytest
from keyring.backends.null import Keyring

from quantstrip.clock import system_clock
from quantstrip.config import SettingsManager
from quantstrip.errors import SecretError
from quantstrip.home import Home

SECONDS = 60.0


@pytest.fixture(autouse=True)
def no_keyring() -> Iterator[None]:
    """No test touches the keyring of whoever runs it."""
    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


def start(home: Home, program: str, *arguments: str) -> subprocess.Popen[str]:
    """A process of its own, with ``settings`` bound through ``QUANTSTRIP_HOME`` as in a client and no keyring."""
    environment = os.environ | {
        "QUANTSTRIP_HOME": str(home.root),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    return subprocess.Popen(
        [sys.executable, "-c", f"import sys\nfrom quantstrip.config import settings\n{program}", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out, err


def test_four_processes_that_write_at_once_lose_nothing(home: Home) -> None:
    program = "for n in range(25): settings.set_by_path(f'mine.{sys.argv[1]}.n{n}', n, 'int')"
    writers = [start(home, program, name) for name in "abcd"]
    assert [outcome(writer)[::2] for writer in writers] == [(0, "")] * 4
    assert SettingsManager(home).get("mine") == {name: {f"n{n}": n for n in range(25)} for name in "abcd"}


def test_first_secrets_of_several_processes_share_one_key(home: Home) -> None:
    writers = [start(home, "settings.set_by_path(f's.{sys.argv[1]}', sys.argv[1] * 9, 'secret')", n) for n in "abcd"]
    assert [outcome(writer)[::2] for writer in writers] == [(0, "")] * 4
    settings = SettingsManager(home)
    assert [settings.get(f"s.{name}") for name in "abcd"] == [name * 9 for name in "abcd"]
    assert (home.settings / "secret.key").read_text().count("\n") == 1


def test_a_running_process_sees_what_another_one_sets(home: Home) -> None:
    program = (
        "print(settings.get('mine.x'), flush=True)\n"
        "for line in sys.stdin: print(settings.get(line.strip()), flush=True)\n"
    )
    environment = os.environ | {"QUANTSTRIP_HOME": str(home.root)}
    with subprocess.Popen(
        [sys.executable, "-c", f"import sys\nfrom quantstrip.config import settings\n{program}"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as reader:
        assert reader.stdin
        assert reader.stdout
        assert reader.stdout.readline() == "None\n"
        for value in (1, 2, 3):
            SettingsManager(home).set_by_path("mine.x", value, "int")
            reader.stdin.write("mine.x\n")
            reader.stdin.flush()
            assert reader.stdout.readline() == f"{value}\n"
        reader.stdin.close()


def test_readers_never_see_half_a_file_and_a_rotating_key_stays_readable(home: Home) -> None:
    SettingsManager(home).set_by_path("broker.password", "a secret that rotates", "secret")
    read = (
        "import quantstrip.clock as c\n"
        "end = c.system_clock.monotonic() + 3\n"
        "count = 0\n"
        "while c.system_clock.monotonic() < end:\n"
        "    settings._bound = None\n"
        "    assert settings.get('broker.password') == 'a secret that rotates'\n"
        "    count += 1\n"
        "print(count)\n"
    )
    readers = [start(home, read) for _ in range(2)]
    settings = SettingsManager(home)
    for number in range(10):
        settings.rotate_key()
        settings.set_by_path("mine.number", number, "int")
    for code, out, err in map(outcome, readers):
        assert (code, err[-600:]) == (0, "")
        assert int(out) > 10


def test_a_save_on_a_full_disk_leaves_the_old_file_whole(home: Home) -> None:
    SettingsManager(home).set_by_path("mine.text", "before")
    before = home.settings_file.read_bytes()
    program = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "settings.set_by_path('mine.text', 'x' * 10_000)\n"
    )
    code, _, err = outcome(start(home, program))
    assert code == 1
    assert "settings.toml cannot be written: File too large; it is unchanged" in err
    assert home.settings_file.read_bytes() == before
    assert sorted(path.name for path in home.settings.iterdir()) == [".lock", "settings.toml"]


def test_a_writer_killed_at_any_moment_leaves_a_whole_file_and_no_lock(home: Home) -> None:
    program = (
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    settings.set_by_path('mine.pair', {'a': n, 'b': n, 'long': 'x' * 5000}, 'dict')\n"
        "    print(n, flush=True)\n"
    )
    for attempt in range(5):
        writer = start(home, program)
        assert writer.stdout
        writer.stdout.readline()
        system_clock.wait(0.013 * attempt)
        writer.send_signal(signal.SIGKILL)
        outcome(writer)
        pair = tomllib.loads(home.settings_file.read_text())["mine"]["pair"]
        assert pair["a"] == pair["b"] > 0
        assert len(list(home.settings.iterdir())) <= 3  # the file, the lock, and what one killed writer left
        SettingsManager(home).set_by_path("mine.after", attempt, "int")


def test_a_service_without_the_keyring_of_the_desktop_says_what_to_do(home: Home) -> None:
    record = '{"place": "keyring", "account": "abc", "fingerprints": ["0011223344556677"]}'
    (home.settings / "keystore.json").write_text(record)
    home.settings_file.write_text('[broker]\npassword = {secret = "gAAAAA"}\n')
    code, _, err = outcome(start(home, "settings.get('broker.password')"))
    assert code == 1
    assert SecretError.__name__ in err
    assert "quantstrip settings move-key file" in err


def test_importing_and_reading_settings_loads_nothing_heavy(home: Home) -> None:
    program = (
        "assert settings.get('dashboard.port') == 8051\n"
        "heavy = {'pandas', 'numpy', 'tomlkit', 'cryptography', 'keyring', 'sqlalchemy', 'loguru'}\n"
        "print(sorted(heavy & sys.modules.keys()))\n"
    )
    assert outcome(start(home, program)) == (0, "[]\n", "")
