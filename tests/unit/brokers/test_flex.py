"""Flex statements: what is read, and what is refused with the reason and the box to tick."""

from pathlib import Path

import pytest

from quantstrip.brokers.flex import read_flex
from quantstrip.clock import to_text
from quantstrip.errors import StatementError
from quantstrip.model.statement import Fee, StatementPosition
from tests.unit.brokers.flex_samples import position, positions, response, statement, trade, trades, write


def test_a_statement_has_fills_in_utc_with_their_fees_and_positions(tmp_path: Path) -> None:
    row = trade(
        "0001.01", "SAP", "SELL", 4, 170.25, currency="EUR", ibCommission="-1.5", ibCommissionCurrency="USD",
        taxes="-0.7", orderReference="mine-1", ibOrderID="77", assetCategory="OPT", multiplier="100",
    )  # fmt: skip
    path = write(tmp_path, response(statement(trades(row), positions(position("SAP", -4)))))

    found = read_flex([path])

    assert found.fills is not None
    (fill,) = found.fills
    assert (fill.exec_id, fill.account, fill.symbol, fill.side, fill.quantity) == ("0001.01", "U1", "SAP", "SELL", 4.0)
    assert (fill.price, fill.trade_date, fill.currency, fill.multiplier) == (170.25, "2024-03-06", "EUR", 100.0)
    assert to_text(fill.ts) == "2024-03-06 15:30:00.000000"
    assert fill.fees == (Fee("COMMISSION", "USD", 1.5), Fee("TAX", "EUR", 0.7))
    assert (fill.reference, fill.external_order_id, fill.contract_id) == ("mine-1", "77", "c-SAP")
    assert found.positions == (StatementPosition("U1", "SAP", "c-SAP", -4.0, 400.0),)
    assert (found.first_date, found.last_date, found.accounts) == ("2024-03-04", "2024-03-08", ("U1",))


def test_times_are_read_in_the_zone_that_is_given(tmp_path: Path) -> None:
    path = write(tmp_path, response(statement(trades(trade("1")))))

    (fill,) = read_flex([path], zone="Europe/Berlin").fills or ()

    assert to_text(fill.ts) == "2024-03-06 09:30:00.000000"


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused(tmp_path: Path, cut: float) -> None:
    text = response(statement(trades(trade("1"), trade("2")), positions(position("SPY", 20))))
    path = write(tmp_path, text[: int(len(text) * cut)])

    with pytest.raises(StatementError, match="not whole"):
        read_flex([path])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("<html><body>login</body></html>", "root is <html>"),
        (
            "<FlexStatementResponse><Status>Fail</Status><ErrorCode>1019</ErrorCode>"
            "<ErrorMessage>Statement generation in progress</ErrorMessage></FlexStatementResponse>",
            "Statement generation in progress",
        ),
        (response(statement(trades()), count=2), "says that it holds 2 statements, and holds 1"),
        (response(), "holds 0"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><FlexQueryResponse/>', "entities"),
        (response(statement("<CashReport />")), "neither trades nor open positions"),
        (response(statement(trades(trade("")))), "lacks IB Execution ID"),
        (response(statement(trades(trade("1", dateTime="")))), "lacks Date/Time"),
        (response(statement(trades(trade("1", dateTime="6 March")))), "cannot be read"),
        (response(statement(trades(), first="03/04/2024")), "which days it covers"),
        (response(statement(trades('<SymbolSummary accountId="U1" symbol="SPY" />'))), "no executions, only Symbol"),
        (
            response(statement(positions('<OpenPosition symbol="SPY" position="1" levelOfDetail="LOT"/>'))),
            "holds lots only",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(StatementError, match=says):
        read_flex([write(tmp_path, text)])


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StatementError, match="cannot be read"):
        read_flex([tmp_path / "nowhere.xml"])


def test_a_statement_of_another_account_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, response(statement(trades(trade("1")), account="U1")))

    with pytest.raises(StatementError, match=r"expected a statement of U9, but week\.xml is of U1"):
        read_flex([path], accounts=["U9"])


def test_of_several_accounts_those_that_are_asked_for_are_read(tmp_path: Path) -> None:
    two = statement(trades(trade("1"))), statement(trades(trade("2", accountId="U2")), account="U2")
    path = write(tmp_path, response(*two))

    assert read_flex([path]).accounts == ("U1", "U2")
    assert [fill.exec_id for fill in read_flex([path], accounts=["U2"]).fills or ()] == ["2"]


def test_sections_and_fields_nobody_knows_are_named_and_do_no_harm(tmp_path: Path) -> None:
    sections = trades(trade("1", brandNewField="x")), '<QuantumDividends><Quark spin="up" /></QuantumDividends>'
    found = read_flex([write(tmp_path, response(statement(*sections)))])

    assert [fill.exec_id for fill in found.fills or ()] == ["1"]
    assert "U1: sections that are not compared: QuantumDividends" in found.notes


def test_an_empty_period_says_so(tmp_path: Path) -> None:
    found = read_flex([write(tmp_path, response(statement(trades(), positions())))])

    assert found.fills == ()
    assert found.positions == ()
    assert "U1: no executions from 2024-03-04 to 2024-03-08" in found.notes


def test_corporate_actions_transfers_and_cancelled_trades_are_events_not_trades(tmp_path: Path) -> None:
    action = '<CorporateAction accountId="U1" symbol="GOOG" conid="9" actionDescription="GOOG SPLIT 20 FOR 1" quantity="190" reportDate="2024-03-05" />'  # noqa: E501 - one row
    moved = '<Transfer accountId="U1" symbol="IBM" type="ACATS" direction="IN" quantity="50" date="2024-03-06" />'
    rows = trades(trade("1"), trade("2", transactionType="TradeCancel"), trade("", transactionType="BookTrade"))
    sections = f"<CorporateActions>{action}</CorporateActions>", f"<Transfers>{moved}</Transfers>", rows

    found = read_flex([write(tmp_path, response(statement(*sections)))])

    assert [fill.exec_id for fill in found.fills or ()] == ["1"]
    assert {(event.kind, event.symbol) for event in found.events} == {
        ("CorporateActions", "GOOG"), ("Transfers", "IBM"), ("cancelled trade", "SPY"),
        ("exercise, assignment or expiry", "SPY"),
    }  # fmt: skip
    assert "GOOG SPLIT 20 FOR 1 190" in {event.text for event in found.events}


def test_files_that_leave_out_days_are_refused(tmp_path: Path) -> None:
    early = write(tmp_path, response(statement(trades(), first="2024-02-05", last="2024-02-09")), "a.xml")
    late = write(tmp_path, response(statement(trades())), "b.xml")

    with pytest.raises(StatementError, match="leave out the days from 2024-02-09 to 2024-03-04"):
        read_flex([early, late])
