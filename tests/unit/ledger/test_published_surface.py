"""Every name that users know is there, callable as published, and every statement behind it is sound."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable

import pytest

import quantstrip
import quantstrip.ledger as room
from quantstrip.ledger import Ledger, db_handler
from quantstrip.ledger.statements import Statement

PUBLISHED = {
    "get_connection": "",
    "run_query": "sql params",
    "next_order_id": "",
    "insert_order": "order_id strategy_id broker_id account symbol side order_type total_quantity limit_price "
    "stop_price trail_amount instrument_type parent_order_id client_reference external_order_id metadata",
    "update_order_external_id": "order_id external_order_id",
    "get_order": "order_id strategy_id symbol",
    "insert_order_status": "order_id status filled_quantity remaining_quantity avg_fill_price last_fill_price "
    "external_order_id client_reference parent_order_id reason_held cap_price metadata event_time",
    "get_order_status": "order_id",
    "get_current_order_status": "order_id",
    "insert_strategy_event": "order_id position event_type group_label status metadata",
    "get_last_strategy_event": "strategy_id symbol",
    "get_last_strategy_event_by_order": "order_id",
    "update_strategy_event_status": "order_id status",
    "insert_position_event": "event_time strategy_id broker_id exec_id order_id symbol position avg_price "
    "trade_quantity trade_price event_type group_label metadata",
    "get_last_position_event": "strategy_id symbol",
    "insert_position_external": "account contract_id position avg_cost info_1 info_2 info_3 info_4 info_5",
    "get_positions_external": "account",
    "insert_execution": "exec_id order_id strategy_id broker_id symbol instrument_type contract_id side quantity price "
    "exec_time exchange liquidity_flag order_type cum_qty avg_price is_liquidation external_order_id external_exec_id "
    "metadata",
    "get_executions": "order_id exec_id",
    "insert_commission": "exec_id amount currency fee_type realized_pnl metadata",
    "insert_broker": "name full_name",
    "update_broker": "broker_id name full_name",
    "delete_broker": "broker_id",
    "get_brokers": "",
    "get_broker_id": "name",
    "insert_strategy": "name description",
    "update_strategy": "strategy_id name description",
    "delete_strategy": "strategy_id",
    "get_strategies": "",
    "get_strategy_id": "name",
    "insert_report": "name date status report_type recipients",
    "update_report": "report_id",
    "get_reports": "report_id",
    "insert_report_section": "report_id name section_type",
    "get_report_sections": "report_id",
    "insert_report_item": "section_id text",
    "get_report_items": "section_id",
    "get_all_email_accounts": "",
    "get_email_account_by_id": "email_account_id",
    "get_email_account_by_name": "name",
    "get_default_email_account": "",
}
TABLES = {
    "orders": "seq_id order_id strategy_id broker_id account symbol contract_id instrument_type side order_type "
    "total_quantity limit_price stop_price trail_amount parent_order_id external_order_id client_reference metadata "
    "create_time update_time",
    "order_status": "order_status_id order_id status filled_quantity remaining_quantity avg_fill_price last_fill_price "
    "external_order_id client_reference parent_order_id reason_held cap_price metadata event_time create_time",
    "execution": "seq_id exec_id order_id strategy_id broker_id symbol contract_id instrument_type side quantity price "
    "exec_time exchange liquidity_flag order_type cum_qty avg_price is_liquidation external_order_id external_exec_id "
    "metadata create_time update_time",
    "commission": "commission_id exec_id amount currency fee_type realized_pnl metadata create_time update_time",
    "position_event": "position_event_id event_time strategy_id broker_id exec_id order_id symbol contract_id position "
    "avg_price trade_quantity trade_price event_type group_label metadata create_time update_time",
    "strategy_event": "strategy_event_id event_time strategy_id broker_id order_id symbol contract_id position "
    "event_type group_label metadata status create_time update_time",
    "position_external": "position_external_id account contract_id position avg_cost metadata create_time update_time",
    "broker": "broker_id name full_name create_time update_time",
    "strategy": "strategy_id name description create_time update_time",
    "mtm_price": "date symbol contract_id open high low close adj_close volume metadata",
    "report": "report_id name date status type recipients",
    "report_section": "section_id report_id name type",
    "report_item": "item_id section_id text",
    "email_account": "email_account_id name provider smtp_server smtp_port use_tls username password from_address "
    "from_name is_default created_at updated_at",
    "order_id_state": "id last_id created_at",
    "version": "version create_time",
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_function_takes_its_arguments_in_their_order(name: str) -> None:
    parameters = list(inspect.signature(getattr(Ledger, name)).parameters)[1:]
    expected = PUBLISHED[name].split()

    assert parameters[: len(expected)] == expected
    assert inspect.getdoc(getattr(Ledger, name))


@pytest.mark.parametrize("table", TABLES)
def test_a_published_table_has_its_columns(ledger: Ledger, table: str) -> None:
    columns = {row[1] for row in ledger.query(f"PRAGMA table_info({table})")[1]}

    assert set(TABLES[table].split()) <= columns


def test_db_handler_is_the_public_name() -> None:
    assert quantstrip.db_handler is db_handler
    assert set(PUBLISHED) <= set(dir(db_handler))


@pytest.mark.parametrize("module", [info.name for info in pkgutil.walk_packages(room.__path__, "quantstrip.ledger.")])
def test_every_statement_is_sound_sql(ledger: Ledger, module: str, count: Callable[[str], int]) -> None:
    found = vars(importlib.import_module(module))
    statements = [value for value in found.values() if isinstance(value, Statement)]
    statements += [each for value in found.values() if isinstance(value, dict) for each in value.values()
                   if isinstance(each, Statement)]  # fmt: skip

    with ledger.get_connection() as connection:
        for statement in statements:
            text, values = statement.bind({})
            connection.execute(f"EXPLAIN {text}", values)
