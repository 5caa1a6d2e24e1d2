"""Corrections, reporting currency, and sums kept beside the rows: days, round trips, daily equity.

The sums of what is there already are made here. Dates and times get a declared type that ODBC drivers understand.
"""

import re

import sqlalchemy as sa
from alembic import op

from quantstrip.ledger.tables.base import Declared

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Columns that hold times and those that hold dates, by table.
DECLARED = {
    "alert": ("create_time update_time", ""),
    "broker": ("create_time update_time", ""),
    "client": ("create_time update_time", ""),
    "client_run": ("started heartbeat next_job_time ended", ""),
    "commission": ("create_time update_time", ""),
    "deployment": ("deployed_at", ""),
    "email_account": ("created_at updated_at", ""),
    "execution": ("exec_time create_time update_time", "trade_date"),
    "instrument": ("create_time update_time", ""),
    "job_run": ("due started finished", ""),
    "mtm_price": ("", "date"),
    "order_id_state": ("created_at", ""),
    "order_status": ("event_time create_time broker_time", ""),
    "orders": ("create_time update_time event_time", ""),
    "outbox": ("create_time update_time", ""),
    "position_event": ("event_time create_time update_time", "trade_date"),
    "position_external": ("create_time update_time", ""),
    "rejected_signal": ("event_time create_time", ""),
    "report": ("create_time update_time", "date"),
    "report_item": ("create_time update_time", ""),
    "report_section": ("create_time update_time", ""),
    "strategy": ("create_time update_time", ""),
    "strategy_equity": ("event_time", ""),
    "strategy_event": ("event_time create_time update_time", ""),
    "strategy_run": ("started feed_time", "feed_date"),
    "version": ("create_time", ""),
}

TRADES = """
CREATE TEMP TABLE walked AS
WITH
booked AS (
    SELECT
        p.*,
        e.amount,
        COALESCE(
            (
                SELECT i.multiplier FROM instrument i
                WHERE i.symbol = p.symbol AND i.contract_id IN (p.contract_id, '')
                ORDER BY i.contract_id DESC LIMIT 1
            ),
            1.0
        ) AS multiplier,
        COALESCE(LAG(p.position) OVER w, 0.0) AS before
    FROM position_event p
    JOIN execution e ON e.seq_id = p.execution_seq
    WINDOW w AS (
        PARTITION BY p.strategy_id, p.broker_id, p.mode, p.account, p.symbol, p.contract_id, p.leg
        ORDER BY p.execution_seq
    )
),
begun AS (
    SELECT
        booked.*,
        before * position < 0.0 AS flipped,
        MAX(CASE WHEN before = 0.0 OR before * position < 0.0 THEN execution_seq END) OVER w AS trade_id
    FROM booked
    WINDOW w AS (
        PARTITION BY strategy_id, broker_id, mode, account, symbol, contract_id, leg ORDER BY execution_seq
    )
)
SELECT
    begun.*,
    CASE WHEN flipped THEN LAG(trade_id) OVER w END AS closed_trade_id,
    CASE WHEN flipped THEN 1.0 - ABS(position) / ABS(trade_quantity) END AS closed_share
FROM begun
WINDOW w AS (PARTITION BY strategy_id, broker_id, mode, account, symbol, contract_id, leg ORDER BY execution_seq)
"""

PARTS = """
CREATE TEMP TABLE part AS
SELECT
    trade_id, execution_seq, event_time, trade_date, trade_price, position, avg_price, cost,
    CASE WHEN flipped OR before = 0.0 THEN 1 ELSE 0 END AS opens,
    CASE
        WHEN flipped THEN ABS(position) WHEN before * trade_quantity >= 0.0 THEN ABS(trade_quantity) ELSE 0.0
    END AS opened,
    CASE WHEN flipped OR before * trade_quantity >= 0.0 THEN 0.0 ELSE ABS(trade_quantity) END AS closed,
    CASE WHEN flipped THEN 0.0 ELSE realized_pnl END AS gain
FROM walked
UNION ALL
SELECT
    closed_trade_id, execution_seq, event_time, trade_date, trade_price, 0.0, 0.0, 0.0, 0, 0.0,
    ABS(trade_quantity) - ABS(position), realized_pnl
FROM walked
WHERE flipped
"""

ROUND_TRIPS = """
INSERT INTO round_trip
WITH
summed AS (
    SELECT
        trade_id,
        MAX(execution_seq) AS last_seq,
        COUNT(*) AS fills,
        MAX(ABS(position)) AS max_quantity,
        SUM(opened) AS opened_quantity,
        SUM(opened * trade_price) AS opened_value,
        SUM(closed) AS closed_quantity,
        SUM(closed * trade_price) AS closed_value,
        ROUND(SUM(gain), 8) AS realized_pnl
    FROM part
    GROUP BY trade_id
)
SELECT
    s.trade_id, f.strategy_id, f.broker_id, f.mode, f.account, f.symbol, f.contract_id, f.leg,
    COALESCE(f.currency, 'USD'), f.multiplier, f.strategy_run_id,
    CASE WHEN f.trade_quantity > 0.0 THEN 'LONG' ELSE 'SHORT' END, f.event_time, f.trade_date,
    CASE WHEN l.position = 0.0 THEN l.event_time END, CASE WHEN l.position = 0.0 THEN l.trade_date END,
    l.event_time, l.trade_date, l.trade_price, s.fills, l.position, l.avg_price, l.cost, s.max_quantity,
    s.opened_quantity, s.opened_value, s.closed_quantity, s.closed_value, s.realized_pnl, 0.0, 0
FROM summed s
JOIN walked f ON f.execution_seq = s.trade_id
JOIN part l ON l.execution_seq = s.last_seq AND l.trade_id = s.trade_id
"""

FEES = """
CREATE TEMP TABLE fee AS
SELECT trade_id, ROUND(SUM(amount), 8) AS amount, SUM(other) AS other
FROM (
    SELECT
        CASE WHEN half.closing THEN w.closed_trade_id ELSE w.trade_id END AS trade_id,
        CASE
            WHEN c.currency IS NOT w.currency THEN 0.0
            WHEN half.closing THEN ROUND(c.booked_amount * w.closed_share, 8)
            WHEN w.flipped THEN c.booked_amount - ROUND(c.booked_amount * w.closed_share, 8)
            ELSE c.booked_amount
        END AS amount,
        c.currency IS NOT w.currency AS other
    FROM commission c
    JOIN walked w ON w.exec_id = c.exec_id
    JOIN (SELECT 0 AS closing UNION ALL SELECT 1) half ON half.closing = 0 OR w.flipped
)
GROUP BY trade_id
"""

DAYS = """
INSERT INTO position_day
SELECT
    strategy_id, mode, account, symbol, contract_id, leg, COALESCE(broker_id, 0), currency, trade_date, SUM(fills),
    ROUND(SUM(quantity), 9), ROUND(SUM(cost_change), 8), ROUND(SUM(gain), 8), ROUND(SUM(fee), 8),
    ROUND(SUM(turnover), 8), NULL, NULL
FROM (
    SELECT
        strategy_id, mode, account, symbol, contract_id, leg, broker_id, COALESCE(currency, 'USD') AS currency,
        trade_date, 1 AS fills, trade_quantity AS quantity, realized_pnl - amount AS cost_change,
        realized_pnl AS gain, 0.0 AS fee, ABS(amount) AS turnover
    FROM walked
    UNION ALL
    SELECT
        w.strategy_id, w.mode, w.account, w.symbol, w.contract_id, w.leg, w.broker_id, c.currency, w.trade_date, 0,
        0.0, 0.0, 0.0, c.booked_amount, 0.0
    FROM commission c
    JOIN walked w ON w.exec_id = c.exec_id
)
GROUP BY strategy_id, mode, account, symbol, contract_id, leg, broker_id, currency, trade_date
"""

LAST_PRICES = """
UPDATE position_day SET last_price = l.trade_price, multiplier = l.multiplier
FROM (
    SELECT
        strategy_id, mode, account, symbol, contract_id, leg, COALESCE(broker_id, 0) AS broker_id,
        COALESCE(currency, 'USD') AS currency, trade_date, trade_price, multiplier, MAX(execution_seq)
    FROM walked
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
) l
WHERE
    position_day.strategy_id = l.strategy_id AND position_day.mode = l.mode AND position_day.account = l.account
    AND position_day.symbol = l.symbol AND position_day.contract_id = l.contract_id AND position_day.leg = l.leg
    AND position_day.broker_id = l.broker_id AND position_day.currency = l.currency
    AND position_day.trade_date = l.trade_date
"""

STEPS = (
    TRADES,
    "CREATE UNIQUE INDEX walked_seq ON walked (execution_seq)",
    "CREATE INDEX walked_exec ON walked (exec_id)",
    PARTS,
    "CREATE INDEX part_seq ON part (execution_seq, trade_id)",
    ROUND_TRIPS,
    "INSERT INTO trade_fill SELECT execution_seq, trade_id, closed_trade_id, closed_share FROM walked",
    FEES,
    """
    UPDATE round_trip SET commission = fee.amount, other_fees = fee.other
    FROM fee WHERE fee.trade_id = round_trip.trade_id
    """,
    DAYS,
    LAST_PRICES,
    """
    INSERT INTO equity_day
    SELECT strategy_run_id, substr(event_time, 1, 10), MAX(event_time), equity FROM strategy_equity
    GROUP BY strategy_run_id, substr(event_time, 1, 10)
    """,
    "DROP TABLE fee",
    "DROP TABLE part",
    "DROP TABLE walked",
)


def time(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    """A moment."""
    return sa.Column(name, Declared("DATETIME"), nullable=nullable)


def day(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    """A date."""
    return sa.Column(name, Declared("DATE"), nullable=nullable)


def texts(*names: str) -> "list[sa.Column[str]]":
    """Text columns with a value."""
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def floats(*names: str, nullable: bool = False) -> "list[sa.Column[float]]":
    """Doubles."""
    return [sa.Column(name, sa.Float(), nullable=nullable) for name in names]


def upgrade() -> None:
    """Add columns and tables, and count what is there."""
    op.add_column("execution", sa.Column("multiplier", sa.Float(), nullable=True))
    op.add_column("execution", sa.Column("corrects", sa.Text(), nullable=True))
    op.add_column("execution", sa.Column("replaces", sa.Text(), nullable=True))
    given = sa.text("corrects IS NOT NULL")
    op.create_index(
        "ux_execution_corrects", "execution", ["corrects"], unique=True, sqlite_where=given, postgresql_where=given
    )
    op.create_index("ix_mtm_price_symbol", "mtm_price", ["symbol", "contract_id", "date", "close"])
    _tables()
    op.execute("INSERT INTO reporting VALUES (1, 'USD', 2, CURRENT_TIMESTAMP || '.000000')")
    if op.get_bind().dialect.name == "sqlite":
        for step in STEPS:
            op.execute(step)
        _declare()


def _tables() -> None:
    op.create_table(
        "reporting",
        sa.Column("reporting_id", sa.Integer(), primary_key=True),
        *texts("currency"),
        sa.Column("digits", sa.Integer(), nullable=False),
        time("update_time"),
    )
    op.create_table(
        "column_type",
        sa.Column("integer_", sa.Integer(), nullable=True),
        sa.Column("real_", sa.Float(), nullable=True),
        day("date_", nullable=True),
        time("time_", nullable=True),
    )
    op.create_table(
        "position_day",
        sa.Column("strategy_id", sa.Integer(), sa.ForeignKey("strategy.strategy_id"), nullable=False),
        *texts("mode", "account", "symbol", "contract_id", "leg"),
        sa.Column("broker_id", sa.Integer(), nullable=False),
        *texts("currency"),
        day("trade_date"),
        sa.Column("fills", sa.Integer(), nullable=False),
        *floats("quantity", "cost_change", "realized_pnl", "commission", "turnover"),
        *floats("last_price", "multiplier", nullable=True),
        sa.PrimaryKeyConstraint(
            "strategy_id", "mode", "account", "symbol", "contract_id", "leg", "broker_id", "currency", "trade_date"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "round_trip",
        sa.Column("trade_id", sa.Integer(), primary_key=True),
        sa.Column("strategy_id", sa.Integer(), sa.ForeignKey("strategy.strategy_id"), nullable=False),
        sa.Column("broker_id", sa.Integer(), sa.ForeignKey("broker.broker_id"), nullable=True),
        *texts("mode", "account", "symbol", "contract_id", "leg", "currency"),
        *floats("multiplier"),
        sa.Column("strategy_run_id", sa.Integer(), sa.ForeignKey("strategy_run.strategy_run_id"), nullable=True),
        *texts("side"),
        time("opened"),
        day("open_date"),
        time("closed", nullable=True),
        day("close_date", nullable=True),
        time("last_fill_time"),
        day("last_fill_date"),
        *floats("last_fill_price"),
        sa.Column("fills", sa.Integer(), nullable=False),
        *floats("position", "avg_price", "cost", "max_quantity", "opened_quantity", "opened_value"),
        *floats("closed_quantity", "closed_value", "realized_pnl", "commission"),
        sa.Column("other_fees", sa.Integer(), nullable=False),
    )
    still = sa.text("closed IS NULL")
    op.create_index(
        "ix_round_trip_open",
        "round_trip",
        ["strategy_id", "symbol", "mode", "account", "contract_id", "leg", "broker_id"],
        sqlite_where=still,
        postgresql_where=still,
    )
    op.create_table(
        "trade_fill",
        sa.Column("execution_seq", sa.Integer(), primary_key=True),
        sa.Column("trade_id", sa.Integer(), sa.ForeignKey("round_trip.trade_id"), nullable=False),
        sa.Column("closed_trade_id", sa.Integer(), nullable=True),
        sa.Column("closed_share", sa.Float(), nullable=True),
    )
    op.create_index("ix_trade_fill_trade", "trade_fill", ["trade_id"])
    op.create_table(
        "equity_day",
        sa.Column("strategy_run_id", sa.Integer(), sa.ForeignKey("strategy_run.strategy_run_id"), nullable=False),
        day("trade_date"),
        time("event_time"),
        *floats("equity"),
        sa.PrimaryKeyConstraint("strategy_run_id", "trade_date"),
        sqlite_with_rowid=False,
    )


def _declare() -> None:
    """Change declared types where SQLite keeps them: affinity stays TEXT, so that nothing stored changes.

    See "Making Other Kinds Of Table Schema Changes" in SQLite's ALTER TABLE documentation.
    """
    raw = op.get_bind()
    raw.exec_driver_sql("PRAGMA writable_schema = ON")
    for table, (times, days) in DECLARED.items():
        query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
        found = raw.exec_driver_sql(query, (table,)).scalar_one()
        for word, names in (("DATETIME", times), ("DATE", days)):
            for name in names.split():
                found, count = re.subn(rf"(?<=\s){name} TEXT\b", f"{name} {word} TEXT", found)
                if count != 1:
                    raise RuntimeError(f"expected the column {name} of {table} once in its definition, found {count}")
        raw.exec_driver_sql("UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (found, table))
    version = raw.exec_driver_sql("PRAGMA schema_version").scalar_one()
    raw.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    raw.exec_driver_sql("PRAGMA writable_schema = RESET")
