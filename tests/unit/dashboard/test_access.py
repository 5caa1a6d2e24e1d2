"""The login token: one per home, for its owner alone."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from quantstrip.errors import SecretError
from quantstrip.home import Home
from quantstrip.operations import access


def test_the_token_is_made_once_and_stays(home: Home) -> None:
    first = access.token(home)
    assert len(first) >= 43  # 256 bits, in base 64
    assert access.token(home) == first
    assert access.login_url(home, 8051) == f"http://127.0.0.1:8051/?token={first}"


def test_processes_that_start_together_agree_on_one_token(home: Home) -> None:
    with ThreadPoolExecutor(16) as pool:
        seen = set(pool.map(lambda _: access.token(home), range(64)))
    assert seen == {access.token(home)}
    assert [path.name for path in home.run.iterdir() if "token" in path.name] == ["token"]


def test_only_its_owner_can_read_the_token(home: Home) -> None:
    access.token(home)
    assert stat.S_IMODE(home.token_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.token_file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_token_that_others_can_read_is_refused(home: Home, mode: int) -> None:
    access.token(home)
    home.token_file.chmod(mode)
    with pytest.raises(SecretError, match=f"{mode:o}") as refused:
        access.token(home)
    assert "quantstrip token --rotate" in refused.value.hint


@pytest.mark.parametrize("text", ["", "short\n", "\xff" * 40])
def test_a_file_that_holds_no_token_is_refused_and_left_alone(home: Home, text: str) -> None:
    home.token_file.write_bytes(text.encode("latin-1"))
    home.token_file.chmod(0o600)
    with pytest.raises(SecretError, match="no login token"):
        access.token(home)
    assert home.token_file.read_bytes() == text.encode("latin-1")


def test_a_rotated_token_is_another_one(home: Home) -> None:
    first = access.token(home)
    second = access.rotate(home)
    assert second != first
    assert access.token(home) == second
    assert stat.S_IMODE(home.token_file.stat().st_mode) == 0o600
