"""Users, their roles and passwords, and when the dashboard may be reached from elsewhere."""

import json
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.config import SettingsManager
from quantstrip.errors import ConfigError, SecretError
from quantstrip.home import Home
from quantstrip.operations import passwords, users
from quantstrip.operations.exposure import check_exposure
from quantstrip.operations.oidc import OidcRefused, Provider, known_user
from quantstrip.operations.roles import ROLES, allows
from quantstrip.operations.users import User

PASSWORD = "correct horse battery"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def put(home: Home) -> Callable[..., None]:
    """Set settings; a dot for each two underscores."""

    def put(**values: object) -> None:
        for name, value in values.items():
            SettingsManager(home).set_by_path(name.replace("__", "."), value)

    return put


def test_a_user_is_kept_with_a_hash_in_a_file_for_its_owner_alone(home: Home) -> None:
    users.add_user(home, "ann", "operator", PASSWORD)
    text = home.users_file.read_text()
    assert stat.S_IMODE(home.users_file.stat().st_mode) == 0o600
    assert PASSWORD not in text
    stored = users.read_users(home)["ann"].password
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$"), "the parameters of OWASP's cheat sheet"
    assert passwords.matches(PASSWORD, stored)
    assert not passwords.matches(PASSWORD + "x", stored)
    assert [(each.name, each.role, each.login) for each in users.list_users(home)] == [("ann", "operator", "password")]
    assert PASSWORD not in repr(users.read_users(home))
    assert stored not in repr(users.read_users(home))


def test_two_users_of_one_password_have_two_hashes_and_an_accent_may_be_typed_in_two_ways() -> None:
    one, other = passwords.hashed("caf\u00e9 au lait noir"), passwords.hashed("caf\u00e9 au lait noir")
    assert one != other
    assert passwords.matches("cafe\u0301 au lait noir", one)


@pytest.mark.parametrize(
    "stored",
    ["", "x", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$bad", "$argon2i$v=19$m=8,t=1,p=1$YWFhYWFhYWE$YWFhYQ"],
)
def test_what_is_no_hash_matches_no_password(stored: str) -> None:
    assert not passwords.matches("", stored)
    assert not passwords.matches(PASSWORD, stored)


@pytest.mark.parametrize(
    "password", ["", "short", "elevenchars", "a" * 20, "abababababababab", "the.name.of.ann", "x" * 300]
)
def test_a_password_that_is_easily_guessed_is_refused_and_adds_nobody(home: Home, password: str) -> None:
    with pytest.raises(SecretError) as refused:
        users.add_user(home, "the.name.of.ann", "viewer", password)
    assert password == "" or password not in str(refused.value)
    assert users.list_users(home) == []


@pytest.mark.parametrize("name", ["", "owner", "Owner", "a b", "<x>", "-x", "\u00e9va", "x" * 101, "a/b", "a\n"])
def test_what_is_no_name_is_refused(home: Home, name: str) -> None:
    with pytest.raises(ConfigError, match="name"):
        users.add_user(home, name, "viewer", None)


def test_a_name_is_given_once_whatever_its_capital_letters(home: Home) -> None:
    users.add_user(home, "Ann@example.com", "viewer", None)
    with pytest.raises(ConfigError, match="already"):
        users.add_user(home, "ann@EXAMPLE.com", "admin", None)
    assert users.list_users(home)[0].role == "viewer"


def test_who_is_not_there_is_told_with_those_who_are(home: Home) -> None:
    users.add_user(home, "ann", "viewer", None)
    changes: list[Callable[[], None]] = [
        lambda: users.set_role(home, "ben", "viewer"),
        lambda: users.set_password(home, "ben", PASSWORD),
        lambda: users.remove_user(home, "ben"),
    ]
    for change in changes:
        with pytest.raises(ConfigError, match="no user 'ben'; users: ann"):
            change()
    with pytest.raises(ConfigError, match="viewer, operator, admin"):
        users.set_role(home, "ann", "king")


def test_a_new_password_changes_the_stamp_and_a_new_role_does_not(home: Home) -> None:
    users.add_user(home, "ann", "viewer", PASSWORD)
    first = users.read_users(home)["ann"]
    users.set_role(home, "ann", "admin")
    second = users.read_users(home)["ann"]
    users.set_password(home, "ann", PASSWORD + "!")
    third = users.read_users(home)["ann"]
    assert (second.stamp == first.stamp, third.stamp == first.stamp) == (True, False)
    assert (second.role, third.role) == ("admin", "admin")


def test_users_added_at_one_time_are_all_there(home: Home) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: users.add_user(home, f"user{number}", "viewer", None), range(16)))
    assert len(users.list_users(home)) == 16


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"users": 3}',
        '{"users": {"ann": {}}}',
        "\xff",
        '{"users": {"ann": {"role": "king", "password": "", "stamp": "", "created": ""}}}',
    ],
)
def test_a_damaged_file_lets_nobody_in_and_is_left_alone(home: Home, text: str) -> None:
    home.users_file.write_bytes(text.encode("latin-1"))
    home.users_file.chmod(0o600)
    with pytest.raises(SecretError, match="users"):
        users.read_users(home)
    with pytest.raises(SecretError):
        users.add_user(home, "ann", "viewer", None)
    assert home.users_file.read_bytes() == text.encode("latin-1")


@given(st.sampled_from(ROLES), st.sampled_from(ROLES))
def test_a_role_may_what_those_before_it_may(role: str, needed: str) -> None:
    assert allows(role, needed) == (ROLES.index(role) >= ROLES.index(needed))
    assert not allows("", needed)
    assert not allows(role.upper(), needed)


# Listening elsewhere


def test_on_this_machine_alone_nothing_is_needed(home: Home) -> None:
    assert not check_exposure(home).exists
    assert not check_exposure(home, "127.0.0.1").exists


@pytest.mark.parametrize(
    "elsewhere", [{"dashboard__address": "0.0.0.0"}, {"dashboard__hosts": ["https://quant.example"]}]
)
def test_elsewhere_is_refused_until_an_admin_can_log_in(
    home: Home, put: Callable[..., None], elsewhere: dict[str, object]
) -> None:
    put(**elsewhere, dashboard__plain_http=True)
    for name, role, password in (("olga", "operator", PASSWORD), ("o@example.com", "admin", None)):
        with pytest.raises(ConfigError, match="nobody can log in"):
            check_exposure(home)
        users.add_user(home, name, role, password)
        with pytest.raises(ConfigError, match="nobody can log in") as refused:
            check_exposure(home)
        assert "quantstrip user add NAME --role admin" in refused.value.hint
    users.add_user(home, "ann", "admin", PASSWORD)
    assert check_exposure(home).exists


def test_a_provider_counts_as_a_way_to_log_in_for_an_admin_without_a_password(
    home: Home, put: Callable[..., None]
) -> None:
    put(
        dashboard__hosts=["https://quant.example"],
        oidc__metadata_url="https://id.example/.well-known/openid-configuration",
    )
    users.add_user(home, "o@example.com", "admin", None)
    with pytest.raises(ConfigError, match="OIDC is set up in part"):
        check_exposure(home)
    put(oidc__client_id="quant", oidc__client_secret="s3cret-of-the-client")
    assert check_exposure(home).hosts == ("https://quant.example",)
    assert "s3cret" not in home.settings_file.read_text(), "kept as a secret, whoever set it"


def test_a_network_that_reads_along_needs_a_word_of_its_own(home: Home, put: Callable[..., None]) -> None:
    users.add_user(home, "ann", "admin", PASSWORD)
    for readable in ({"dashboard__address": "192.168.1.5"}, {"dashboard__hosts": ["http://box.lan"]}):
        put(**{"dashboard__address": "127.0.0.1", "dashboard__hosts": [], **readable})
        with pytest.raises(ConfigError, match="without TLS") as refused:
            check_exposure(home)
        assert "dashboard.plain_http" in refused.value.hint
    put(dashboard__plain_http=True)
    assert check_exposure(home).needs_plain


def test_tls_needs_a_certificate_with_its_key_that_can_be_used(home: Home, put: Callable[..., None]) -> None:
    users.add_user(home, "ann", "admin", PASSWORD)
    issued, other = trustme.CA().issue_cert("quant.example"), trustme.CA().issue_cert("other.example")
    issued.cert_chain_pems[0].write_to_path(home.settings / "cert.pem")
    issued.private_key_pem.write_to_path(home.settings / "key.pem")
    other.private_key_pem.write_to_path(home.settings / "other.pem")
    put(dashboard__address="192.168.1.5", dashboard__tls_certificate="settings/cert.pem")
    with pytest.raises(ConfigError, match="belong together"):
        check_exposure(home)
    for key in ("settings/other.pem", "settings/none.pem"):
        put(dashboard__tls_key=key)
        with pytest.raises(ConfigError, match="cannot be used"):
            check_exposure(home)
    put(dashboard__tls_key="settings/key.pem")
    found = check_exposure(home)
    assert (found.scheme, found.needs_plain, found.urls(8051)) == ("https", False, ["https://192.168.1.5:8051"])


def test_the_last_admin_of_a_dashboard_that_others_reach_stays(home: Home, put: Callable[..., None]) -> None:
    users.add_user(home, "ann", "admin", PASSWORD)
    users.add_user(home, "olga", "operator", PASSWORD)
    put(dashboard__hosts=["https://quant.example"])
    changes: list[Callable[[], None]] = [
        lambda: users.remove_user(home, "ann"),
        lambda: users.set_role(home, "ann", "viewer"),
    ]
    for change in changes:
        with pytest.raises(ConfigError, match="last admin"):
            change()
    assert users.read_users(home)["ann"].role == "admin"
    users.set_role(home, "olga", "admin")
    users.remove_user(home, "ann")
    put(dashboard__hosts=[])
    users.remove_user(home, "olga")
    assert users.list_users(home) == []


# What a provider says


PROVIDER = Provider("https://id.example", "quant", "secret", "Example", "email", "openid")
KNOWN = {name: User(name, "viewer", "", "stamp", "") for name in ("Ann@Example.com", "auth0|Abc")}


def test_a_verified_address_of_a_user_is_that_user_whatever_its_capital_letters() -> None:
    claims = {"email": "ann@example.COM", "email_verified": True, "sub": "1"}
    assert known_user(claims, PROVIDER, KNOWN).name == "Ann@Example.com"


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"email": "ann@example.com"}, "verified"),
        ({"email": "ann@example.com", "email_verified": False}, "verified"),
        ({"email": "ann@example.com", "email_verified": "true"}, "verified"),
        ({"email": "eve@example.com", "email_verified": True}, "nobody of that name"),
        ({"email": ["ann@example.com"], "email_verified": True}, "did not say your email"),
        ({"email": "", "email_verified": True}, "did not say your email"),
        ({}, "did not say your email"),
    ],
)
def test_anything_else_is_refused_with_the_reason(claims: dict[str, object], words: str) -> None:
    with pytest.raises(OidcRefused, match=words):
        known_user(claims, PROVIDER, KNOWN)


def test_another_claim_is_compared_letter_by_letter() -> None:
    by_sub = Provider("https://id.example", "quant", "secret", "Example", "sub", "openid")
    assert known_user({"sub": "auth0|Abc"}, by_sub, KNOWN).name == "auth0|Abc"
    with pytest.raises(OidcRefused, match="nobody of that name"):
        known_user({"sub": "auth0|abc"}, by_sub, KNOWN)


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.sampled_from(["email", "email_verified", "sub"]), st.none() | st.booleans() | st.text() | st.integers()
    )
)
def test_no_claims_of_a_stranger_name_a_user(claims: dict[str, object]) -> None:
    if str(claims.get("email")).casefold() != "ann@example.com":
        with pytest.raises(OidcRefused):
            known_user(claims, PROVIDER, KNOWN)


def test_users_are_no_setting(home: Home) -> None:
    users.add_user(home, "ann", "admin", PASSWORD)
    assert "ann" not in json.dumps(SettingsManager(home).items())
