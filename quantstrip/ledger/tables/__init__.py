"""Table definitions, one module a family. ``schema/migrations`` builds them; a test proves that the two agree."""

from quantstrip.ledger.tables.audit import audit_link
from quantstrip.ledger.tables.base import metadata
from quantstrip.ledger.tables.jobs import job_request, planned_job
from quantstrip.ledger.tables.lifecycle import (
    commission,
    execution,
    order_status,
    orders,
    position_event,
    strategy_event,
)
from quantstrip.ledger.tables.messages import alert, outbox, outbox_attachment, outbox_recipient
from quantstrip.ledger.tables.platform import (
    client,
    client_run,
    deployment,
    job_run,
    rejected_signal,
    run_mark,
    strategy_equity,
    strategy_run,
)
from quantstrip.ledger.tables.reconciliation import reconciliation, reconciliation_difference
from quantstrip.ledger.tables.reports import report_metric
from quantstrip.ledger.tables.risk import risk_control, risk_control_taken, risk_halt
from quantstrip.ledger.tables.static import (
    broker,
    column_type,
    email_account,
    instrument,
    mtm_price,
    order_id_state,
    position_external,
    report,
    report_item,
    report_section,
    reporting,
    strategy,
    version,
)
from quantstrip.ledger.tables.tasks import task
from quantstrip.ledger.tables.totals import equity_day, position_day, round_trip, trade_fill

__all__ = [
    "alert",
    "audit_link",
    "broker",
    "client",
    "client_run",
    "column_type",
    "commission",
    "deployment",
    "email_account",
    "equity_day",
    "execution",
    "instrument",
    "job_request",
    "job_run",
    "metadata",
    "mtm_price",
    "order_id_state",
    "order_status",
    "orders",
    "outbox",
    "outbox_attachment",
    "outbox_recipient",
    "planned_job",
    "position_day",
    "position_event",
    "position_external",
    "reconciliation",
    "reconciliation_difference",
    "rejected_signal",
    "report",
    "report_item",
    "report_metric",
    "report_section",
    "reporting",
    "risk_control",
    "risk_control_taken",
    "risk_halt",
    "round_trip",
    "run_mark",
    "strategy",
    "strategy_equity",
    "strategy_event",
    "strategy_run",
    "task",
    "trade_fill",
    "version",
]
