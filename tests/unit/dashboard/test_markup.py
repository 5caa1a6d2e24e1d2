"""Whatever a name, a log line or a trace holds, the page shows it as text."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.home import asset
from quantstrip.operations.logs import Entry, Place

ANY = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


class Read(HTMLParser):
    """The tags and the text of some HTML, as a browser takes it apart."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(autouse=True, scope="module")
def components() -> object:
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(asset("dashboard"))
    yield None
    patch.undo()


@settings(deadline=None)  # the first example imports Streamlit
@given(ANY, ANY)
def test_cells_of_a_table_are_text(first: str, second: str) -> None:
    from components.markup import Column, table

    read = Read(table([Column(first), Column("n", numeric=True)], [(second, 1.5)], label=first, none="-"))
    assert read.tags == ["div", "table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]
    assert "".join(read.text) == f"{first}n{second}1.5"


@settings(deadline=None)  # the first example imports Streamlit
@given(ANY)
def test_labels_facts_and_attributes_are_text(words: str) -> None:
    from components.markup import chip, facts, join, state

    read = Read(join(chip(words, title=words), state(words, "good"), facts([(words, words)])))
    assert read.tags == ["span", "span", "i", "dl", "div", "dt", "dd"]
    assert "".join(read.text) == words * 4


@settings(deadline=None)  # the first example imports Streamlit
@given(st.lists(ANY.filter(lambda line: line != ""), min_size=1, max_size=5))
def test_entries_of_a_log_are_text(lines: list[str]) -> None:
    from components.log_view import entries

    with_head = Entry(Place(0, 0), 1, "ERROR", lines[0], "", lines[0])
    without = [Entry(Place(0, 0), 0, "", "", "", line) for line in lines]
    read = Read(entries([with_head, *without], from_top=False, none=""))
    assert set(read.tags) <= {"div", "pre", "span", "b"}
    words = f"ERROR   {lines[0]} {lines[0]}\n" + "".join(f"{line}\n" for line in lines)
    assert "".join(read.text).endswith(words)


@pytest.mark.parametrize(
    ("amount", "shown", "css"),
    [
        (1234.5, "+1,234.50", "qs-up"),
        (-0.5, "-0.50", "qs-down"),
        (0.001, "0.00", ""),
        (-0.001, "0.00", ""),
        (None, "\u2013", None),
    ],
)
def test_amounts_carry_their_sign(amount: float | None, shown: str, css: str | None) -> None:
    from components.markup import signed

    html = signed(amount)
    assert "".join(Read(html).text) == shown
    if css:
        assert css in html


@pytest.mark.parametrize(
    ("units", "shown"), [(1200.0, "1,200"), (-0.5, "-0.5"), (0.00000001, "0.00000001"), (100.0, "100")]
)
def test_units_have_no_zeros_that_say_nothing(units: float, shown: str) -> None:
    from components.markup import quantity

    assert quantity(units) == shown
