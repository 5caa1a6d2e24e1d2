"""Encrypts and decrypts settings: Fernet (AES-128-CBC with HMAC-SHA256), several keys while they rotate."""

from typing import TYPE_CHECKING

from quantstrip import redaction
from quantstrip.config.keys import KeyStore
from quantstrip.errors import SecretError
from quantstrip.home import Home

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class Vault:
    """The secrets of one home. Keys are read once and again when a value does not open with them."""

    def __init__(self, home: Home) -> None:
        self.store = KeyStore(home)
        self._fernet: MultiFernet | None = None

    def encrypt(self, text: str) -> str:
        """The token of ``text``; the caller holds the settings lock, as a first secret makes the key."""
        redaction.register(text)
        return _fernet(self.store.ensure()).encrypt(text.encode()).decode()

    def decrypt(self, path: str, token: str) -> str:
        """The secret in ``token``; from now on it is hidden in logs.

        Raises:
            SecretError: no key, a wrong key, or a damaged token; ``path`` is named, nothing of the value shown.

        """
        from cryptography.fernet import InvalidToken

        if self._fernet is not None:
            try:
                return self._open(self._fernet, token)
            except InvalidToken:
                self._fernet = None  # another process may have rotated the key: read it again
        fernet = _fernet(self.store.keys())
        try:
            secret = self._open(fernet, token)
        except InvalidToken:
            raise SecretError(
                f"the secret {path} cannot be decrypted: it is damaged, or was encrypted with another key",
                hint=f"Set it again: quantstrip settings set {path} --type secret",
            ) from None
        self._fernet = fernet
        return secret

    @staticmethod
    def _open(fernet: "MultiFernet", token: str) -> str:
        secret = fernet.decrypt(token.encode()).decode()
        redaction.register(secret)
        return secret


def _fernet(keys: list[bytes]) -> "MultiFernet":
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(key) for key in keys])
