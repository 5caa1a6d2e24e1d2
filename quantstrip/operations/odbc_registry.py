"""Data sources on Windows: the user's part of the registry, and the drivers registered for the machine.

The registry itself is a small port with two implementations: the real one, and one in memory that passes the same
tests. The real one was never run: this project has no Windows machine yet.
"""

import sys
from collections.abc import Mapping
from typing import Final, Protocol

SOURCES: Final = r"HKEY_CURRENT_USER\Software\ODBC\ODBC.INI"
LIST: Final = rf"{SOURCES}\ODBC Data Sources"
DRIVERS: Final = r"HKEY_LOCAL_MACHINE\SOFTWARE\ODBC\ODBCINST.INI"


class Registry(Protocol):
    """Keys are full paths that begin with a hive's name; names of keys and values do not heed the case of letters."""

    def values(self, key: str) -> dict[str, str] | None: ...  # the texts of a key; None where there is no such key

    def set_value(self, key: str, name: str, value: str) -> None: ...  # makes the key, and those above it

    def delete_value(self, key: str, name: str) -> None: ...  # one that is not there is deleted already

    def delete_key(self, key: str) -> None: ...  # a key without keys below it; one that is not there is deleted already


class RegistrySources:
    """The data sources of the user who runs this; 32-bit and 64-bit programs see the same ones."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @property
    def place(self) -> str:
        """The key."""
        return SOURCES

    def drivers(self) -> dict[str, str]:
        """SQLite 3 drivers by their registered name, with their library. Only those of this program's bitness."""
        names = self._registry.values(rf"{DRIVERS}\ODBC Drivers") or {}
        wanted = [name for name in names if "sqlite3" in name.lower().replace(" ", "")]
        return {name: (self._registry.values(rf"{DRIVERS}\{name}") or {}).get("Driver", "") for name in wanted}

    def names(self) -> list[str]:
        """Every data source of the user."""
        return list(self._registry.values(LIST) or {})

    def read(self, name: str) -> dict[str, str] | None:
        """A source's values, its driver by name; None where there is none of the name, whatever its letters' case."""
        driver = next((kind for known, kind in self._listed() if known.lower() == name.lower()), None)
        values = self._registry.values(rf"{SOURCES}\{name}")
        return None if driver is None or values is None else {**values, "Driver": driver}

    def write(self, name: str, values: Mapping[str, str]) -> None:
        """Make the source, or replace its values; it is listed last, so that nobody sees a part of it."""
        driver = values["Driver"]
        stored = {**values, "Driver": self.drivers().get(driver, driver)}
        key = rf"{SOURCES}\{name}"
        for old in (self._registry.values(key) or {}).keys() - stored.keys():
            self._registry.delete_value(key, old)
        for each, value in stored.items():
            self._registry.set_value(key, each, value)
        self._registry.set_value(LIST, name, driver)

    def remove(self, name: str) -> bool:
        """Take the source out; False where there is none."""
        if self.read(name) is None:
            return False
        self._registry.delete_value(LIST, name)
        self._registry.delete_key(rf"{SOURCES}\{name}")
        return True

    def _listed(self) -> list[tuple[str, str]]:
        return list((self._registry.values(LIST) or {}).items())


class MemoryRegistry:
    """A registry that lasts as long as it is held."""

    def __init__(self) -> None:
        self._keys: dict[str, dict[str, tuple[str, str]]] = {}

    def values(self, key: str) -> dict[str, str] | None:
        """The values by the name they were set with."""
        found = self._keys.get(key.lower())
        return None if found is None else dict(found.values())

    def set_value(self, key: str, name: str, value: str) -> None:
        """Set one value; its name keeps the case it was made with."""
        parts = key.lower().split("\\")
        for length in range(1, len(parts) + 1):
            values = self._keys.setdefault("\\".join(parts[:length]), {})
        shown = values[name.lower()][0] if name.lower() in values else name
        values[name.lower()] = (shown, value)

    def delete_value(self, key: str, name: str) -> None:
        """Delete one value."""
        self._keys.get(key.lower(), {}).pop(name.lower(), None)

    def delete_key(self, key: str) -> None:
        """Delete a key with its values."""
        self._keys.pop(key.lower(), None)


if sys.platform == "win32":
    import winreg

    class WindowsRegistry:
        """The machine's registry."""

        def values(self, key: str) -> dict[str, str] | None:
            """The texts of a key."""
            hive, path = _split(key)
            try:
                with winreg.OpenKey(hive, path) as handle:
                    count = winreg.QueryInfoKey(handle)[1]
                    found = [winreg.EnumValue(handle, place) for place in range(count)]
            except FileNotFoundError:
                return None
            return {name: str(value) for name, value, _ in found if name}

        def set_value(self, key: str, name: str, value: str) -> None:
            """Set one text."""
            hive, path = _split(key)
            with winreg.CreateKey(hive, path) as handle:
                winreg.SetValueEx(handle, name, 0, winreg.REG_SZ, value)

        def delete_value(self, key: str, name: str) -> None:
            """Delete one value."""
            hive, path = _split(key)
            try:
                with winreg.OpenKey(hive, path, access=winreg.KEY_SET_VALUE) as handle:
                    winreg.DeleteValue(handle, name)
            except FileNotFoundError:
                return

        def delete_key(self, key: str) -> None:
            """Delete a key with its values."""
            hive, path = _split(key)
            try:
                winreg.DeleteKey(hive, path)
            except FileNotFoundError:
                return

    def _split(key: str) -> tuple[int, str]:
        hive, _, path = key.partition("\\")
        return {"HKEY_CURRENT_USER": winreg.HKEY_CURRENT_USER, "HKEY_LOCAL_MACHINE": winreg.HKEY_LOCAL_MACHINE}[
            hive
        ], path
