"""Reports made of sections: kept as they were put together, rendered with what is recorded now."""

import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.errors import ReportError
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.operations import reports, stored_reports
from quantstrip.operations.stored_reports import CHARTS, HORIZONS, Composed, Part

words = st.text(string.ascii_letters + "äß<&\"' ", min_size=1, max_size=20).filter(str.strip).map(str.strip)
part = st.one_of(
    st.builds(lambda name, texts: Part(name, "text", "\n\n".join(texts)), words, st.lists(words, max_size=3)),
    st.builds(Part, words, st.just("figures"), horizon=st.sampled_from(HORIZONS), strategy=words),
    st.builds(Part, words, st.just("breakdown"), mode=st.sampled_from(["", "paper"])),
    st.builds(Part, words, st.just("chart"), chart=st.sampled_from(list(CHARTS))),
    st.builds(Part, words, st.just("table"), text=words, rows=st.integers(1, 500)),
)
composed = st.builds(Composed, words, st.lists(part, max_size=4).map(tuple), words)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=composed, other=composed)
def test_what_is_saved_is_what_is_loaded_and_saving_again_takes_its_place(
    made_home: Home, made: Composed, other: Composed
) -> None:
    number = stored_reports.save(made_home, made)
    assert stored_reports.load(made_home, number) == Composed(made.name, made.parts, made.recipients, number)
    assert stored_reports.from_json(stored_reports.to_json(made)) == made
    changed = Composed(other.name, other.parts, other.recipients, number)
    assert stored_reports.save(made_home, changed) == number
    assert stored_reports.load(made_home, number) == changed


@pytest.fixture
def traded(ledger: Ledger) -> Ledger:
    ledger.update_strategy(ledger.insert_strategy("swing"), allocation=1_000.0, currency="USD")
    for number, (side, price) in enumerate((("BUY", 50.0), ("SELL", 55.0))):
        ledger.insert_execution(
            f"x{number}", None, "swing", symbol="XYZ", side=side, quantity=2, price=price,
            exec_time=f"2024-03-{5 + number:02d} 15:00:00",
        )  # fmt: skip
    return ledger


def test_a_report_shows_the_figures_of_now_in_every_kind_of_section(made_home: Home, traded: Ledger) -> None:
    made = Composed(
        "Weekly <review>",
        (
            Part("Words", "text", "first\n\n<script>alert(1)</script>"),
            Part("Result", "figures", horizon="1Y"),
            Part("All", "breakdown"),
            Part("Curve", "chart"),
            Part("Fills", "table", "SELECT symbol, quantity FROM execution ORDER BY seq_id", rows=1),
        ),
    )
    number = stored_reports.save(made_home, made)
    page = reports.stored(made_home, number, "html").decode()
    assert "<title>Weekly &lt;review&gt;</title>" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert ">10.00<" in page, "the net PnL among the figures and in the table"
    assert "<svg" in page
    assert "The first 1 rows." in page
    traded.insert_commission("x1", 4.0, "USD")
    text = reports.stored(made_home, number, "text").decode()
    assert "Net PnL                     6.00" in text
    assert "swing" in text
    framed = reports.framed(page.encode())
    assert "<script>" not in framed
    assert "Content-Security-Policy" in framed


def test_a_section_that_cannot_be_made_says_why_and_the_others_are_there(made_home: Home, traded: Ledger) -> None:
    parts = (
        Part("Broken", "table", "SELECT a FROM nowhere"),
        Part("Write", "table", "DELETE FROM strategy"),
        Part("None", "figures", mode="paper"),
        Part("Who", "figures", strategy="nobody"),
        Part("Well", "text", "this one is there"),
    )
    text = stored_reports.render(made_home, Composed("r", parts), "text").decode()
    assert "no such table: nowhere" in text
    assert "Queries only read" in text or "refused" in text
    assert "nothing is recorded in the mode 'paper'" in text
    assert "No strategy is called 'nobody'" in text
    assert "this one is there" in text
    assert traded.query("SELECT COUNT(*) FROM strategy")[1] == [(1,)]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Part("", "text", "x"), "heading"),
        (Part("c", "chart", chart="pie"), "chart must be one of"),
        (Part("f", "figures", horizon="9Y"), "horizon must be one of"),
        (Part("t", "table", " "), "needs a query"),
        (Part("t", "table", "SELECT 1", rows=0), "rows must be"),
        (Part("k", "poem"), "kind must be one of"),  # type: ignore[arg-type]
    ],
)
def test_a_section_that_is_none_is_refused_and_nothing_of_the_report_changes(
    made_home: Home, wrong: Any, said: str
) -> None:
    number = stored_reports.save(made_home, Composed("kept", (Part("a", "text", "b"),)))
    before = stored_reports.load(made_home, number)
    with pytest.raises(ReportError, match=said):
        stored_reports.save(made_home, Composed("changed", (Part("n", "text", "m"), wrong), report_id=number))
    assert stored_reports.load(made_home, number) == before


def test_a_report_is_copied_and_deleted_with_its_sections(made_home: Home, ledger: Ledger) -> None:
    number = stored_reports.save(made_home, Composed("Weekly", (Part("a", "text", "b"),)))
    copy = stored_reports.duplicate(made_home, number)
    stored_reports.delete(made_home, number)
    assert [(row.report_id, row.name, row.status) for row in reports.stored_reports(made_home)] == [
        (copy, "Weekly (copy)", "DRAFT")
    ]
    assert ledger.query("SELECT COUNT(*) FROM report_section")[1] == [(1,)]
    with pytest.raises(ReportError, match=f"no stored report has the id {number}"):
        stored_reports.delete(made_home, number)


def test_what_a_client_wrote_is_edited_as_text_and_what_was_stored_as_shown_is_not(
    made_home: Home, traded: Ledger
) -> None:
    number = traded.insert_report("Mine")
    traded.insert_report_item(traded.insert_report_section(number, "Notes", "chart"), "not JSON")
    assert stored_reports.load(made_home, number).parts == (Part("Notes", "text", "not JSON"),)
    kept = reports.store(made_home, reports.build(made_home))
    with pytest.raises(ReportError, match="stored as it was shown"):
        stored_reports.load(made_home, kept)


@pytest.mark.parametrize("text", ["", "[]", '{"sections": []}', '{"name": "x", "sections": [{"nam": 1}]}'])
def test_json_that_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ReportError, match="cannot be read"):
        stored_reports.from_json(text)
