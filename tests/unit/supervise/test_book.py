import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.clock import from_text
from quantstrip.ledger import Ledger
from quantstrip.supervise.book import client_row, make_note, parse_note, run_row
from quantstrip.supervise.policy import Mark

MOMENT = from_text("2026-01-05 10:00:00.123456")


@given(mark=st.sampled_from(list(Mark)), moment=st.integers(0, 4_000_000_000_000_000), reason=st.text())
def test_a_note_says_again_what_was_put_into_it(mark: Mark, moment: int, reason: str) -> None:
    assert parse_note(make_note(mark, moment, reason)) == (mark, moment, reason)


def test_a_note_is_a_line_that_a_person_can_read() -> None:
    assert make_note(Mark.GIVEN_UP, MOMENT, "it failed 6 times") == (
        "given_up since 2026-01-05 10:00:00.123456: it failed 6 times"
    )


@pytest.mark.parametrize("text", ["", "by hand", "since: x", "odd since 2026-01-05: x"])
def test_other_text_is_words_alone(text: str) -> None:
    assert parse_note(text) == (Mark.NONE, 0, text)


def test_rows_of_the_ledger_are_read_in_the_words_of_supervision(ledger: Ledger) -> None:
    ledger.set_client("x", code_hash="abc", desired_state="running", source="/c/x.py", differs=1)
    run_id = ledger.start_client_run("x", 4711, "abc", "paper")
    ledger.end_client_run(run_id, "killed", exit_code=-1, trace="gone")
    row = client_row(ledger.get_client("x") or {})
    assert (row.name, row.code_hash, row.wanted, row.differs, row.mark) == ("x", "abc", True, True, Mark.NONE)
    run = run_row(ledger.last_client_run("x") or {})
    assert (run.pid, run.outcome, run.exit_code, run.trace) == (4711, "killed", -1, "gone")
    assert run.failure is not None
    assert run.failure.killed


@pytest.mark.parametrize("outcome", ["stopped", "finished", "load_error"])
def test_an_end_in_order_is_no_failure(ledger: Ledger, outcome: str) -> None:
    run_id = ledger.start_client_run("x", 1, "abc", "live")
    assert run_row(ledger.last_client_run("x") or {}).failure is None
    ledger.end_client_run(run_id, outcome)
    assert run_row(ledger.last_client_run("x") or {}).failure is None
