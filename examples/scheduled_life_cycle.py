"""The life cycle of a trade, written by hand: order, status, execution, commission, position, intention.

Strategies under ``StrategyClient`` get all of this from the platform. A client that talks to a broker of its own does
it itself, and this is the pattern. What makes it safe to kill at any instant:

- The order is in the ledger *before* it is sent, under a reference that repeats: the strategy and the day. Deciding a
  second time on one day finds the order and changes nothing.
- Everything the broker says has a key (exec_id; order, status and the broker's time). Hearing it twice changes nothing.
- What is open is asked of the ledger, not of a variable: a restarted client goes on where the last one stopped.

    quantstrip run examples/scheduled_life_cycle.py
"""

from typing import NamedTuple

from quantstrip import ClientBase, OrderSide, db_handler, logger
from quantstrip.bars import read_csv, sample_folder
from quantstrip.clock import to_text

STRATEGY = "scheduled_life_cycle"
BROKER, ACCOUNT, MODE = "DESK", "DESK-1", "paper"
SYMBOL, LOT = "IBM", 10.0

OPEN_ORDERS = """
    SELECT o.order_id, o.client_reference, o.side, o.total_quantity, o.event_time
      FROM orders o JOIN strategy s ON s.strategy_id = o.strategy_id
     WHERE s.name = ? AND o.mode = ?
       AND NOT EXISTS (SELECT 1 FROM order_status x WHERE x.order_id = o.order_id
                          AND x.status IN ('FILLED', 'CANCELLED', 'REJECTED'))
     ORDER BY o.seq_id
"""


class Report(NamedTuple):
    """What the broker says of an order."""

    exec_id: str
    price: float
    fee: float


class Desk:
    """Stands in for a broker's library: fills every order at once, at the last close of the sample.

    Like a real broker it knows orders by the client's reference, so that sending one again is not a second order.
    """

    def __init__(self):
        self.price = float(read_csv(sample_folder() / "IBM.csv", calendar=None).close[-1])

    def send(self, reference, side, quantity):
        """Send an order; returns what became of it."""
        logger.info("desk: {} {:g} {} ({})", side, quantity, SYMBOL, reference)
        return Report(exec_id=f"{reference}.1", price=self.price, fee=round(0.005 * quantity, 2))


class Client(ClientBase):
    """Buys a lot one day and sells it the next."""

    missed_runs = "run_once"  # asleep at 15:45? Decide once on waking, not once for each day slept through.

    def __init__(self, *args):
        super().__init__()
        self.display_name = "Life cycle by hand"
        self.desk = Desk()
        self.scheduler.every().day.at("15:45", "America/New_York").do(self.decide)
        self.scheduler.every(5).seconds.do(self.capture)

    def on_start(self):
        """Register the broker, finish what a killed run left open, and decide at once to have something to show."""
        db_handler.insert_broker(BROKER, "Example desk")
        self.capture()
        self.decide()

    def decide(self):
        """Write the order and the intention behind it. Nothing is sent from here: ``capture`` sends what is open."""
        if self.waiting():
            return  # an order is on its way: what it makes of the position is not known yet
        today = to_text(self.clock.now())[:10]
        held = self.position()
        side = OrderSide.SELL if held else OrderSide.BUY
        order_id = db_handler.insert_order(
            strategy_id=STRATEGY,
            broker_id=BROKER,
            account=ACCOUNT,
            symbol=SYMBOL,
            instrument_type="STK",
            side=side,
            order_type="MARKET",
            total_quantity=held or LOT,
            client_reference=f"{STRATEGY}-{today}",
            mode=MODE,
        )
        self.intend(order_id, side)

    def capture(self):
        """Send what is open and write down what the broker says, each fact under its key."""
        for order_id, reference, side, quantity, decided in self.waiting():
            self.intend(order_id, side)  # in case we died between the order and its intention
            report = self.desk.send(reference, side, quantity)
            db_handler.insert_order_status(order_id, "SUBMITTED", 0, quantity, event_time=decided)
            # The execution is what books: position, average cost and PnL change in its transaction.
            db_handler.insert_execution(
                report.exec_id, order_id, side=side, quantity=quantity, price=report.price, exec_time=decided
            )
            db_handler.insert_commission(report.exec_id, report.fee, "USD")
            self.position_event(order_id, report, side, quantity, decided)
            db_handler.update_strategy_event_status(order_id, "CONFIRMED")
            # Last, because it takes the order off the list: killed before this line, all of it is simply said again.
            price = report.price
            db_handler.insert_order_status(order_id, "FILLED", quantity, 0, price, price, event_time=decided)

    def intend(self, order_id, side):
        """The position we want, PENDING until the order fills; once for each order."""
        if db_handler.get_last_strategy_event_by_order(order_id) is None:
            db_handler.insert_strategy_event(order_id, position=LOT if side == OrderSide.BUY else 0.0, event_type=side)

    def position_event(self, order_id, report, side, quantity, moment):
        """Our own position event; the ledger has booked the execution already: its figures count, ours change none."""
        held = quantity if side == OrderSide.BUY else 0.0
        db_handler.insert_position_event(
            event_time=moment,
            strategy_id=STRATEGY,
            broker_id=BROKER,
            exec_id=report.exec_id,
            order_id=order_id,
            symbol=SYMBOL,
            position=held,
            avg_price=report.price if held else 0.0,
            trade_quantity=quantity if held else -quantity,
            trade_price=report.price,
            event_type="OPEN" if held else "CLOSE",
        )

    def position(self):
        """What we hold, from the ledger."""
        event = db_handler.get_last_position_event(STRATEGY, SYMBOL, mode=MODE)
        return event["position"] if event else 0.0

    def waiting(self):
        """Our orders without a final status, oldest first."""
        with db_handler.get_connection() as connection:
            return connection.execute(OPEN_ORDERS, (STRATEGY, MODE)).fetchall()
