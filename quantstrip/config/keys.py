"""Where a home's secret key lives, and the checks before it is used.

The choice, system keyring or key file, is made with the first secret and recorded in ``settings/keystore.json``, with a
fingerprint of each key: so a key that was lost or swapped is noticed before anything is encrypted with another one.
"""

import base64
import binascii
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from quantstrip.config.files import replace
from quantstrip.errors import SecretError, SettingsError
from quantstrip.home import Home

SERVICE = "quantstrip"
_KEY_BYTES = 32
_RESTORE = (
    "Put the right key back. If it is lost, remove keystore.json and secret.key from the settings folder and set "
    "each secret again."
)


class Place(StrEnum):
    """Where the keys of a home are kept."""

    KEYRING = "keyring"
    FILE = "file"

    @classmethod
    def named(cls, name: str) -> "Place":
        """The place called ``name``; ``SettingsError`` where there is none."""
        if name not in tuple(cls):
            raise SettingsError(f"a key is kept in {' or '.join(cls)}, not in {name!r}")
        return cls(name)


class Record(NamedTuple):
    """The recorded choice: the place, the account name in the keyring, and the keys' fingerprints, newest first."""

    place: Place
    account: str
    fingerprints: list[str]


class KeyStore:
    """The keys of one home, newest first. Callers hold the settings lock while they write."""

    def __init__(self, home: Home) -> None:
        self.folder = home.settings
        self.key_file = home.settings / "secret.key"
        self.record_file = home.settings / "keystore.json"

    def keys(self) -> list[bytes]:
        """The keys of this home.

        Raises:
            SecretError: there is none, it is not the one recorded, its file is malformed or readable by others.

        """
        record = self.record()
        if record is None:
            if not self.key_file.exists():
                raise SecretError(
                    f"this home has encrypted settings but no key: {self.key_file} and {self.record_file.name} are "
                    "missing",
                    hint="Copy both from where the settings file comes from, or set each secret again.",
                )
            return self._read_file()
        found = self._read_file() if record.place is Place.FILE else self._read_keyring(record)
        known = [key for key in found if fingerprint(key) in record.fingerprints]
        if not known:
            raise SecretError(
                f"the key in {self._where(record)} is not the one that encrypted this home's secrets "
                f"(fingerprint {fingerprint(found[0])}, expected {' or '.join(record.fingerprints)})",
                hint=_RESTORE,
            )
        return known

    def ensure(self) -> list[bytes]:
        """The keys, made and recorded when this home has none yet."""
        if self.record() is not None:
            return self.keys()
        if self.key_file.exists():
            keys = self._read_file()
            self._write_record(Record(Place.FILE, "", [fingerprint(key) for key in keys]))
            return keys
        place = Place.FILE if system_keyring() is None else Place.KEYRING
        keys = [new_key()]
        self.write(place, keys)
        return keys

    def write(self, place: Place, keys: list[bytes]) -> None:
        """Keep ``keys``, newest first, in ``place`` and record the choice.

        The keys come first: a crash between the two leaves keys that the record does not know, and those are not used.
        """
        old = self.record()
        account = (old.account if old else "") or secrets.token_hex(8)
        record = Record(place, account, [fingerprint(key) for key in keys])
        if place is Place.KEYRING and system_keyring() is None:
            raise SecretError(
                "this process reaches no system keyring, so it cannot keep a key; nothing was changed",
                hint="Install keyring (pip install 'quantstrip[keyring]') and unlock it, in a session of your desktop.",
            )
        text = "\n".join(key.decode() for key in keys)
        if place is Place.FILE:
            replace(self.key_file, f"{text}\n".encode(), mode=0o600)
        else:
            with _keyring_errors():
                self._keyring().set_password(SERVICE, account, text)
        self._write_record(record)

    def forget(self, place: Place) -> None:
        """Remove the keys from ``place``, after they were moved to the other one."""
        record = self.record()
        if place is Place.FILE:
            self.key_file.unlink(missing_ok=True)
        elif record is not None:
            with _keyring_errors():
                self._keyring().delete_password(SERVICE, record.account)

    def record(self) -> Record | None:
        """The recorded choice, or None before the first secret."""
        try:
            raw = json.loads(self.record_file.read_text(encoding="utf-8"))
            return Record(Place(raw["place"]), str(raw["account"]), [str(each) for each in raw["fingerprints"]])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise SecretError(
                f"{self.record_file} does not say where this home's key is kept: {error}",
                hint=f"Restore it from a backup, or remove it if the key is in {self.key_file.name}.",
            ) from error

    def _write_record(self, record: Record) -> None:
        replace(self.record_file, (json.dumps(record._asdict(), indent=2) + "\n").encode(), mode=0o600)

    def _read_file(self) -> list[bytes]:
        if not self.key_file.exists():
            raise SecretError(f"the key file {self.key_file} is missing", hint=_RESTORE)
        check_private(self.key_file)
        lines = self.key_file.read_text(encoding="utf-8", errors="replace").split()
        return _checked(lines, str(self.key_file))

    def _read_keyring(self, record: Record) -> list[bytes]:
        with _keyring_errors():
            text = self._keyring().get_password(SERVICE, record.account)
        if not text:
            raise SecretError(
                f"the system keyring holds no key for this home (service {SERVICE!r}, account {record.account!r})",
                hint=_RESTORE,
            )
        return _checked(text.split(), "the system keyring")

    def _keyring(self) -> Any:
        backend = system_keyring()
        if backend is None:
            raise SecretError(
                "this home's key is kept in the system keyring, and this process reaches no keyring",
                hint="Install keyring (pip install 'quantstrip[keyring]') and unlock it; for a service that starts "
                "before you log in, move the key to a file, in a session with the keyring: "
                "quantstrip settings move-key file",
            )
        return backend

    def _where(self, record: Record) -> str:
        return str(self.key_file) if record.place is Place.FILE else "the system keyring"


def system_keyring() -> Any:
    """The system's keyring, or None: not installed, none found, or one that its makers do not recommend.

    Backends that refuse (``fail``), forget (``null``) or keep plain text have a priority below 1, see keyring's
    documentation of ``KeyringBackend.priority``.
    """
    try:
        import keyring
    except ModuleNotFoundError:
        return None
    backend = keyring.get_keyring()
    return backend if backend.priority >= 1 else None


@contextmanager
def _keyring_errors() -> Iterator[None]:
    """Turns a keyring that is locked, or whose prompt was dismissed, into a ``SecretError``."""
    from keyring.errors import KeyringError

    try:
        yield
    except KeyringError as error:
        raise SecretError(
            f"the system keyring did not answer: {error or type(error).__name__}",
            hint="Unlock it and try again, or move the key to a file while it is unlocked: "
            "quantstrip settings move-key file",
        ) from error


def new_key() -> bytes:
    """A fresh Fernet key: 32 random bytes in URL-safe base64."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES))


def fingerprint(key: bytes) -> str:
    """Eight bytes that tell keys apart and say nothing about them."""
    return hashlib.sha256(b"quantstrip key " + key).hexdigest()[:16]


def check_private(path: Path) -> None:
    """Raise ``SecretError`` unless only its owner, this user, can read ``path``."""
    if os.name != "posix":
        return
    found = path.stat()
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretError(
            f"{path} can be read by others (mode {stat.S_IMODE(found.st_mode):o}, expected 600)",
            hint=f"Run: chmod 600 '{path}'. If others use this machine, rotate the key afterwards.",
        )
    if found.st_uid not in (os.geteuid(), 0):
        raise SecretError(f"{path} belongs to another user (uid {found.st_uid})", hint=f"Run: chown $USER '{path}'")


def _checked(lines: list[str], source: str) -> list[bytes]:
    keys = [line.encode() for line in lines]
    for number, key in enumerate(keys, 1):
        try:
            good = len(base64.urlsafe_b64decode(key)) == _KEY_BYTES
        except (binascii.Error, ValueError):
            good = False
        if not good:
            raise SecretError(f"entry {number} of {source} is not a key (32 bytes in URL-safe base64)", hint=_RESTORE)
    if not keys:
        raise SecretError(f"{source} is empty", hint=_RESTORE)
    return keys
