"""What the table families share: the store, this process's run, and reading as dicts or DataFrames."""

from typing import TYPE_CHECKING, Any

from quantstrip.ledger import validate
from quantstrip.ledger.statements import Statement
from quantstrip.ledger.store import Store
from quantstrip.model import Mode

if TYPE_CHECKING:
    import pandas as pd

_JSON = ("metadata", "parameters", "files")


class Context:
    """What rows of this process carry when a call does not say otherwise.

    Attributes:
        mode: whose money moves; ``live`` until set.
        client_run_id: the client run of this process, so that each fill can be traced to the code that made it.
        calendars_ready: the calendars of the registered instruments are loaded.

    """

    def __init__(self) -> None:
        self.mode = Mode.LIVE
        self.client_run_id: int | None = None
        self.calendars_ready = False


class Family:
    """Base of the table families: each adds its calls to ``Ledger``."""

    store: Store
    context: Context

    def _rows(self, statement: Statement, **values: Any) -> list[dict[str, Any]]:
        with self.store.read() as transaction:
            return [decoded(row) for row in transaction.dicts(statement, values)]

    def _row(self, statement: Statement, **values: Any) -> dict[str, Any] | None:
        rows = self._rows(statement, **values)
        return rows[0] if rows else None

    def _frame(self, statement: Statement, **values: Any) -> "pd.DataFrame":
        with self.store.read() as transaction:
            cursor = transaction.run(statement, values)
            names = [column[0] for column in cursor.description]
            rows = cursor.fetchall()
        return frame(names, rows)


def decoded(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its JSON columns as dicts."""
    for name in _JSON:
        if name in row:
            row[name] = validate.from_json(row[name])
    return row


def frame(names: list[str], rows: list[tuple[Any, ...]]) -> "pd.DataFrame":
    """A DataFrame with JSON columns as dicts; the only place that imports pandas."""
    import pandas as pd

    table = pd.DataFrame.from_records(rows, columns=names)
    for name in _JSON:
        if name in names:
            table[name] = [validate.from_json(value) for value in table[name].astype(object)]
    return table
