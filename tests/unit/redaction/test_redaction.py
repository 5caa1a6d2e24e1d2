"""Values that are never shown."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.redaction import MASK, forget, register, scrub


@given(st.text(min_size=4, max_size=40).filter(lambda secret: secret.strip() == secret), st.text(), st.text())
def test_a_registered_value_is_gone_wherever_it_stands(secret: str, before: str, after: str) -> None:
    program_secret = f"Q{secret}Q"  # so that examples do not hide each other's words
    register(program_secret)
    assert program_secret not in scrub(f"{before}{program_secret}{after}")


def test_the_longer_of_two_secrets_is_hidden_whole() -> None:
    register("prefix-secret")
    register("prefix-secret-longer")
    assert scrub("a prefix-secret-longer b prefix-secret c") == f"a {MASK} b {MASK} c"


def test_the_form_in_an_address_is_hidden_too() -> None:
    register("p@ss word/+")
    assert scrub("https://host/?p=p%40ss%20word%2F%2B&x=1") == f"https://host/?p={MASK}&x=1"


def test_each_line_of_a_key_is_hidden() -> None:
    line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
    register(f"-----BEGIN PRIVATE KEY-----\n{line}\n-----END PRIVATE KEY-----\n")
    assert scrub(f"read {line} of it") == f"read {MASK} of it"


def test_very_short_values_are_left_alone() -> None:
    register("abc")
    register("")
    assert scrub("abc is the alphabet") == "abc is the alphabet"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password=hunter2", f"password={MASK}"),
        ("PASSWORD: hunter2, next", f"PASSWORD: {MASK}, next"),
        ('{"api_key": "k-123", "x": 1}', f'{{"api_key": "{MASK}", "x": 1}}'),
        ("Authorization: Bearer abc.def-ghi", f"Authorization: Bearer {MASK}"),
        ("'authorization': 'Basic dXNlcjpwYXNz'", f"'authorization': 'Basic {MASK}'"),
        ("sent with Bearer abcdefghijklmnop1234", f"sent with Bearer {MASK}"),
        ("http://127.0.0.1:8051/?token=abc&page=2", f"http://127.0.0.1:8051/?token={MASK}&page=2"),
        ("client_secret='x y'", f"client_secret='{MASK} y'"),
    ],
)
def test_what_is_named_like_a_secret_is_hidden(text: str, shown: str) -> None:
    assert scrub(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-17 14:30:45 - INFO - ma_cross - MainThread - bought 100 AAPL at 182.31",
        "the password was changed",
        "3 tokens left",
        "basic strategy",
        "the bearer of bad news",
        "tokenizer: fast",
    ],
)
def test_ordinary_lines_stay_as_they_are(text: str) -> None:
    assert scrub(text) == text


def test_nothing_registered_costs_no_pattern_and_changes_nothing() -> None:
    program = "from quantstrip import redaction; print(redaction._pattern, redaction.scrub('plain'))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "None plain\n"


def test_what_is_forgotten_is_shown_again() -> None:
    register("a common word")
    assert scrub("a common word") == MASK
    forget()
    assert scrub("a common word") == "a common word"
