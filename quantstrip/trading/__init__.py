"""From signal to order and from fill to account: sizing, decisions, order states, books, reconciliation."""

from quantstrip.trading.account import Account, Holding
from quantstrip.trading.desk import Decision, Desk
from quantstrip.trading.orders import OrderBook, TrackedOrder, bracket_orders
from quantstrip.trading.reconcile import Difference, Reconciliation, compare_positions, reconcile
from quantstrip.trading.references import order_reference, run_identity
from quantstrip.trading.sizing import Size, floor_to_lot, size

__all__ = [
    "Account",
    "Decision",
    "Desk",
    "Difference",
    "Holding",
    "OrderBook",
    "Reconciliation",
    "Size",
    "TrackedOrder",
    "bracket_orders",
    "compare_positions",
    "floor_to_lot",
    "order_reference",
    "reconcile",
    "run_identity",
    "size",
]
