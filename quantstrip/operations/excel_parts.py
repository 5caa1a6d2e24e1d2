"""What makes a workbook's tables read a data source, in the file's own parts (ECMA-376 part 1, 18.13 and 18.15).

XlsxWriter writes sheets and tables but no connections. For each sheet this adds a connection, a query table that names
it, the table's marks that refer to the query's columns, and the hidden name of the range, without which Excel calls the
file damaged.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from quantstrip.ledger.views import View

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_KIND: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CONTENT: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_ODBC, _SQL, _VERSION = 1, 2, 6  # kinds of connection and command; the Excel that could have made it (2016)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A view, the statement that reads it, and its rows now."""

    view: View
    statement: str
    rows: Sequence[Sequence[Any]]

    @property
    def title(self) -> str:
        """The sheet's name, which may have 31 characters."""
        return self.view.name[:31]

    @property
    def table_rows(self) -> int:
        """Rows of the sheet's table below its heading; a table has one at least."""
        return max(1, len(self.rows))


def connected(content: bytes, sheets: Sequence[Sheet], connection: str, *, refresh_on_open: bool = False) -> bytes:
    """The workbook with a connection for each sheet's table.

    Args:
        content: a workbook with one table a sheet of ``sheets``, named as its view.
        connection: ODBC connection string, without a secret.
        refresh_on_open: read the data source whenever the workbook is opened.

    """
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    tables = {_attribute(parts[name], "displayName"): name for name in parts if name.startswith("xl/tables/")}
    names: list[str] = []
    types = [f'<Override PartName="/xl/connections.xml" ContentType="{_CONTENT}.connections+xml"/>']
    for number, sheet in enumerate(sheets, start=1):
        table = tables[sheet.view.name]
        query, range_name = f"xl/queryTables/queryTable{number}.xml", f"ExternalData_{number}"
        parts[table] = _queried(parts[table].decode()).encode()
        parts[query] = _query_table(sheet, number, range_name).encode()
        parts[f"xl/tables/_rels/{table.rpartition('/')[2]}.rels"] = _relation_to(query).encode()
        types.append(f'<Override PartName="/{query}" ContentType="{_CONTENT}.queryTable+xml"/>')
        names.append(_range(parts["xl/workbook.xml"].decode(), sheet, range_name))
    parts["xl/connections.xml"] = _connections(sheets, connection, refresh_on_open=refresh_on_open).encode()
    _insert(parts, "[Content_Types].xml", "</Types>", "".join(types))
    _insert(
        parts, "xl/_rels/workbook.xml.rels", "</Relationships>", _relation("connections", "connections.xml", "rIdOdbc")
    )
    _insert(parts, "xl/workbook.xml", "<calcPr", f"<definedNames>{''.join(names)}</definedNames>")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as book:
        for name, part in parts.items():
            book.writestr(name, part)
    return made.getvalue()


def _connections(sheets: Sequence[Sheet], connection: str, *, refresh_on_open: bool) -> str:
    refresh = ' refreshOnLoad="1"' if refresh_on_open else ""
    each = "".join(
        f'<connection id="{number}" name={quoteattr(f"Quantstrip {sheet.view.name}")} '
        f'description={quoteattr(f"One row: {sheet.view.row}")} type="{_ODBC}" refreshedVersion="{_VERSION}"{refresh} '
        f'saveData="1"><dbPr connection={quoteattr(connection)} command={quoteattr(sheet.statement)} '
        f'commandType="{_SQL}"/></connection>'
        for number, sheet in enumerate(sheets, start=1)
    )
    return f'{_HEAD}<connections xmlns="{_MAIN}">{each}</connections>'


def _query_table(sheet: Sheet, number: int, range_name: str) -> str:
    columns = [column.name for column in sheet.view.columns]
    fields = "".join(
        f'<queryTableField id="{place}" name={quoteattr(name)} tableColumnId="{place}"/>'
        for place, name in enumerate(columns, start=1)
    )
    apart = "".join(
        f' apply{what}Formats="0"' for what in ("Number", "Border", "Font", "Pattern", "Alignment", "WidthHeight")
    )
    return (
        f'{_HEAD}<queryTable xmlns="{_MAIN}" name="{range_name}" adjustColumnWidth="0" connectionId="{number}" '
        f'autoFormatId="16"{apart}><queryTableRefresh nextId="{len(columns) + 1}">'
        f'<queryTableFields count="{len(columns)}">{fields}</queryTableFields></queryTableRefresh></queryTable>'
    )


def _queried(table: str) -> str:
    """The table's part, each column referring to the field of the query with its number."""
    marked = re.sub(r'<tableColumn id="(\d+)"', r'<tableColumn id="\1" uniqueName="\1" queryTableFieldId="\1"', table)
    return marked.replace("<table ", '<table tableType="queryTable" ', 1)


def _range(workbook: str, sheet: Sheet, range_name: str) -> str:
    """The hidden name of what the query fills; ``localSheetId`` counts sheets in their order."""
    order = re.findall(r'<sheet name="([^"]*)"', workbook)
    last = f"${_letters(len(sheet.view.columns))}${sheet.table_rows + 1}"
    return (
        f'<definedName name="{range_name}" localSheetId="{order.index(sheet.title)}" hidden="1">'
        f"{escape(sheet.title)}!$A$1:{last}</definedName>"
    )


def _letters(column: int) -> str:
    """A column's letters: 1 is A, 27 is AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _relation_to(query: str) -> str:
    relation = _relation("queryTable", f"../{query.removeprefix('xl/')}", "rId1")
    return f'{_HEAD}<Relationships xmlns="{_RELATIONS}">{relation}</Relationships>'


def _relation(kind: str, target: str, key: str) -> str:
    return f'<Relationship Id="{key}" Type="{_KIND}/{kind}" Target="{target}"/>'


def _insert(parts: dict[str, bytes], name: str, before: str, text: str) -> None:
    head, mark, tail = parts[name].decode().rpartition(before)
    if not mark:
        raise AssertionError(f"{name} has no {before}: XlsxWriter writes it otherwise now")
    parts[name] = (head + text + mark + tail).encode()


def _attribute(part: bytes, name: str) -> str:
    found = re.search(rf' {name}="([^"]*)"', part.decode())
    return found[1] if found else ""
