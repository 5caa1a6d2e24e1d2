"""Halts and the kill switch on real client processes: obeyed within seconds, and over every restart."""

from typing import Any

from quantstrip.clock import system_clock
from quantstrip.operations import risk

BUYER = '''
from quantstrip import Signal, StrategyBase

class Buyer(StrategyBase):
    """Buys at every bar, and sells all at every tenth."""

    def __init__(self, symbols=None):
        super().__init__("buyer", symbols or ["AAPL"])
        self.bars = 0

    def on_bar(self, bar):
        self.bars += 1
        if self.bars % 10 == 0:
            return [Signal(bar.symbol, "SELL")]
        return [Signal(bar.symbol, "BUY", quantity=10)]
'''


def entries(station: Any) -> int:
    found: int = station.ledger.query("SELECT COUNT(*) FROM orders WHERE side = 'BUY'")[1][0][0]
    return found


def refused(station: Any, rule: str) -> int:
    found: int = station.ledger.query("SELECT COUNT(*) FROM rejected_signal WHERE rule = ?", (rule,))[1][0][0]
    return found


def life(station: Any, until: str) -> list[list[tuple[Any, ...]]]:
    """Everything decided and filled before a moment of the feed."""
    return [
        station.ledger.query(sql, (until,))[1]
        for sql in (
            "SELECT client_reference, side, total_quantity, event_time FROM orders WHERE event_time < ? ORDER BY 1",
            "SELECT exec_id, quantity, price, exec_time FROM execution WHERE exec_time < ? ORDER BY 1",
            "SELECT event_time, sequence, rule FROM rejected_signal WHERE event_time < ? ORDER BY 1, 2",
        )
    ]


def configure(station: Any, **values: Any) -> None:
    station.settings.set_by_path("clients.buyer.replay_seconds", 400.0, "float")
    for name, value in values.items():
        station.settings.set_by_path(f"clients.buyer.risk.{name}", *value)


def begin(station: Any) -> Any:
    process = station.start("buyer")
    station.wait_for(lambda: station.says("buyer", "strategy buyer runs"), "the strategy to run", 60)
    return process


def test_a_running_client_obeys_the_kill_switch_within_seconds_and_after_a_kill_of_its_process(station: Any) -> None:
    station.deploy("buyer", BUYER)
    configure(station, profile=("OFF",))
    process = begin(station)
    station.wait_for(lambda: entries(station) > 3, "some entries")
    asked = system_clock.monotonic()
    assert risk.kill(station.home, "buyer", "the news") == ["buyer"]
    station.wait_for(lambda: refused(station, "kill_switch") > 2, "refused entries")
    assert system_clock.monotonic() - asked < 30.0
    sold = len(station.ledger.query("SELECT 1 FROM execution WHERE side = 'SELL'")[1])
    station.wait_for(
        lambda: len(station.ledger.query("SELECT 1 FROM execution WHERE side = 'SELL'")[1]) >= max(1, sold),
        "an exit, which nothing stops",
    )
    held = entries(station)
    process.kill()
    process.wait(60)
    until = station.ledger.query("SELECT MAX(event_time) FROM rejected_signal")[1][0][0]
    before = life(station, until)
    (station.home.logs / "buyer.log").unlink()

    process = begin(station)
    station.wait_for(lambda: refused(station, "kill_switch") > 8, "more refused entries")
    assert entries(station) == held
    assert life(station, until) == before
    assert risk.revive(station.home, "all") == ["buyer"]
    station.wait_for(lambda: entries(station) > held, "entries again", 10)
    process.terminate()
    assert process.wait(60) == 0


def test_a_drawdown_halts_until_a_person_clears_it_whatever_restarts(station: Any) -> None:
    station.deploy("buyer", BUYER)
    configure(station, profile=("OFF",), max_drawdown=(0.00001, "float"))
    process = begin(station)
    station.wait_for(lambda: refused(station, "max_drawdown") > 0, "the halt")
    (alert,) = [row for row in station.ledger.alerts() if row["kind"] == "risk_halt"]
    assert "quantstrip risk clear buyer" in alert["body"]
    process.kill()
    process.wait(60)
    (state,) = risk.risk_status(station.home)
    assert [halt.rule for halt in state.halts] == ["max_drawdown"]
    held = entries(station)

    assert len(risk.clear(station.home, "buyer", reason="looked at it")) == 1
    (state,) = risk.risk_status(station.home)
    assert state.halts == ()
    (station.home.logs / "buyer.log").unlink()
    process = begin(station)
    station.wait_for(lambda: entries(station) > held, "an entry after the clear", 10)
    process.kill()
    process.wait(60)
    (taken,) = [row for row in station.ledger.risk_decisions("buyer") if row["action"] == "clear"]
    before = life(station, taken["event_time"])
    (station.home.logs / "buyer.log").unlink()
    process = begin(station)
    seen = refused(station, "max_drawdown")
    station.wait_for(lambda: refused(station, "max_drawdown") > seen, "bars beyond those of the process before")
    process.terminate()
    assert process.wait(60) == 0
    assert life(station, taken["event_time"]) == before
