"""What every table shares: times as UTC text, prices and quantities as doubles, words as text."""

from typing import Any

from sqlalchemy import Column, Float, ForeignKey, Integer, MetaData, Text
from sqlalchemy.types import UserDefinedType

metadata = MetaData()


class Declared(UserDefinedType[str]):
    """Text whose declared type says what it holds: ODBC drivers read the first word, SQLite's affinity stays TEXT."""

    cache_ok = True

    def __init__(self, word: str) -> None:
        self.word = word

    def get_col_spec(self, **_: Any) -> str:
        """The type in ``CREATE TABLE``."""
        return f"{self.word} TEXT"


def key(name: str) -> Column[int]:
    """The integer primary key."""
    return Column(name, Integer, primary_key=True)


def text(name: str, *, needed: bool = False) -> Column[str]:
    """Text."""
    return Column(name, Text, nullable=not needed)


def time(name: str, *, needed: bool = False) -> Column[str]:
    """A moment: text ``YYYY-MM-DD HH:MM:SS.ffffff`` UTC."""
    return Column(name, Declared("DATETIME"), nullable=not needed)


def day(name: str, *, needed: bool = False) -> Column[str]:
    """A session's date: text ``YYYY-MM-DD``."""
    return Column(name, Declared("DATE"), nullable=not needed)


def number(name: str, *, needed: bool = False) -> Column[float]:
    """A double: price, quantity or money."""
    return Column(name, Float, nullable=not needed)


def whole(name: str, *, needed: bool = False) -> Column[int]:
    """An integer; flags are 0 or 1."""
    return Column(name, Integer, nullable=not needed)


def refers(name: str, target: str, *, needed: bool = False) -> Column[Any]:
    """An integer that refers to another table's key."""
    return Column(name, Integer, ForeignKey(target), nullable=not needed)


def words(*names: str) -> list[Column[str]]:
    """Optional text columns."""
    return [text(name) for name in names]


def numbers(*names: str) -> list[Column[float]]:
    """Optional doubles."""
    return [number(name) for name in names]


def times() -> list[Column[str]]:
    """Wall-clock times of a row's insertion and last permitted change."""
    return [time("create_time", needed=True), time("update_time", needed=True)]
