"""Secrets: encrypted in the file, masked in listings, with a key that is checked before it is used."""

import json
from typing import Any

import keyring
import pytest
from cryptography.fernet import Fernet, InvalidToken
from keyring.backends.fail import Keyring as FailKeyring

from quantstrip import redaction
from quantstrip.config import SettingsManager, ValueType
from quantstrip.config.keys import Place
from quantstrip.errors import SecretError, SettingsError
from quantstrip.home import Home

SECRET = "correct horse battery staple"


@pytest.fixture
def kept(settings: SettingsManager) -> SettingsManager:
    """Settings with one secret, its key in a file."""
    settings.set_by_path("broker.password", SECRET, "secret")
    return settings


def test_a_secret_is_read_back_and_stands_nowhere_in_clear(kept: SettingsManager, home: Home) -> None:
    assert kept.get("broker.password") == kept.get_by_path("/config/broker/password") == SECRET
    assert SettingsManager(home).get("broker.password") == SECRET
    for path in home.settings.iterdir():
        assert SECRET not in path.read_text(), path
    assert 'password = {secret = "gAAAA' in home.settings_file.read_text()


def test_listings_mask_it(kept: SettingsManager) -> None:
    listed = next(each for each in kept.tree() if each.path == "broker.password")
    assert (listed.type, listed.value, listed.secret) == (ValueType.SECRET, "********", True)
    assert kept.get("broker") == kept.items("broker") == {"password": "********"}
    assert SECRET not in repr(kept.tree()) + repr(kept.items())


def test_once_read_it_is_hidden_in_logs(kept: SettingsManager) -> None:
    assert redaction.scrub(f"sent {SECRET}!") == "sent ********!"


def test_an_empty_secret_in_the_file_counts_as_not_set(settings: SettingsManager) -> None:
    settings.home.settings_file.write_text('[broker]\npassword = {secret = ""}\n')
    assert settings.get("broker.password") is None
    assert settings.get("broker.password", "none") == "none"


@pytest.mark.parametrize("value", ["", None, 5, ["x"]])
def test_a_secret_is_text_and_a_refused_one_is_not_shown(settings: SettingsManager, value: object) -> None:
    with pytest.raises(SettingsError) as refusal:
        settings.set_by_path("broker.password", value, "secret")
    assert "type secret" in str(refusal.value)
    assert "5" not in refusal.value.message


def test_a_secret_may_become_text_and_text_a_secret(kept: SettingsManager) -> None:
    kept.set_by_path("broker.password", "in plain sight", "text")
    assert kept.get("broker.password") == "in plain sight"
    kept.set_by_path("broker.password", SECRET, "secret")
    assert kept.get("broker.password") == SECRET


def test_a_secret_can_be_deleted(kept: SettingsManager) -> None:
    kept.delete("broker.password")
    assert kept.get("broker.password") is None


def test_without_a_keyring_the_key_is_a_file_only_its_owner_reads(kept: SettingsManager, home: Home) -> None:
    key_file = home.settings / "secret.key"
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert (home.settings / "keystore.json").stat().st_mode & 0o777 == 0o600
    record = json.loads((home.settings / "keystore.json").read_text())
    assert record["place"] == "file"
    assert key_file.read_text().strip() not in json.dumps(record)


def test_a_keyring_that_refuses_counts_as_none(settings: SettingsManager, home: Home) -> None:
    keyring.set_keyring(FailKeyring())  # type: ignore[no-untyped-call]
    settings.set_by_path("broker.password", SECRET, "secret")
    assert (home.settings / "secret.key").exists()


def test_with_a_keyring_the_key_is_in_it_and_the_choice_is_recorded(
    settings: SettingsManager, home: Home, memory_keyring: Any
) -> None:
    settings.set_by_path("broker.password", SECRET, "secret")
    assert not (home.settings / "secret.key").exists()
    assert json.loads((home.settings / "keystore.json").read_text())["place"] == "keyring"
    assert SettingsManager(home).get("broker.password") == SECRET


def test_the_recorded_choice_holds_when_a_keyring_appears_later(
    kept: SettingsManager, home: Home, memory_keyring: Any
) -> None:
    kept.set_by_path("broker.other", "another secret", "secret")
    assert not memory_keyring.entries
    assert SettingsManager(home).get("broker.password") == SECRET


def test_two_homes_in_one_keyring_have_two_keys(memory_keyring: Any, home: Home) -> None:
    other = Home(home.root.parent / "other").create()
    for each in (home, other):
        SettingsManager(each).set_by_path("a.b", SECRET, "secret")
    assert len(set(memory_keyring.entries.values())) == 2


def test_a_recorded_keyring_that_is_gone_says_so(settings: SettingsManager, home: Home, memory_keyring: Any) -> None:
    settings.set_by_path("broker.password", SECRET, "secret")
    keyring.set_keyring(FailKeyring())  # type: ignore[no-untyped-call]
    fresh = SettingsManager(home)
    with pytest.raises(SecretError, match="reaches no keyring"):
        fresh.get("broker.password")
    with pytest.raises(SecretError, match="reaches no keyring"):
        fresh.set_by_path("broker.other", "x", "secret")
    assert fresh.get("dashboard.port") == 8051


def test_a_locked_keyring_says_so(settings: SettingsManager, home: Home, memory_keyring: Any) -> None:
    settings.set_by_path("broker.password", SECRET, "secret")
    memory_keyring.locked = True
    with pytest.raises(SecretError, match=r"keyring did not answer: the collection is locked\nUnlock it"):
        SettingsManager(home).get("broker.password")


def test_a_keyring_that_lost_the_key_says_so(settings: SettingsManager, home: Home, memory_keyring: Any) -> None:
    settings.set_by_path("broker.password", SECRET, "secret")
    memory_keyring.entries.clear()
    with pytest.raises(SecretError, match="holds no key"):
        SettingsManager(home).get("broker.password")


def test_a_missing_key_is_an_error_and_never_replaced_by_a_new_one(kept: SettingsManager, home: Home) -> None:
    (home.settings / "secret.key").unlink()
    fresh = SettingsManager(home)
    with pytest.raises(SecretError, match=r"secret\.key is missing"):
        fresh.get("broker.password")
    before = home.settings_file.read_bytes()
    with pytest.raises(SecretError, match=r"secret\.key is missing"):
        fresh.set_by_path("broker.other", "x", "secret")
    assert home.settings_file.read_bytes() == before
    assert not (home.settings / "secret.key").exists()


def test_a_settings_file_that_came_without_its_key_says_so(kept: SettingsManager, home: Home) -> None:
    (home.settings / "secret.key").unlink()
    (home.settings / "keystore.json").unlink()
    with pytest.raises(SecretError, match="no key"):
        SettingsManager(home).get("broker.password")


def test_a_wrong_key_is_noticed_before_anything_is_encrypted_with_it(kept: SettingsManager, home: Home) -> None:
    wrong = Fernet.generate_key()
    (home.settings / "secret.key").write_bytes(wrong)
    fresh = SettingsManager(home)
    for attempt in (
        lambda: fresh.get("broker.password"),
        lambda: fresh.set_by_path("broker.other", "x", "secret"),
        fresh.rotate_key,
    ):
        with pytest.raises(SecretError, match="not the one that encrypted") as refusal:
            attempt()
        assert wrong.decode() not in str(refusal.value)
    assert "other" not in home.settings_file.read_text()


@pytest.mark.parametrize("text", ["", "\n", "not a key\n", "c2hvcnQ=\n", "@@@@\n"])
def test_a_malformed_key_file_is_refused(kept: SettingsManager, home: Home, text: str) -> None:
    (home.settings / "secret.key").write_text(text)
    with pytest.raises(SecretError, match=r"is not a key|is empty"):
        SettingsManager(home).get("broker.password")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_that_others_can_read_is_refused(kept: SettingsManager, home: Home, mode: int) -> None:
    (home.settings / "secret.key").chmod(mode)
    with pytest.raises(SecretError, match=rf"read by others \(mode {mode:o}, expected 600\)\n.*chmod 600"):
        SettingsManager(home).get("broker.password")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"place": "pocket", "account": "", "fingerprints": []}'])
def test_a_malformed_record_of_the_choice_is_refused(kept: SettingsManager, home: Home, text: str) -> None:
    (home.settings / "keystore.json").write_text(text)
    with pytest.raises(SecretError, match="does not say where"):
        SettingsManager(home).get("broker.password")


def test_a_key_file_without_a_record_is_taken_up(kept: SettingsManager, home: Home) -> None:
    (home.settings / "keystore.json").unlink()
    fresh = SettingsManager(home)
    assert fresh.get("broker.password") == SECRET
    fresh.set_by_path("broker.other", "second secret", "secret")
    assert fresh.get("broker.password") == SECRET
    assert json.loads((home.settings / "keystore.json").read_text())["place"] == "file"


def test_a_damaged_value_is_refused_by_name_and_the_others_are_read(kept: SettingsManager, home: Home) -> None:
    kept.set_by_path("broker.other", "second secret", "secret")
    text = home.settings_file.read_text()
    start = text.index("gAAAA")
    home.settings_file.write_text(text[: start + 20] + ("A" if text[start + 20] != "A" else "B") + text[start + 21 :])
    with pytest.raises(SecretError, match=r"broker.password cannot be decrypted"):
        kept.get("broker.password")
    assert kept.get("broker.other") == "second secret"


def test_a_password_typed_into_the_file_in_clear_is_refused(kept: SettingsManager, home: Home) -> None:
    home.settings_file.write_text('[broker]\npassword = {secret = "typed by hand"}\n')
    with pytest.raises(SecretError) as refusal:
        kept.get("broker.password")
    assert "typed by hand" not in str(refusal.value)


def test_rotation_makes_a_new_key_and_the_old_one_opens_nothing(kept: SettingsManager, home: Home) -> None:
    kept.set_by_path("deep.er.token", "second secret", "secret")
    other_process = SettingsManager(home)
    assert other_process.get("broker.password") == SECRET
    old = Fernet((home.settings / "secret.key").read_bytes().strip())
    old_token = home.settings_file.read_text().split('"')[1]
    assert old.decrypt(old_token.encode()).decode() == SECRET

    kept.rotate_key()

    assert (home.settings / "secret.key").read_text().count("\n") == 1
    assert old_token not in home.settings_file.read_text()
    for reader in (kept, other_process, SettingsManager(home)):
        assert reader.get("broker.password") == SECRET
        assert reader.get("deep.er.token") == "second secret"
    with pytest.raises(InvalidToken):
        old.decrypt(home.settings_file.read_text().split('"')[1].encode())


def test_rotation_works_in_a_keyring(settings: SettingsManager, home: Home, memory_keyring: Any) -> None:
    settings.set_by_path("broker.password", SECRET, "secret")
    before = dict(memory_keyring.entries)
    settings.rotate_key()
    assert memory_keyring.entries.keys() == before.keys()
    assert memory_keyring.entries != before
    assert SettingsManager(home).get("broker.password") == SECRET


def test_a_rotation_that_died_before_it_saved_leaves_secrets_readable(kept: SettingsManager, home: Home) -> None:
    store = kept._vault.store
    store.write(Place.FILE, [Fernet.generate_key(), *store.keys()])
    again = SettingsManager(home)
    assert again.get("broker.password") == SECRET
    again.rotate_key()
    assert SettingsManager(home).get("broker.password") == SECRET
    assert len(store.keys()) == 1


def test_the_key_moves_between_keyring_and_file(settings: SettingsManager, home: Home, memory_keyring: Any) -> None:
    settings.set_by_path("broker.password", SECRET, "secret")
    settings.move_key("file")
    assert not memory_keyring.entries
    assert SettingsManager(home).get("broker.password") == SECRET
    settings.move_key("keyring")
    assert not (home.settings / "secret.key").exists()
    assert memory_keyring.entries
    assert SettingsManager(home).get("broker.password") == SECRET
    with pytest.raises(SettingsError, match="'pocket'"):
        settings.move_key("pocket")


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_an_owner_only_key_file_is_accepted(kept: SettingsManager, home: Home, mode: int) -> None:
    (home.settings / "secret.key").chmod(mode)
    assert SettingsManager(home).get("broker.password") == SECRET
