"""Passwords, kept as Argon2id hashes: what a thief of the file would have to try costs memory and time for each guess.

Parameters: OWASP Password Storage Cheat Sheet, "Argon2id with a minimum configuration of 19 MiB of memory, an iteration
count of 2, and 1 degree of parallelism". The hash carries its own, so that these may be raised later.
"""

import os
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Final

from quantstrip.errors import ConfigError, SecretError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

SHORTEST: Final = 12
LONGEST: Final = 256
_KIBIBYTES: Final = 19 * 1024
_ITERATIONS: Final = 2
_LANES: Final = 1
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32


def check_strength(password: str, name: str = "") -> None:
    """Raise ``SecretError`` unless ``password`` is long enough to be guessed by nobody who is made to wait.

    Length is what counts; rules about digits and signs make passwords worse (NIST SP 800-63B, 3.1.1.2).
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise SecretError(
            f"a password has {SHORTEST} to {LONGEST} signs, this one has {len(password)}",
            hint="Take some words that do not belong together.",
        )
    if name and password.casefold() == name.casefold():
        raise SecretError("the password is the user's name", hint="Take some words that do not belong together.")
    if len(set(password)) < 4:
        raise SecretError("the password repeats one or few signs", hint="Take some words that do not belong together.")


def hashed(password: str) -> str:
    """The hash of ``password``, with salt and parameters, as a PHC string (``$argon2id$v=19$m=...``)."""
    return _argon2id().derive_phc_encoded(_bytes(password))


def matches(password: str, stored: str) -> bool:
    """Whether ``stored`` is the hash of ``password``. An empty or broken one matches nothing, in the same time."""
    from cryptography.exceptions import InvalidKey
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    known = stored.startswith("$argon2id$")
    try:
        Argon2id.verify_phc_encoded(_bytes(password[: 4 * LONGEST]), stored if known else _nobodys())
    except (InvalidKey, ValueError):
        return False
    return known


@cache
def _nobodys() -> str:
    """A hash that no password has: checking against it takes the time of a real check."""
    return hashed(os.urandom(32).hex())


def _bytes(password: str) -> bytes:
    # One person's keyboard sends a letter and its accent as one sign, another's as two.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _argon2id() -> "Argon2id":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    try:
        return Argon2id(
            salt=os.urandom(_SALT_BYTES),
            length=_HASH_BYTES,
            iterations=_ITERATIONS,
            lanes=_LANES,
            memory_cost=_KIBIBYTES,
        )
    except UnsupportedAlgorithm as error:
        raise ConfigError(
            "passwords cannot be kept: the OpenSSL of the package cryptography knows no Argon2id (3.2 or newer does)",
            hint="Install cryptography as a wheel, which brings its own: pip install --only-binary :all: cryptography",
        ) from error
