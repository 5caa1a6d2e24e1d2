"""Risk profiles by word, and from a file."""

import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from quantstrip.errors import ConfigError
from quantstrip.risk import CASH_ONLY, NATIVE, OFF, RiskProfile

PROFILES = {"form": NATIVE, "native": NATIVE, "cash_only": CASH_ONLY, "off": OFF}
"""Profiles by the word that chooses them; ``form`` is the one that belongs to the strategy's form."""


def risk_profile(risk: str | Path) -> RiskProfile:
    """The risk profile of a word or a TOML file.

    A file names the limits that differ from the native profile; ``"off"`` switches one off::

        max_order_value = 50000
        max_drawdown = "off"
        allow_short = true

    Raises:
        ConfigError: no such word or file, a key that is no limit, or a value of the wrong kind.

    """
    known = PROFILES.get(str(risk).lower())
    if known is not None:
        return known
    path = Path(risk)
    try:
        limits = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{risk} is neither a risk profile nor a readable file",
            hint=f"Choose {', '.join(PROFILES)}, or a TOML file.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}", hint="One limit a line: max_drawdown = 0.1") from error
    values: dict[str, Any] = {"name": path.stem}
    values |= {name: _limit(path, name, value) for name, value in limits.items()}
    return replace(NATIVE, **values)


def _limit(path: Path, name: str, value: object) -> object:
    names = [field.name for field in fields(RiskProfile)]
    if name not in names:
        raise ConfigError(f"{path}: no risk limit is called {name}", hint=f"Known: {', '.join(names)}.")
    default = getattr(NATIVE, name)
    if isinstance(default, bool | str):
        fits = isinstance(value, type(default))
    else:
        value = None if value == "off" else value
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = number or (value is None and name != "leverage")
    if not fits:
        raise ConfigError(
            f"{path}: {name} is {value!r}",
            hint="Write true or false." if isinstance(default, bool) else 'Write a number, or "off" for no limit.',
        )
    return value
