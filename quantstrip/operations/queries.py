"""The pre-built queries of ``schema/queries``: what there is, and the statement behind a name."""

import re
from dataclasses import dataclass
from pathlib import Path

from quantstrip.errors import LedgerError
from quantstrip.home import asset

_ENDING = ".sql"


@dataclass(frozen=True, slots=True)
class PreBuilt:
    """A query that ships; ``title`` says in a sentence what it shows."""

    name: str
    title: str
    sql: str


def pre_built() -> list[PreBuilt]:
    """Every query that ships, by name."""
    return [_read(path) for path in sorted((asset("schema") / "queries").glob(f"*{_ENDING}"))]


def statement(text: str) -> str:
    """The SQL of the pre-built query that ``text`` names; any other text is SQL already.

    Raises:
        LedgerError: one word, which is no SELECT, and no query has that name.

    """
    name = text.strip().removesuffix(_ENDING)
    known = {each.name: each.sql for each in pre_built()} if re.fullmatch(r"\w+", name) else {}
    if known and name.lower() not in known:
        raise LedgerError(
            f"there is no pre-built query {name!r}, and one word is no SELECT", hint=f"There are: {', '.join(known)}"
        )
    return known.get(name.lower(), text)


def _read(path: Path) -> PreBuilt:
    sql = path.read_text(encoding="utf-8")
    return PreBuilt(path.stem, sql.partition("\n")[0].removeprefix("--").strip(), sql)
