"""Names, instruments, prices, reports, accounts: what changes seldom."""

from sqlalchemy import Index, Table, UniqueConstraint

from quantstrip.ledger.tables.base import day, key, metadata, number, numbers, refers, text, time, times, whole, words

broker = Table(
    "broker",
    metadata,
    key("broker_id"),
    text("name", needed=True),
    text("full_name"),
    *times(),
    UniqueConstraint("name", name="ux_broker_name"),
)

strategy = Table(
    "strategy",
    metadata,
    key("strategy_id"),
    text("name", needed=True),
    text("description"),
    *times(),
    number("allocation"),
    text("currency"),
    UniqueConstraint("name", name="ux_strategy_name"),
)

instrument = Table(
    "instrument",
    metadata,
    key("instrument_id"),
    text("symbol", needed=True),
    text("contract_id", needed=True),
    text("instrument_type"),
    text("currency", needed=True),
    number("multiplier", needed=True),
    number("tick_size", needed=True),
    number("lot_size", needed=True),
    text("calendar", needed=True),
    *times(),
    UniqueConstraint("symbol", "contract_id", name="ux_instrument_symbol"),
)

mtm_price = Table(
    "mtm_price",
    metadata,
    day("date", needed=True),
    text("symbol", needed=True),
    text("contract_id", needed=True),
    *numbers("open", "high", "low", "close", "adj_close", "volume"),
    text("metadata"),
    UniqueConstraint("date", "symbol", "contract_id", name="ux_mtm_price_day"),
)
# Marks and rates are looked up as the last one of a symbol at or before a day.
Index("ix_mtm_price_symbol", mtm_price.c.symbol, mtm_price.c.contract_id, mtm_price.c.date, mtm_price.c.close)

# One row: what reports add up in. Written from the settings whenever a process opens the ledger.
reporting = Table(
    "reporting",
    metadata,
    key("reporting_id"),
    text("currency", needed=True),
    whole("digits", needed=True),
    time("update_time", needed=True),
)

# Empty for ever. Views take the declared type of an expression from it, so that ODBC clients see dates and numbers.
column_type = Table(
    "column_type",
    metadata,
    whole("integer_"),
    number("real_"),
    day("date_"),
    time("time_"),
)

position_external = Table(
    "position_external",
    metadata,
    key("position_external_id"),
    text("account", needed=True),
    text("contract_id", needed=True),
    number("position", needed=True),
    number("avg_cost"),
    text("metadata"),
    *times(),
)

report = Table(
    "report",
    metadata,
    key("report_id"),
    text("name", needed=True),
    day("date"),
    *words("status", "type", "recipients"),
    *times(),
)

report_section = Table(
    "report_section",
    metadata,
    key("section_id"),
    refers("report_id", "report.report_id", needed=True),
    text("name", needed=True),
    text("type"),
    *times(),
)

report_item = Table(
    "report_item",
    metadata,
    key("item_id"),
    refers("section_id", "report_section.section_id", needed=True),
    text("text", needed=True),
    *times(),
)

email_account = Table(
    "email_account",
    metadata,
    key("email_account_id"),
    text("name", needed=True),
    text("provider"),
    text("smtp_server"),
    whole("smtp_port"),
    whole("use_tls"),
    text("username"),
    # The path of a secret in the settings tree, never the password itself.
    text("password"),
    text("from_address"),
    text("from_name"),
    whole("is_default", needed=True),
    time("created_at", needed=True),
    time("updated_at", needed=True),
    # starttls, tls or none; empty means what port and use_tls say. A certificate is checked unless this says 0.
    text("security"),
    whole("verify_certificate"),
    UniqueConstraint("name", name="ux_email_account_name"),
)

order_id_state = Table(
    "order_id_state",
    metadata,
    key("id"),
    whole("last_id", needed=True),
    time("created_at", needed=True),
)

version = Table(
    "version",
    metadata,
    text("version", needed=True),
    time("create_time", needed=True),
)
