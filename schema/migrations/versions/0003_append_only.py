"""History is appended to, never changed: the database itself refuses."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

APPEND_ONLY = ("order_status", "execution", "commission", "rejected_signal")
CHANGEABLE = {
    "orders": {"external_order_id", "update_time"},
    "strategy_event": {"status", "update_time"},
}
COLUMNS = {
    "orders": """
        seq_id order_id strategy_id broker_id account symbol contract_id instrument_type side order_type total_quantity
        limit_price stop_price trail_amount parent_order_id external_order_id client_reference metadata create_time
        update_time mode leg currency event_time time_in_force decision_price strategy_run_id client_run_id
    """,
    "strategy_event": """
        strategy_event_id event_time strategy_id broker_id order_id symbol contract_id position event_type group_label
        metadata status create_time update_time mode leg account strategy_run_id
    """,
}


def refuse(table: str, action: str, why: str, *, when: str = "") -> None:
    """A trigger that refuses ``action`` on ``table``."""
    name = f"tr_{table}_{action.split()[0].lower()}"
    condition = f" WHEN {when}" if when else ""
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {action} ON {table}{condition} BEGIN SELECT RAISE(ABORT, '{table} {why}'); END"
    )


def upgrade() -> None:
    """Add the triggers (SQLite's form)."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in APPEND_ONLY:
        refuse(table, "UPDATE", "is append-only: insert a correcting row instead")
        refuse(table, "DELETE", "is append-only: insert a reversing row instead")
    for table, changeable in CHANGEABLE.items():
        fixed = ", ".join(column for column in COLUMNS[table].split() if column not in changeable)
        refuse(table, f"UPDATE OF {fixed}", f"rows change only in {', '.join(sorted(changeable))}")
        refuse(table, "DELETE", "rows are never deleted")
    # The one change of a position event: a client wrote it before the execution came, and the booking adopts it.
    refuse(
        "position_event",
        "UPDATE",
        "is append-only: insert a correcting row instead",
        when="OLD.execution_seq IS NOT NULL OR NEW.execution_seq IS NULL OR NEW.exec_id IS NOT OLD.exec_id "
        "OR NEW.position_event_id IS NOT OLD.position_event_id",
    )
    refuse("position_event", "DELETE", "is append-only: insert a reversing row instead")
