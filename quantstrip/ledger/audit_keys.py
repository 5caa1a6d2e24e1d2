"""The keys of a home's audit chain: an owner-only file beside the home's other key, never in the database or a backup.

A file, not the system's keyring: a service that starts before its owner logs in reaches no keyring, and a fill must not
wait for one. Old keys stay in it, for the links that were made with them.
"""

import hashlib
import os

from quantstrip.config.files import locked, replace
from quantstrip.config.keys import check_private
from quantstrip.errors import QuantstripError, SecretError
from quantstrip.home import Home

_BYTES = 32
_HEAD = "# Keys of the audit chain, newest first. Without them it can neither be checked nor carried on.\n"


class AuditKeys:
    """The keys of one home, by id; read once, and again for an id that is not known yet."""

    def __init__(self, home: Home) -> None:
        self.file = home.settings / "audit.key"
        self._lock = home.settings / ".audit.lock"
        self._known: dict[str, bytes] = {}

    def get(self, key_id: str) -> bytes:
        """The key with this id.

        Raises:
            SecretError: it is not here; the file is missing, malformed or readable by others, or another home's.

        """
        if key_id not in self._known:
            self._known = self._read()
        if key_id not in self._known:
            held = ", ".join(self._known)
            raise SecretError(
                f"the audit chain was made with the key {key_id}, and {self.file} "
                + (f"holds other ones ({held})" if held else "is missing"),
                hint="Put back the audit.key of the home that the ledger comes from. If it is lost, begin with a new "
                "key: quantstrip audit rotate --lost (what was linked before can then not be checked any more).",
            )
        return self._known[key_id]

    def holds(self, key_id: str) -> bool:
        """True for a key that is here."""
        if key_id not in self._known:
            self._known = self._read()
        return key_id in self._known

    def all(self) -> dict[str, bytes]:
        """Every key by id, newest first; empty before the first."""
        self._known = self._read()
        return self._known

    def newest(self) -> tuple[str, bytes]:
        """Id and bytes of the newest key; made when the home has none."""
        known = self._read()
        if not known:
            return self.add()
        return next(iter(known.items()))

    def add(self) -> tuple[str, bytes]:
        """Make a new key and keep it before the others; its id and bytes.

        Raises:
            SecretError: it cannot be written; nothing was changed.

        """
        try:
            with locked(self._lock):
                key = os.urandom(_BYTES)
                self._known = {key_id_of(key): key, **self._read()}
                lines = "".join(f"{each.hex()}\n" for each in self._known.values())
                replace(self.file, (_HEAD + lines).encode(), mode=0o600)
        except OSError as error:
            raise SecretError(
                f"the key of the audit chain cannot be kept in {self.file}: {error.strerror or error}",
                hint="Give yourself write access to the settings folder, or turn the audit off: "
                "quantstrip settings set ledger.audit false",
            ) from error
        return key_id_of(key), key

    def _read(self) -> dict[str, bytes]:
        if not self.file.exists():
            return {}
        check_private(self.file)
        try:
            text = self.file.read_text(encoding="utf-8", errors="replace")
            keys = [bytes.fromhex(line) for line in text.splitlines() if not line.startswith("#")]
        except (OSError, ValueError) as error:
            raise _malformed(self) from error
        if not keys or any(len(key) != _BYTES for key in keys):
            raise _malformed(self)
        return {key_id_of(key): key for key in keys}


def _malformed(keys: AuditKeys) -> QuantstripError:
    return SecretError(
        f"{keys.file} cannot be read as keys: expected one of {2 * _BYTES} hexadecimal digits a line",
        hint="Put back the file of a copy of the settings folder.",
    )


def key_id_of(key: bytes) -> str:
    """Six bytes that tell keys apart and say nothing about them."""
    return hashlib.sha256(b"quantstrip audit key " + key).hexdigest()[:12]
