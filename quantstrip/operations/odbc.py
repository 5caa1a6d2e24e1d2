"""The ODBC data source of a home's ledger: set up, shown, tried out, taken away.

It is defined in ``schema/odbc.ini`` and opens the ledger's file read-only. Excel, LibreOffice and every other program
that speaks ODBC reads the views through it.
"""

import configparser
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from quantstrip.errors import DataSourceError, DriverMissing
from quantstrip.home import Home, asset, demo_home

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 _.-]{0,30}[A-Za-z0-9])?")
_LONGEST: Final = 500
"""Characters of the database's address that the driver takes in; it cuts off what is longer."""


class Sources(Protocol):
    """Where a user's data sources are kept; names do not heed the case of letters."""

    @property
    def place(self) -> str: ...  # for people: a file, a key of the registry

    def drivers(self) -> dict[str, str]: ...  # SQLite drivers by name, with their library

    def names(self) -> list[str]: ...

    def read(self, name: str) -> dict[str, str] | None: ...

    def write(self, name: str, values: Mapping[str, str]) -> None: ...  # one source; all others stay as they are

    def remove(self, name: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class DataSource:
    """A data source as it is set up.

    Attributes:
        place: where it is recorded.
        values: what is recorded there.
        installed: it is there.
        ours: it reads this home's ledger.
        connection: what another program connects with.

    """

    name: str
    place: str
    values: dict[str, str]
    installed: bool
    ours: bool
    connection: str


def default_name(home: Home) -> str:
    """What a home's data source is called when nobody says otherwise; the demo's is another one."""
    return "quantstrip-demo" if home == demo_home() else "quantstrip"


def install(home: Home, name: str = "", *, replace: bool = False, sources: Sources | None = None) -> DataSource:
    """Set up the data source for the home's ledger; one that is this home's already is brought up to date.

    Args:
        home: whose ledger.
        name: what Excel will know it as; "" takes ``default_name``.
        replace: take the name from a data source that reads something else.
        sources: where data sources are kept; None takes this machine's.

    Raises:
        DriverMissing: no SQLite driver for ODBC is on this machine.
        DataSourceError: the name is taken or no name, the path is too long, or the place cannot be written.

    """
    name, kept = _checked(name or default_name(home)), sources or machine_sources()
    drivers = kept.drivers()
    if not drivers:
        raise DriverMissing("ODBC's driver for SQLite is not on this machine", hint=how_to_install())
    found = kept.read(name)
    values = definition(home, next(iter(drivers)))
    if found is not None and found.get("Database") != values["Database"] and not replace:
        raise DataSourceError(
            f"the data source {name!r} reads something else: {found.get('Database', 'no file')}",
            hint="Choose another name with --name, or take this one with --replace.",
        )
    kept.write(name, values)
    return show(home, name, sources=kept)


def show(home: Home, name: str = "", *, sources: Sources | None = None) -> DataSource:
    """The data source of that name, also where there is none yet."""
    name, kept = _checked(name or default_name(home)), sources or machine_sources()
    found = kept.read(name)
    values = found or {}
    ours = values.get("Database") == definition(home, "")["Database"]
    return DataSource(name, kept.place, values, found is not None, ours, connection_string(name))


def uninstall(home: Home, name: str = "", *, sources: Sources | None = None) -> DataSource:
    """Take the home's data source away; returns what it was.

    Raises:
        DataSourceError: there is none of that name, or it reads something else.

    """
    kept = sources or machine_sources()
    found = own(home, name, kept)
    kept.remove(found.name)
    return found


def source_of(home: Home, *, sources: Sources | None = None) -> str:
    """The name of a data source that reads this home's ledger; "" where none does."""
    kept = sources or machine_sources()
    names = sorted(kept.names(), key=lambda name: (name.lower() != default_name(home), name))
    return next((name for name in names if _NAME.fullmatch(name) and show(home, name, sources=kept).ours), "")


def own(home: Home, name: str, kept: Sources) -> DataSource:
    """The data source of that name, which must be there and read this home's ledger.

    Raises:
        DataSourceError: it is not, or does not.

    """
    found = show(home, name, sources=kept)
    if not found.installed:
        raise DataSourceError(
            f"there is no data source {found.name!r} in {found.place}",
            hint=f"Make it with: quantstrip odbc install --name {shlex.quote(found.name)}",
        )
    if not found.ours:
        raise DataSourceError(
            f"the data source {found.name!r} does not read this home's ledger read-only, but: "
            f"{found.values.get('Database', 'no file')}",
            hint="See: quantstrip odbc show. Or set it up anew: quantstrip odbc install --replace",
        )
    return found


def connection_string(name: str) -> str:
    """What a program connects with: the data source's name and nothing else."""
    return f"DSN={name}"


def definition(home: Home, driver: str) -> dict[str, str]:
    """The values of ``schema/odbc.ini`` for a home.

    Raises:
        DataSourceError: the home's path is longer than the driver takes in.

    """
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign] # names keep their case
    parser.read(asset("schema") / "odbc.ini", encoding="utf-8")
    address = home.database.absolute().as_uri()
    values = {
        key: text.replace("{driver}", driver).replace("{database}", address)
        for key, text in parser["data source"].items()
    }
    if len(values["Database"]) > _LONGEST:
        raise DataSourceError(
            f"the path of the ledger is too long for the ODBC driver: {home.database}",
            hint=f"Its address may have {_LONGEST} characters, and has {len(values['Database'])}.",
        )
    return values


def machine_sources() -> Sources:
    """Where this machine keeps the user's data sources."""
    if sys.platform == "win32":
        from quantstrip.operations.odbc_registry import RegistrySources, WindowsRegistry

        return RegistrySources(WindowsRegistry())
    else:  # noqa: RET505 - a type checker reads one branch or the other
        from quantstrip.operations.odbc_ini import IniSources

        return IniSources()


def how_to_install(platform: str = sys.platform) -> str:
    """What installs ODBC's driver for SQLite."""
    if platform == "win32":
        return (
            'Install the "SQLite ODBC Driver" of Christian Werner: sqliteodbc_w64.exe for 64-bit Excel, sqliteodbc.exe '
            "for 32-bit Excel. Then try again."
        )
    if platform == "darwin":
        return "Install it with: brew install unixodbc sqliteodbc"
    return (
        "Install it with: sudo apt-get install unixodbc odbcinst libsqliteodbc   (not Debian or Ubuntu: the packages "
        "of unixODBC and sqliteodbc)"
    )


def _checked(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise DataSourceError(
            f"{name!r} cannot be the name of a data source",
            hint="Use up to 32 letters, digits, spaces, '-', '_' and '.'; a letter or digit at both ends.",
        )
    return name
