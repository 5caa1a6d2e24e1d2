"""Orders that mean nothing, from a client that is deployed: recorded with the reason, and the client lives on."""

from typing import Any

STRATEGY = """
    from quantstrip.model import Signal
    from quantstrip.strategy import StrategyBase

    class Careless(StrategyBase):
        timeframe = "1d"

        def __init__(self, symbols=None):
            super().__init__(name="careless", symbols=symbols or ["IBM"])
            self.bars = 0

        def on_bar(self, bar):
            self.bars += 1
            bad = {
                1: Signal("IBM", "BUY", quantity=0),
                2: Signal("IBM", "BUY", quantity=float("nan")),
                3: Signal("IBM", "SELL", quantity=-5),
                4: Signal("NOPE", "BUY", quantity=5),
                5: Signal("IBM", "BUY", quantity=5, order_type="LIMIT", limit_price=float("inf")),
                6: Signal("IBM", "BUY", quantity=10),
            }
            return [bad[self.bars]] if self.bars in bad else []
"""
BY_HAND = """
    from quantstrip import ClientBase, db_handler, logger

    class Client(ClientBase):
        mode = "paper"

        def __init__(self, *args):
            super().__init__()
            self.quantities = [0, float("nan"), -5, 10]
            self.scheduler.every(1).seconds.do(self.job)

        def job(self):
            if not self.quantities:
                return logger.info("lives on")
            quantity = self.quantities.pop(0)
            db_handler.insert_broker("desk", "By hand")
            db_handler.insert_order(
                strategy_id="careless", broker_id="desk", account="A1", symbol="IBM", side="BUY", order_type="MARKET",
                total_quantity=quantity, client_reference=str(quantity),
            )
"""


def test_a_strategys_bad_orders_are_recorded_rejections_and_it_trades_on(station: Any) -> None:
    station.deploy("careless", STRATEGY)
    station.settings.set_by_path("clients.careless.replay_seconds", 2.0, "float")
    process = station.start("careless")
    station.wait_for(lambda: process.poll() is not None or station.ledger.query("SELECT 1 FROM execution")[1], "a fill")
    assert process.poll() is None, process.communicate()[0]
    _, rejected = station.ledger.query("SELECT symbol, rule, reason FROM rejected_signal ORDER BY event_time")
    assert [(row[0], row[1]) for row in rejected] == [
        ("IBM", "validity"), ("IBM", "validity"), ("IBM", "validity"), ("NOPE", "validity"), ("IBM", "validity"),
    ]  # fmt: skip
    assert all(row[2] for row in rejected)
    assert "'NOPE' is not an instrument of this run" in rejected[3][2]
    _, orders = station.ledger.query("SELECT symbol, total_quantity FROM orders")
    assert [tuple(row) for row in orders] == [("IBM", 10.0)]


def test_bad_orders_written_by_hand_are_refused_and_the_schedule_goes_on(station: Any) -> None:
    station.deploy("byhand", BY_HAND)
    process = station.start("byhand")
    station.wait_for(lambda: station.says("byhand", "lives on") or process.poll() is not None, "it lives on")
    assert process.poll() is None, process.communicate()[0]
    assert station.outcomes("byhand")[:4] == ["failed", "failed", "failed", "ok"]
    traces = [run["trace"] for run in reversed(station.ledger.job_runs("byhand"))][:3]
    assert all("InvalidRecord: " in trace and "quantity" in trace for trace in traces)
    _, orders = station.ledger.query("SELECT symbol, total_quantity FROM orders")
    assert [tuple(row) for row in orders] == [("IBM", 10.0)], "a refused order leaves no row"
