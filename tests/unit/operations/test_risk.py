"""What a person can do about halts and kill switches, for the command line and the dashboard alike."""

from typing import Any

import pytest

from quantstrip.clock import DAY
from quantstrip.errors import ClientNotFound
from quantstrip.home import Home
from quantstrip.ledger import Ledger, LedgerRecorder
from quantstrip.model import Halt
from quantstrip.operations import clients, risk

HALT = Halt("max_drawdown", 3 * DAY, "equity fell 12.00%")


@pytest.fixture
def halted(ledger: Ledger) -> Ledger:
    """Client ``trend`` with a run that a drawdown halts, and a deployed client ``quiet`` that never ran."""
    ledger.set_client("trend", code_hash="v1")
    ledger.set_client("quiet", code_hash="v1")
    run = ledger.open_strategy_run("key", "trend", "ma", "paper", "", "v1", {}, "made", 1e5)
    LedgerRecorder(ledger, run, "simulated").halts(3 * DAY, [HALT])
    return ledger


@pytest.mark.usefixtures("halted")
def test_the_status_tells_halts_and_kill_switches_of_every_client(made_home: Home) -> None:
    risk.kill(made_home, "quiet", "on holiday")
    quiet, trend = risk.risk_status(made_home)
    assert (quiet.client, quiet.strategy, quiet.killed, quiet.kill_reason, quiet.halts) == (
        "quiet", "", True, "on holiday", (),
    )  # fmt: skip
    assert quiet.killed_at
    assert (trend.client, trend.strategy, trend.mode, trend.killed) == ("trend", "ma", "paper", False)
    assert trend.halts == (
        risk.HaltRow("max_drawdown", "1970-01-04 00:00:00.000000", "", "equity fell 12.00%"),
    )  # fmt: skip


@pytest.mark.usefixtures("halted")
def test_the_status_of_clients_carries_both(made_home: Home) -> None:
    risk.kill(made_home, "trend", "the news")
    found = clients.client_status(made_home, "trend")
    assert (found.killed, found.kill_reason) == (True, "the news")
    assert [halt.rule for halt in found.halts] == ["max_drawdown"]
    other = clients.client_status(made_home, "quiet")
    assert (other.killed, other.halts) == (False, ())


@pytest.mark.usefixtures("halted")
def test_all_means_every_client_and_tells_which_changed(made_home: Home) -> None:
    assert risk.kill(made_home, "trend") == ["trend"]
    assert risk.kill(made_home, "all") == ["quiet"]
    assert risk.revive(made_home, "all") == ["quiet", "trend"]
    assert risk.revive(made_home, "all") == []


@pytest.mark.usefixtures("halted")
def test_clearing_lifts_what_is_in_force_once(made_home: Home) -> None:
    assert risk.clear(made_home, "trend", "max_daily_loss") == []
    assert [halt.rule for halt in risk.clear(made_home, "trend", "max_drawdown", "seen")] == ["max_drawdown"]
    assert risk.clear(made_home, "trend") == []
    assert risk.risk_status(made_home, ["trend"])[0].halts == ()


@pytest.mark.usefixtures("halted")
@pytest.mark.parametrize("act", [risk.kill, risk.revive, risk.clear])
def test_an_unknown_client_is_refused_with_those_there_are(made_home: Home, act: Any) -> None:
    with pytest.raises(ClientNotFound, match="no client 'trnd'") as refused:
        act(made_home, "trnd")
    assert refused.value.hint == "Clients: quiet, trend"
