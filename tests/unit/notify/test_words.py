"""Addresses, texts, pauses and settings of notifications."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.clock import SECOND
from quantstrip.config import SettingsManager
from quantstrip.config.known import settings_at
from quantstrip.errors import MessageInvalid
from quantstrip.notify import accounts, addresses, retry
from quantstrip.notify.identity import message_id
from quantstrip.notify.options import Options, options, targets
from quantstrip.notify.plain import text_of
from quantstrip.notify.render import render
from quantstrip.notify.summary import parts_of

# Addresses


@pytest.mark.parametrize(
    ("given_", "found"),
    [
        ("a@example.com", ["a@example.com"]),
        ("a@example.com, b@example.com;c@example.com", ["a@example.com", "b@example.com", "c@example.com"]),
        ('Ann <a@example.com>, "Doe, Jane" <j@example.com>', ["a@example.com", "j@example.com"]),
        (["a@example.com", "A@EXAMPLE.COM"], ["a@example.com"]),
        ("jo+tag@sub.example.com", ["jo+tag@sub.example.com"]),
        ("root@localhost", ["root@localhost"]),
        ("jo@münchen.de", ["jo@xn--mnchen-3ya.de"]),
    ],
)
def test_addresses_are_read_as_people_write_them(given_: str | list[str], found: list[str]) -> None:
    assert addresses.parse(given_) == found


@pytest.mark.parametrize(
    "wrong", ["", " , ", "nonsense", "a@", "@b.c", "a b@c.d", "a@b@c", "a@b..c", "a@b.c\nBcc: d@e.f", "a@-", "a@b\x00c"]
)
def test_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(MessageInvalid):
        addresses.parse(wrong)


def test_a_name_without_an_at_is_a_channel() -> None:
    assert addresses.split(["a@example.com", "phone", "phone", " chat "]) == (["a@example.com"], ["phone", "chat"])
    assert addresses.split("phone, b@example.com") == (["b@example.com"], ["phone"])
    assert addresses.split("a@example.com,, b@example.com;") == (["a@example.com", "b@example.com"], [])


@pytest.mark.parametrize("wrong", [["a@example.com", "b@"], "a@example.com, b@", ["@example.com"]])
def test_what_is_no_address_is_refused_and_not_left_out(wrong: str | list[str]) -> None:
    with pytest.raises(MessageInvalid, match="is no mail address"):
        addresses.split(wrong)


@given(st.text(max_size=60))
def test_no_text_becomes_a_header_with_a_line_break(text: str) -> None:
    try:
        found = addresses.header("subject", text)
    except MessageInvalid:
        assert any(ord(character) < 32 or character in "\x7f\u2028\u2029" for character in text)
    else:
        assert len(found.splitlines()) <= 1 or "\x85" in found


@given(st.text(max_size=40))
def test_what_is_taken_for_an_address_holds_nothing_that_ends_one(text: str) -> None:
    try:
        found = addresses.parse(text)
    except MessageInvalid:
        return
    for each in found:
        assert not set(each) & set(' \r\n\t<>,;"()')
        assert each.count("@") == 1


# Accounts


@pytest.mark.parametrize(
    ("port", "use_tls", "security", "meant"),
    [(587, 1, None, "starttls"), (465, 1, None, "tls"), (25, 0, None, "none"), (2525, 1, "tls", "tls")],
)
def test_an_account_of_the_published_columns_means_what_its_port_says(
    port: int, use_tls: int, security: str | None, meant: str
) -> None:
    row = dict.fromkeys(("provider", "username", "password", "from_address", "from_name", "verify_certificate"))
    found = accounts.of_row(
        row | {"name": "a", "smtp_server": "h", "smtp_port": port, "use_tls": use_tls, "security": security,
               "is_default": 0}
    )  # fmt: skip
    assert (found.security, found.verify) == (meant, True)


@pytest.mark.parametrize("server", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "::1", "[::1]"])
def test_this_machine_is_known(server: str) -> None:
    assert accounts.on_this_machine(server)


@pytest.mark.parametrize("server", ["localhost.example.com", "10.0.0.1", "0.0.0.0", "example.com", ""])
def test_other_machines_are_not_this_one(server: str) -> None:
    assert not accounts.on_this_machine(server)


# Settings


def test_the_defaults_in_code_are_those_of_the_settings(settings: SettingsManager) -> None:
    assert options(settings) == Options()
    assert {each.parts[1] for each in settings_at(("notify",))} == set(Options.__slots__)


def test_who_is_told_about_a_client_is_its_own_list_else_the_default(settings: SettingsManager) -> None:
    settings.set_by_path("clients.a.notify", ["x@example.com", "phone"], "list")
    settings.set_by_path("clients.b.notify", [], "list")
    default = ("owner@example.com",)
    assert targets(settings, "a", default) == ("x@example.com", "phone")
    assert targets(settings, "b", default) == ()
    assert targets(settings, "c", default) == default
    assert targets(settings, "", default) == default


# Pauses


@given(attempt=st.integers(1, 10_000), first=st.floats(0.1, 3600), longest=st.floats(0.1, 86400))
def test_a_pause_doubles_up_to_its_limit_and_a_quarter_of_it_is_chance(
    attempt: int, first: float, longest: float
) -> None:
    doubled = min(longest, first * 2.0 ** min(attempt - 1, 40))
    found = retry.pause(attempt, first, longest) / SECOND
    assert 0.75 * doubled - 1e-5 <= found <= doubled + 1e-5


def test_pauses_of_many_messages_differ() -> None:
    assert len({retry.pause(5, 30, 3600) for _ in range(50)}) > 40


# Who sends


def test_message_ids_do_not_repeat() -> None:
    assert len({message_id() for _ in range(100)}) == 100


# Texts


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h1>Done</h1><p>1 &lt; 2 &amp; more</p>", "Done\n1 < 2 & more\n"),
        ("<style>p {}</style><script>x()</script>plain", "plain\n"),
        ("<a href='https://x.org'>here</a>", "here (https://x.org)\n"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two\n"),
        ("<table><tr><td>a</td><td>1</td></tr><tr><td>b</td><td>2</td></tr></table>", "a  1\nb  2\n"),
        ("not closed <p>at <b>all", "not closed\nat all\n"),
    ],
)
def test_html_has_a_plain_twin(html: str, text: str) -> None:
    assert text_of(html) == text


class Signal(NamedTuple):
    symbol: str
    quantity: float


@dataclass
class Position:
    symbol: str
    value: float


@pytest.mark.parametrize(
    ("content", "plain"),
    [
        ("all quiet", "all quiet"),
        ({"symbol": "SPY", "pnl": 12.5}, "symbol   SPY\npnl     12.5"),
        (Signal("SPY", 100.0), "symbol    SPY\nquantity  100"),
        (Position("SPY", float("nan")), "symbol  SPY\nvalue   -"),
        ([Signal("SPY", 1.0), Signal("TLT", 22.5)], "symbol  quantity\nSPY            1\nTLT         22.5"),
        (pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}), "a  b\n1  x\n2  y"),
        (["one", {"k": True}], "one\n\nk  true"),
        (None, "-"),
        ([], ""),
    ],
)
def test_a_summary_shows_whatever_a_strategy_has(content: object, plain: str) -> None:
    lines = [line.rstrip() for line in parts_of(content).plain.splitlines()]
    assert [" ".join(line.split()) for line in lines] == [" ".join(line.split()) for line in plain.splitlines()]


def test_templates_escape_in_html_and_not_in_text() -> None:
    values = {"title": "<T>", "paragraphs": ["<b>&"], "tables": [], "footer": ""}
    found = render("summary", values, "plain")
    assert "&lt;b&gt;&amp;" in found.html
    assert "<b>&" in found.text
    assert found.problem == ""


@pytest.mark.parametrize(
    "template", ["{% if %}", "{{ missing }}", "{{ 1 / 0 }}", "{% include 'nowhere' %}", "{{ ''.__class__.__mro__ }}"]
)
def test_a_wrong_template_of_ones_own_falls_back_to_plain_text_that_says_so(tmp_path: Path, template: str) -> None:
    (tmp_path / "summary.html.j2").write_text(template)
    values = {"title": "T", "paragraphs": ["words"], "tables": [], "footer": ""}
    found = render("summary", values, "plain", tmp_path)
    assert found.html == ""
    assert found.text.startswith("words")
    assert "because a template has an error: summary.html.j2" in found.text
    (tmp_path / "summary.txt.j2").write_text(template)
    assert render("summary", values, "plain", tmp_path).text.startswith("plain\n")
