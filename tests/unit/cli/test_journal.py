"""``quantstrip journal``: what an entry does is shown before it is booked; nothing is edited."""

import json

import pytest

from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from tests.unit.cli.conftest import Run

TRADE = (
    "journal", "trade", "trend", "BUY", "10", "SPY", "400", "--account", "U1", "--commission", "1", "--exec-id", "x1",
    "--time", "2024-03-06 15:00:00",
)  # fmt: skip


def rows(home: Home, sql: str) -> list[tuple[object, ...]]:
    return open_ledger(home).query(sql)[1]


def test_a_trade_is_shown_and_booked_once_a_person_agrees(quantstrip: Run, home: Home) -> None:
    done = quantstrip(*TRADE, given="y\n")

    assert done.returncode == 0
    assert "before: nothing held, nothing made" in done.stdout
    assert "after:  10 at 400, realised 0.00, commission 1.00, net -1.00 USD" in done.stdout
    assert rows(home, "SELECT position, commission FROM v_positions") == [(10.0, 1.0)]


def test_without_a_yes_nothing_is_booked(quantstrip: Run, home: Home) -> None:
    for answer, code, said in (("n\n", 130, "Stopped by the user."), ("", 2, "--yes books without asking")):
        done = quantstrip(*TRADE, given=answer)
        assert (done.returncode, said in done.stderr) == (code, True)
        assert "after:" in done.stdout
    assert rows(home, "SELECT * FROM execution") == []
    assert rows(home, "SELECT * FROM strategy") == []


def test_a_position_is_taken_over_also_a_short_one_and_moves_between_strategies(quantstrip: Run, home: Home) -> None:
    quantstrip("journal", "transfer", "SPY", "trend", "-5", "--price", "410", "--yes")
    assert rows(home, "SELECT strategy, position FROM v_positions") == [("trend", -5.0)]

    quantstrip("journal", "transfer", "SPY", "carry", "-5", "--from", "trend", "--yes")
    assert rows(home, "SELECT strategy, position, avg_price FROM v_positions") == [("carry", -5.0, 410.0)]

    done = quantstrip("journal", "transfer", "SPY", "carry", "-5", "--out", "--price", "410", "--yes")
    assert "before: -5 at 410" in done.stdout
    assert rows(home, "SELECT * FROM v_positions") == []


def test_a_correction_shows_before_and_after_and_reverses_by_a_row(quantstrip: Run, home: Home) -> None:
    quantstrip(*TRADE, "--yes")

    done = quantstrip("journal", "correct", "x1", "--price", "401", "--reason", "mistyped", given="y\n")

    assert "before: 10 at 400" in done.stdout
    assert "after:  10 at 401" in done.stdout
    assert rows(home, "SELECT exec_id, entry FROM v_executions ORDER BY seq_id") == [
        ("x1", "CORRECTED"), ("x1~reversed", "CORRECTION"), ("x1~replaced", "FILL"),
    ]  # fmt: skip


def test_correcting_twice_is_refused(quantstrip: Run, home: Home) -> None:
    quantstrip(*TRADE, "--yes")
    quantstrip("journal", "correct", "x1", "--delete", "--reason", "never was", "--yes")
    before = rows(home, "SELECT * FROM execution")

    for more in (["--yes"], []):
        done = quantstrip("journal", "correct", "x1", "--delete", "--reason", "again", *more)
        assert done.returncode == 1
        assert "corrected already, by x1~reversed" in done.stderr
    assert rows(home, "SELECT * FROM execution") == before


def test_entries_are_listed_with_what_they_refer_to(quantstrip: Run) -> None:
    quantstrip(*TRADE, "--yes", "--note", "by phone")
    quantstrip("journal", "correct", "x1", "--price", "401", "--reason", "mistyped", "--yes")

    found = json.loads(quantstrip("journal", "list", "--json").stdout)
    assert [(one["kind"], one["exec_id"], one["refers_to"], one["note"]) for one in found] == [
        ("REPLACEMENT", "x1~replaced", "x1", "mistyped"), ("CORRECTION", "x1~reversed", "x1", "mistyped"),
        ("MANUAL", "x1", "", "by phone"),
    ]  # fmt: skip
    assert "by phone" in quantstrip("journal", "list", "--strategy", "trend").stdout
    assert json.loads(quantstrip("journal", "list", "--strategy", "other", "--json").stdout) == []


def test_json_says_what_was_booked(quantstrip: Run) -> None:
    found = json.loads(quantstrip(*TRADE, "--yes", "--json").stdout)

    assert found["exec_ids"] == ["x1"]
    assert found["changes"][0]["before"] is None
    assert found["changes"][0]["after"]["position"] == 10.0


def test_a_negative_number_keeps_its_place_among_the_arguments(quantstrip: Run, home: Home) -> None:
    done = quantstrip("journal", "trade", "trend", "BUY", "-10", "SPY", "400", "--yes")
    assert done.returncode == 1
    assert "quantity" in done.stderr
    assert "-10" in done.stderr

    done = quantstrip(*(part if part != "1" else "-0.5" for part in TRADE), "--yes")
    assert done.returncode == 0, done.stderr
    assert rows(home, "SELECT position, commission FROM v_positions") == [(10.0, -0.5)]


def held_at_a_broker(home: Home) -> None:
    """Ten SPY of ``trend`` in an account at IBKR."""
    ledger = open_ledger(home)
    ledger.insert_broker("IBKR", "Interactive Brokers")
    ledger.insert_execution("x1", None, "trend", "IBKR", symbol="SPY", side="BUY", quantity=10, price=400, account="U1")


def test_a_position_is_moved_from_where_it_is_held_without_naming_the_place(quantstrip: Run, home: Home) -> None:
    held_at_a_broker(home)

    done = quantstrip("journal", "transfer", "SPY", "carry", "4", "--from", "trend", "--yes")

    assert done.returncode == 0, done.stderr
    assert rows(home, "SELECT strategy, account, broker, position, avg_price FROM v_positions ORDER BY strategy") == [
        ("carry", "U1", "IBKR", 4.0, 400.0), ("trend", "U1", "IBKR", 6.0, 400.0),
    ]  # fmt: skip
    out = quantstrip("journal", "transfer", "SPY", "trend", "6", "--out", "--price", "410", "--yes")
    assert out.returncode == 0, out.stderr
    assert rows(home, "SELECT strategy, position FROM v_positions") == [("carry", 4.0)]


def test_a_trade_is_added_to_the_position_that_is_there(quantstrip: Run, home: Home) -> None:
    held_at_a_broker(home)

    done = quantstrip("journal", "trade", "trend", "SELL", "10", "SPY", "410", "--commission", "1", "--yes")

    assert done.returncode == 0, done.stderr
    assert rows(home, "SELECT * FROM v_positions") == [], "closed, not a short one without an account beside it"
    assert rows(home, "SELECT account, broker, gross_pnl, net_pnl FROM v_trades") == [("U1", "IBKR", 100.0, 99.0)]

    held_elsewhere = ("journal", "trade", "trend", "BUY", "1", "SPY", "410", "--account", "", "--yes")
    assert quantstrip(*held_elsewhere).returncode == 0
    assert rows(home, "SELECT account, broker, position FROM v_positions") == [("", None, 1.0)]


def test_a_leg_of_a_hedge_is_named(quantstrip: Run, home: Home) -> None:
    both = (("BUY", "LONG"), ("SELL", "SHORT"))
    for side, leg in both:
        quantstrip("journal", "trade", "trend", side, "10", "SPY", "400", "--leg", leg, "--yes")

    unnamed = quantstrip("journal", "trade", "trend", "SELL", "4", "SPY", "410", "--yes")
    assert unnamed.returncode == 1
    assert "in 2 places: 10 in no account, LONG; -10 in no account, SHORT" in unnamed.stderr
    assert quantstrip("journal", "trade", "trend", "SELL", "4", "SPY", "410", "--leg", "long", "--yes").returncode == 0
    assert rows(home, "SELECT leg, position FROM v_positions ORDER BY leg") == [("LONG", 6.0), ("SHORT", -10.0)]


def test_what_is_held_in_several_places_is_asked_for(quantstrip: Run, home: Home) -> None:
    held_at_a_broker(home)
    quantstrip(*TRADE[:-4], "--account", "U2", "--yes")

    done = quantstrip("journal", "transfer", "SPY", "carry", "4", "--from", "trend", "--yes")
    assert done.returncode == 1
    assert "in 2 places, of which 2 fit: 10 in U1 at IBKR; 10 in U2" in done.stderr
    named = quantstrip("journal", "transfer", "SPY", "carry", "4", "--from", "trend", "--account", "U2", "--yes")
    assert named.returncode == 0, named.stderr
    assert rows(home, "SELECT account, position FROM v_positions WHERE strategy = 'carry'") == [("U2", 4.0)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("SPY", "carry", "11", "--from", "trend"), "trend holds 10 SPY, so it cannot give 11"),
        (("SPY", "carry", "-10", "--from", "trend"), "trend holds 10 SPY, so it cannot give -10"),
        (("SPY", "trend", "11", "--out", "--price", "1"), "trend holds 10 SPY, so it cannot give 11"),
        (("SPY", "carry", "0", "--from", "trend"), "cannot give 0"),
        (("SPY", "carry", "1", "--from", "nobody", "--price", "1"), "nobody holds no SPY"),
        (("SPY", "carry", "1", "--from", "trend", "--account", "U9"), "of which 0 fit: 10 in U1 at IBKR"),
        (("SPY", "trend", "1", "--from", "trend"), "trend gives to itself"),
    ],
)
def test_what_is_not_held_cannot_be_moved(quantstrip: Run, home: Home, words: tuple[str, ...], told: str) -> None:
    held_at_a_broker(home)

    done = quantstrip("journal", "transfer", *words, "--yes")

    assert (done.returncode, told in done.stderr) == (1, True), done.stderr
    assert rows(home, "SELECT exec_id FROM execution") == [("x1",)]


def test_a_trade_in_another_currency_is_not_added_to_a_position(quantstrip: Run, home: Home) -> None:
    quantstrip(*TRADE, "--yes", "--currency", "eur")

    five = ("journal", "trade", "trend", "BUY", "5", "SPY", "50", "--currency", "USD", "--yes")
    other = quantstrip(*five, "--account", "U1")
    assert other.returncode == 1
    assert "trend holds SPY in EUR; a trade in USD cannot be added to it" in other.stderr
    wrong = quantstrip("journal", "trade", "trend", "BUY", "5", "QQQ", "50", "--currency", "dollars", "--yes")
    assert (wrong.returncode, "a code such as EUR, got 'dollars'" in wrong.stderr) == (1, True)

    same = quantstrip("journal", "trade", "trend", "BUY", "10", "SPY", "420", "--account", "U1", "--yes")
    assert same.returncode == 0, same.stderr
    elsewhere = quantstrip(*five, "--account", "U2")
    assert elsewhere.returncode == 0, elsewhere.stderr
    assert rows(home, "SELECT account, currency, position, avg_price FROM v_positions ORDER BY account") == [
        ("U1", "EUR", 20.0, 410.0), ("U2", "USD", 5.0, 50.0),
    ]  # fmt: skip


def test_a_symbol_in_small_letters_is_the_one_that_is_held(quantstrip: Run, home: Home) -> None:
    held_at_a_broker(home)

    done = quantstrip(
        "journal", "trade", "trend", "SELL", "4", "spy", "410", "--account", "U1", "--broker", "IBKR", "--yes"
    )
    assert done.returncode == 0, done.stderr
    moved = quantstrip("journal", "transfer", "spy", "carry", "6", "--from", "trend", "--yes")
    assert moved.returncode == 0, moved.stderr

    assert rows(home, "SELECT strategy, symbol, position FROM v_positions") == [("carry", "SPY", 6.0)]
