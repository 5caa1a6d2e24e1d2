"""The workbook: its rows are the views', its parts are those that Excel needs, and LibreOffice reads it all.

Excel itself cannot be run here. What its parts must say is taken from ECMA-376 part 1 (18.13, 18.15) and from what
Excel writes itself: a table of the type queryTable whose columns name the query's fields, and a hidden name for what
the query fills, ``ExternalData_N``.
"""

import json
import os
import re
import shlex
import subprocess
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest

from quantstrip.cli import run
from quantstrip.clock import system_clock
from quantstrip.errors import DataSourceError, LedgerError, ReportError
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.ledger.views import View, read_view, view_files
from quantstrip.operations import excel, odbc
from quantstrip.operations.excel import Workbook

NAMES = {
    "m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "r": "http://schemas.openxmlformats.org/package/2006/relationships",
    "t": "http://schemas.openxmlformats.org/package/2006/content-types",
}
VIEWS = [read_view(path) for path in view_files()]
EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets know no zones


@pytest.fixture(scope="module")
def made(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    return excel.write(home, tmp_path_factory.mktemp("books") / "ledger.xlsx", mode="paper")


@pytest.fixture(scope="module")
def parts(made: Workbook) -> dict[str, ElementTree.Element]:
    with zipfile.ZipFile(made.path) as book:
        assert book.testzip() is None
        return {
            name: ElementTree.fromstring(book.read(name))
            for name in book.namelist()
            if name.endswith((".xml", ".rels"))
        }


@pytest.fixture(scope="module")
def office(made: Workbook, home: Home, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What LibreOffice found; while it has the workbook open, writing it is tried."""
    folder = tmp_path_factory.mktemp("office")
    script = Path(__file__).parent / "libreoffice.py"
    with (folder / "errors").open("w") as errors:
        running = subprocess.Popen(
            ["/usr/bin/python3", script, folder, "quantstrip", made.path, *(view.name for view in VIEWS)],
            env=os.environ | {"HOME": str(folder)}, stdout=errors, stderr=errors,
        )  # fmt: skip
        deadline = system_clock.monotonic() + 90
        while not (folder / "open").exists() and running.poll() is None and system_clock.monotonic() < deadline:
            system_clock.wait(0.1)
        try:
            excel.write(home, made.path, mode="paper")
            refusal = ""
        except ReportError as error:
            refusal = str(error)
        (folder / "tried").touch()
        running.wait(60)
    assert running.returncode == 0, (folder / "errors").read_text()
    return {**json.loads((folder / "found.json").read_text()), "refusal": refusal}


def rows_of(ledger: Ledger, statement: str) -> list[tuple[Any, ...]]:
    return ledger.query(statement)[1]


def number_of(moment: str) -> float:
    """A date or time as a spreadsheet counts it: days since the end of 1899."""
    return (datetime.fromisoformat(moment) - EPOCH).total_seconds() / 86400


def same(cell: Any, value: Any, kind: str) -> bool:
    """A cell of LibreOffice holds the ledger's value; whole numbers may come as text, empty cells are ''."""
    if value is None:
        return bool(cell == "")
    if kind in ("DATE", "TIME"):
        return bool(abs(float(cell) - number_of(value)) < 1 / 86400)
    if kind == "REAL":
        return bool(isinstance(cell, float) and cell == pytest.approx(value, rel=1e-14))
    return float(cell) == value if kind == "INTEGER" else str(cell) == str(value)


def assert_same(cells: list[list[Any]], held: list[tuple[Any, ...]], view: View) -> None:
    assert cells[0] == [column.name for column in view.columns]
    assert len(cells) - 1 == len(held)
    for found, row in zip(cells[1:], held, strict=True):
        for cell, value, column in zip(found, row, view.columns, strict=True):
            assert same(cell, value, column.kind), (column.name, cell, value)


class TestRows:
    def test_each_view_has_a_sheet_with_its_rows_typed(self, made: Workbook, ledger: Ledger) -> None:
        book = openpyxl.load_workbook(made.path)
        assert sorted(book.sheetnames) == sorted(["Summary", *(view.name for view in VIEWS)])
        for view in VIEWS:
            head, *cells = book[view.name].iter_rows(values_only=True)
            held = rows_of(ledger, excel.select(view, "paper"))
            assert list(head) == [column.name for column in view.columns]
            assert made.sheets[view.name] == len(held)
            for found, row in zip(cells, held, strict=True):
                for cell, value, column in zip(found, row, view.columns, strict=True):
                    if isinstance(cell, datetime):
                        shown = str(value) if column.kind == "TIME" else f"{value} 00:00:00"
                        assert abs(cell - datetime.fromisoformat(shown)).total_seconds() < 0.01
                    else:
                        assert cell == value, (view.name, column.name)
                        assert cell is None or column.kind not in ("DATE", "TIME")

    def test_text_that_looks_like_a_formula_stays_text(self, home: Home, tmp_path: Path) -> None:
        written = excel.write(home, tmp_path / "live.xlsx", mode="live", views=["executions"])
        cells = [cell for row in openpyxl.load_workbook(written.path)["v_executions"].iter_rows() for cell in row]
        texts = [cell for cell in cells if cell.value in ('=HYPERLINK("x")', "+A")]
        assert len(texts) == 2
        assert {cell.data_type for cell in cells} <= {"s", "n", "d"}

    def test_only_the_newest_rows_are_taken_the_oldest_first(self, home: Home, tmp_path: Path, ledger: Ledger) -> None:
        excel.write(home, tmp_path / "few.xlsx", mode="paper", views=["executions"], rows=2)
        found = [row[0] for row in openpyxl.load_workbook(tmp_path / "few.xlsx")["v_executions"].values]
        newest = rows_of(ledger, "SELECT seq_id FROM v_executions WHERE mode = 'paper' ORDER BY seq_id")[-2:]
        assert found[1:] == [row[0] for row in newest]


class TestParts:
    def test_each_table_has_a_connection_that_names_the_source_and_nothing_secret(self, parts: dict[str, Any]) -> None:
        found = parts["xl/connections.xml"].findall("m:connection", NAMES)
        assert [each.get("id") for each in found] == [str(number) for number in range(1, len(VIEWS) + 1)]
        assert len({each.get("name") for each in found}) == len(VIEWS)
        for each in found:
            assert (each.get("type"), each.get("saveData"), each.get("savePassword")) == ("1", "1", None)
            (properties,) = each.findall("m:dbPr", NAMES)
            assert (properties.get("connection"), properties.get("commandType")) == ("DSN=quantstrip", "2")
            assert re.match(r"SELECT \* FROM \(SELECT \* FROM v_\w+ ", properties.get("command", ""))

    def test_tables_and_queries_name_each_others_columns(self, parts: dict[str, Any]) -> None:
        for number in range(1, len(VIEWS) + 1):
            relations = parts[f"xl/tables/_rels/table{number}.xml.rels"].findall("r:Relationship", NAMES)
            assert [each.get("Target") for each in relations] == [f"../queryTables/queryTable{number}.xml"]
            table, query = parts[f"xl/tables/table{number}.xml"], parts[f"xl/queryTables/queryTable{number}.xml"]
            columns = table.findall("m:tableColumns/m:tableColumn", NAMES)
            fields = query.findall("m:queryTableRefresh/m:queryTableFields/m:queryTableField", NAMES)
            assert table.get("tableType") == "queryTable"
            assert query.get("connectionId") == str(number)
            assert [(each.get("queryTableFieldId"), each.get("name")) for each in columns] == [
                (each.get("id"), each.get("name")) for each in fields
            ]
            assert [each.get("id") for each in columns] == [each.get("tableColumnId") for each in fields]
            assert all(each.get("uniqueName") == each.get("id") for each in columns)

    def test_each_query_fills_a_hidden_range_of_its_own_sheet(self, parts: dict[str, Any]) -> None:
        sheets = [each.get("name") for each in parts["xl/workbook.xml"].findall("m:sheets/m:sheet", NAMES)]
        for number, name in enumerate(parts["xl/workbook.xml"].findall("m:definedNames/m:definedName", NAMES), start=1):
            query, table = parts[f"xl/queryTables/queryTable{number}.xml"], parts[f"xl/tables/table{number}.xml"]
            assert (name.get("name"), name.get("hidden")) == (query.get("name"), "1")
            assert name.text.replace("$", "") == f"{table.get('name')}!{table.get('ref')}"
            assert sheets[int(name.get("localSheetId"))] == table.get("name")
        assert number == len(VIEWS)

    def test_every_part_is_declared_and_every_relation_leads_somewhere(self, parts: dict[str, Any]) -> None:
        declared = {each.get("PartName") for each in parts["[Content_Types].xml"].findall("t:Override", NAMES)}
        new = [name for name in parts if re.fullmatch(r"xl/(connections|queryTables/\w+|tables/\w+)\.xml", name)]
        assert {f"/{name}" for name in new} <= declared
        for name, part in parts.items():
            if not name.endswith(".rels"):
                continue
            keys = [each.get("Id") for each in part]
            assert len(set(keys)) == len(keys)
            for each in part:
                base = Path(name).parent.parent
                target = (
                    os.path.normpath(base / each.get("Target")) if each.get("Target")[0] != "#" else "xl/workbook.xml"
                )
                assert target in parts or each.get("TargetMode") == "External", (name, target)


class TestLibreOffice:
    def test_it_reads_each_view_through_the_source_with_the_same_figures(
        self, office: dict[str, Any], ledger: Ledger
    ) -> None:
        for view in VIEWS:
            assert_same(office["views"][view.name], rows_of(ledger, f"SELECT * FROM {view.name}"), view)

    def test_it_cannot_write_through_the_source(self, office: dict[str, Any]) -> None:
        assert "readonly" in office["write"]

    def test_it_opens_the_workbook_without_loss_and_computes_the_summary(
        self, office: dict[str, Any], ledger: Ledger
    ) -> None:
        for view in VIEWS:
            held = rows_of(ledger, excel.select(view, "paper"))
            cells = [row for row in office["sheets"][view.name] if any(cell != "" for cell in row)]
            assert_same(cells, held, view)
        summary = {row[0]: row[1] for row in office["sheets"]["Summary"]}
        newest = rows_of(
            ledger,
            "SELECT trade_date, cumulative_pnl FROM v_portfolio_daily WHERE mode = 'paper' ORDER BY trade_date",
        )[-1]
        assert (summary["trade_date"], summary["cumulative_pnl"]) == (number_of(newest[0]), newest[1])
        assert office["charts"] == 3

    def test_while_it_has_the_workbook_open_it_is_not_replaced(self, office: dict[str, Any]) -> None:
        assert "is open in another program: .~lock.ledger.xlsx#" in office["refusal"]


class TestRefusals:
    def test_a_workbook_that_cannot_be_written_leaves_the_old_one(self, home: Home, tmp_path: Path) -> None:
        target = tmp_path / "old.xlsx"
        target.write_text("old")
        for name in (".~lock.old.xlsx#", "~$old.xlsx"):
            (tmp_path / name).touch()
            with pytest.raises(ReportError, match="open in another program"):
                excel.write(home, target)
            (tmp_path / name).unlink()
        for wrong in (tmp_path / "none" / "a.xlsx", tmp_path / "a.xls"):
            with pytest.raises(ReportError):
                excel.write(home, wrong)
        assert [path.name for path in tmp_path.iterdir()] == ["old.xlsx"]
        assert target.read_text() == "old"

    def test_wrong_views_modes_and_rows_are_named(self, home: Home, tmp_path: Path) -> None:
        target = tmp_path / "a.xlsx"
        with pytest.raises(ReportError, match="no view v_trade"):
            excel.write(home, target, views=["trade"])
        with pytest.raises(ReportError, match="no mode"):
            excel.write(home, target, mode="x' OR 1")
        with pytest.raises(ReportError, match="1 to"):
            excel.write(home, target, rows=0)
        assert not target.exists()

    def test_a_source_that_reads_another_ledger_is_not_named(self, home: Home, tmp_path: Path) -> None:
        other = Home(tmp_path / "other").create()
        with pytest.raises(DataSourceError, match="does not read this home"):
            excel.write(other, tmp_path / "a.xlsx")
        with pytest.raises(LedgerError, match="there is no ledger"):
            excel.write(other, tmp_path / "a.xlsx", source="elsewhere")
        assert odbc.source_of(home) == "quantstrip"


def test_the_command_says_what_it_wrote_and_what_is_missing(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = str(tmp_path / "a.xlsx")
    assert (
        run(["--home", str(home.root), "excel", target, "--views", "trades", "--dsn", "away", "--mode", "replay"]) == 0
    )
    said = capsys.readouterr().out
    for part in ("1 sheets, 0 rows, mode replay", "Nothing is recorded", "'away'"):
        assert part in said
    assert f"quantstrip --home {shlex.quote(str(home.root))} odbc install --name away" in said, "as it can be typed"
