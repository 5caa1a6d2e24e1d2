"""CSV, text, PNG, the stored document, and files that are written whole or not at all."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from quantstrip.errors import ReportError
from quantstrip.report import METRICS
from quantstrip.report.document import from_document, to_document
from quantstrip.report.files import write_whole
from quantstrip.report.html import render_html
from quantstrip.report.model import Report
from quantstrip.report.picture import render_png
from quantstrip.report.sections import Section, render_sections
from quantstrip.report.tables import TABLES, render_csv
from quantstrip.report.text import render_text
from quantstrip.report.words import counted, money, percent, quantity, short_money
from quantstrip.report.workbook import render_xlsx
from tests.unit.report.conftest import history, report_of

# Rates of a year


@pytest.mark.parametrize(("sessions", "shown"), [(19, False), (20, True)])
def test_rates_of_a_year_are_shown_to_readers_from_twenty_sessions_on(sessions: int, shown: bool) -> None:
    report = report_of([history("young", 5, sessions)])
    for name in ("annualised_return", "calmar"):
        assert report.portfolio.figure(name) is not None, "the figure is there by its definition"
        assert (report.portfolio.shown(name) is not None) == shown
    for name in ("total_return", "sharpe", "max_drawdown", "volatility"):
        assert report.portfolio.shown(name) == report.portfolio.figure(name)
        assert report.portfolio.shown(name) is not None
    (row,) = [row for row in read(render_csv(report, "strategies")) if row["strategy"] == "young"]
    assert float(row["annualised_return"]) == report.portfolio.figure("annualised_return")
    line = next(line for line in render_text(report).splitlines() if line.startswith("Annualised return"))
    assert line.endswith(" -") != shown
    (tile,) = re.findall(r'data-metric="annualised_return" data-value="([^"]*)"', render_html(report))[:1]
    assert (tile != "") == shown


def test_every_horizon_of_an_old_history_shows_its_rate_of_a_year() -> None:
    whole = report_of([history("old", 5, 500)]).portfolio
    assert {each.name: whole.shown("annualised_return", each.name) for each in whole.horizons} == {
        each.name: whole.figure("annualised_return", each.name) for each in whole.horizons
    }
    assert whole.shown("annualised_return", "10Y") is None


# CSV


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_days_as_csv_add_up_to_the_portfolio(report: Report) -> None:
    rows = read(render_csv(report))
    assert len(rows) == len(report.daily)
    assert round(sum(float(row["net_pnl"]) for row in rows), 2) == report.portfolio.figure("net_pnl")
    assert rows[0]["date"] == report.daily[0].day.isoformat()


def test_metrics_as_csv_have_a_row_for_each_scope_horizon_and_metric(report: Report) -> None:
    rows = read(render_csv(report, "metrics"))
    assert len(rows) == len(report.scopes) * 7 * len(METRICS)
    wanted = [row for row in rows if (row["scope"], row["horizon"], row["metric"]) == ("portfolio", "1Y", "sharpe")]
    assert [float(row["value"]) for row in wanted] == [report.portfolio.figure("sharpe", "1Y")]
    assert {row["value"] for row in rows if row["metric"] == "max_drawdown_recovery"} != {""}


def test_a_spreadsheet_runs_nothing_from_a_csv(report: Report) -> None:
    for table in TABLES:
        for row in csv.reader(io.StringIO(render_csv(report, table), newline="")):
            for cell in row:
                assert cell[:1] not in {"=", "@", "+", "\t"} or re.fullmatch(r"[-+]?[\d.e+-]+", cell), cell
    assert "'=SUM(A1:A9)" in render_csv(report, "strategies")
    assert "-0.5" in render_csv(report, "positions")  # a number is no formula


def test_a_table_that_is_not_there_is_named_with_those_that_are(report: Report) -> None:
    with pytest.raises(ReportError, match=r"'fills'\nThere are: daily, strategies"):
        render_csv(report, "fills")


# Text


def test_the_text_says_what_the_page_says(report: Report) -> None:
    text = render_text(report, full=True)
    assert money(report.portfolio.figure("net_pnl")) in text
    assert "Note: No price of <b>GLD</b> & others." in text
    for metric in METRICS:
        assert metric.label in text
    for scope in report.strategies:
        assert re.search(rf"^{re.escape(scope.name)} ", text, re.MULTILINE)


def test_a_horizon_can_be_chosen(report: Report) -> None:
    assert money(report.portfolio.figure("net_pnl", "3M")) in render_text(report, "3M")


def test_the_empty_report_is_a_sentence(empty_report: Report) -> None:
    assert render_text(empty_report).endswith("Nothing was traded in this mode yet.\n")


def test_figures_are_written_one_way() -> None:
    assert money(-1234.5) == "-1,234.50"
    assert money(-0.001) == "0.00"
    assert percent(0.12345) == "12.35 %"
    assert percent(-1e-9) == "0.00 %"
    assert quantity(1234.5) == "1,234.5"
    assert quantity(-0.0) == "0"
    assert [counted(number, "fill") for number in (0, 1, 2_000)] == ["0 fills", "1 fill", "2,000 fills"]
    assert [short_money(value) for value in (0.0, 950.0, 1500.0, -2_000_000.0)] == ["0", "950", "1.5k", "-2M"]


# PNG


def test_the_picture_is_drawn_without_a_browser_in_the_size_that_was_asked_for(report: Report) -> None:
    image = Image.open(io.BytesIO(render_png(report, width=500, height=240)))
    assert (image.format, image.size) == ("PNG", (500, 240))
    colours = {colour for _, colour in image.convert("RGB").getcolors(500 * 240) or []}
    assert (15, 110, 132) in colours  # the portfolio's line
    assert len(colours) > 50  # smooth edges


def test_the_line_goes_where_the_profit_went() -> None:
    up = history("s", 1, 50)
    rising = type(up)("s", 100.0, up.days, np.full(50, 10.0), np.zeros(50))
    image = Image.open(io.BytesIO(render_png(report_of([rising])))).convert("RGB")
    pixels = {(x, y): image.getpixel((x, y)) for x in range(image.width) for y in range(40, image.height)}
    places = [at for at, colour in pixels.items() if isinstance(colour, tuple) and colour[2] - colour[0] > 60]
    left, right = min(places), max(places)
    assert right[0] - left[0] > image.width * 0.8
    assert left[1] - right[1] > image.height * 0.4


def test_a_mail_of_nothing_has_a_picture_too(empty_report: Report) -> None:
    assert Image.open(io.BytesIO(render_png(empty_report))).size == (640, 300)


# Document


def test_a_stored_document_renders_byte_for_byte_as_the_report_did(report: Report) -> None:
    again = from_document(to_document(report))
    assert render_html(again) == render_html(report)
    assert render_text(again, full=True) == render_text(report, full=True)
    assert to_document(again) == to_document(report)
    assert [render_csv(again, table) for table in TABLES] == [render_csv(report, table) for table in TABLES]
    assert len(render_xlsx(again)) == len(render_xlsx(report))


def test_reports_without_strategies_or_capital_survive_too(empty_report: Report) -> None:
    for made in (empty_report, report_of([history("ten_lines", 3, capital=None)])):
        assert render_html(from_document(to_document(made))) == render_html(made)


def test_a_document_is_strict_json(report: Report) -> None:
    assert "NaN" not in to_document(report)
    assert json.loads(to_document(report))["form"] == "quantstrip.report/1"


@pytest.mark.parametrize(
    "damage", ["", "{}", "[]", '{"form": "quantstrip.report/1"}', '{"form": "quantstrip.report/9"}']
)
def test_a_damaged_or_later_document_is_refused(damage: str) -> None:
    with pytest.raises(ReportError):
        from_document(damage)


def test_a_document_of_before_a_metric_was_added_has_no_figure_of_it(report: Report) -> None:
    content = json.loads(to_document(report))
    for scope in content["scopes"]:
        for horizon in scope["horizons"]:
            del horizon[4]["ulcer_index"]
    again = from_document(json.dumps(content))
    assert again.portfolio.figure("ulcer_index") is None
    assert again.portfolio.figure("sharpe") == report.portfolio.figure("sharpe")


# Reports that a client wrote


def test_a_clients_own_report_is_a_plain_page_or_text() -> None:
    sections = [Section("Orders", ("AAPL <10>", "IBM")), Section("Errors", ())]
    page = render_sections("Evening", "2024-03-06", sections).decode()
    assert "<h2>Orders</h2>" in page
    assert "AAPL &lt;10&gt;" in page
    assert render_sections("Evening", "2024-03-06", sections, "text").decode().splitlines() == [
        "Evening 2024-03-06", "", "Orders", "  AAPL <10>", "  IBM", "", "Errors",
    ]  # fmt: skip
    with pytest.raises(ReportError, match="cannot be made as 'xlsx'"):
        render_sections("Evening", "", sections, "xlsx")


# Files


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_bytes(b"old")
    with target.open("rb") as reader:
        assert write_whole(target, b"new content") == target
        assert reader.read() == b"old"  # who has it open reads on in the old one
    assert target.read_bytes() == b"new content"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("lock", [".~lock.book.xlsx#", "~$book.xlsx"], ids=["LibreOffice", "Excel"])
def test_a_file_that_an_office_program_has_open_is_not_replaced(tmp_path: Path, lock: str) -> None:
    target = tmp_path / "book.xlsx"
    target.write_bytes(b"old")
    (tmp_path / lock).touch()

    with pytest.raises(ReportError, match="open in another program") as refused:
        write_whole(target, b"new")

    assert refused.value.hint is not None
    assert lock in str(refused.value)
    assert target.read_bytes() == b"old"
    (tmp_path / lock).unlink()
    write_whole(target, b"new")
    assert target.read_bytes() == b"new"


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"Make the folder first: .*nowhere"):
        write_whole(tmp_path / "nowhere" / "report.html", b"x")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="is a folder"):
        write_whole(tmp_path, b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "report.xlsx"
    target.write_bytes(b"old")
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from quantstrip.errors import ReportError; from quantstrip.report.files import write_whole\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"  # the system refuses as a full disk does
        "try: write_whole(Path(sys.argv[1]), b'x' * 100_000)\n"
        "except ReportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(target)], capture_output=True, text=True, check=True)
    assert "could not be written: File too large\nMake room on the disk" in done.stdout
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_place_that_takes_no_files_is_said_to_be_one() -> None:
    with pytest.raises(ReportError, match="Choose a place that you can write to"):
        write_whole(Path("/sys/quantstrip-report.html"), b"x")  # read-only for everybody, root among them
