"""Adds the rows up again, to find sums that were changed from outside or went wrong."""
# ruff: noqa: S608 - the SQL is put together from the constants of this module alone

from quantstrip.ledger.store import Transaction

_KEY = "strategy_id, mode, account, symbol, contract_id, leg, coalesce(broker_id, 0)"
_DAYS = f"""
    SELECT {_KEY} AS broker_id, currency, trade_date, SUM(fills), ROUND(SUM(quantity), 6), ROUND(SUM(cost_change), 6),
        ROUND(SUM(gain), 6), ROUND(SUM(fee), 6), ROUND(SUM(turnover), 6)
    FROM (
        SELECT p.strategy_id, p.mode, p.account, p.symbol, p.contract_id, p.leg, p.broker_id, p.currency, p.trade_date,
            CASE WHEN e.corrects IS NULL THEN 1 ELSE -1 END AS fills, p.trade_quantity AS quantity,
            p.realized_pnl - e.amount AS cost_change, p.realized_pnl AS gain, 0.0 AS fee,
            CASE WHEN e.corrects IS NULL THEN ABS(e.amount) ELSE -ABS(e.amount) END AS turnover
        FROM position_event p JOIN execution e ON e.seq_id = p.execution_seq
        UNION ALL
        SELECT e.strategy_id, e.mode, e.account, e.symbol, e.contract_id, e.leg, e.broker_id, c.currency, e.trade_date,
            0, 0.0, 0.0, 0.0, c.booked_amount, 0.0
        FROM commission c JOIN execution e ON e.exec_id = c.exec_id
    )
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""
_KEPT_DAYS = f"""
    SELECT {_KEY}, currency, trade_date, fills, ROUND(quantity, 6), ROUND(cost_change, 6), ROUND(realized_pnl, 6),
        ROUND(commission, 6), ROUND(turnover, 6)
    FROM position_day
"""
_POSITIONS = f"""
    SELECT {_KEY}, currency, ROUND(SUM(realized_pnl), 6), ROUND(SUM(position * newest), 6), ROUND(SUM(cost * newest), 6)
    FROM (
        SELECT p.*, execution_seq = MAX(execution_seq) OVER (
            PARTITION BY strategy_id, mode, account, symbol, contract_id, leg, broker_id, currency
        ) AS newest
        FROM position_event p WHERE execution_seq IS NOT NULL
    )
    GROUP BY {_KEY}, currency
"""
_KEPT_POSITIONS = f"""
    SELECT {_KEY}, currency, ROUND(SUM(realized_pnl), 6), ROUND(SUM(position), 6), ROUND(SUM(cost), 6)
    FROM round_trip GROUP BY {_KEY}, currency
"""


def differences(tx: Transaction) -> list[str]:
    """What the sums say otherwise than the rows, in words; empty when they agree. Reads every row."""
    found = []
    for table, rows, kept, names in (
        ("position_day", _DAYS, _KEPT_DAYS, 9),
        ("round_trip", _POSITIONS, _KEPT_POSITIONS, 8),
    ):
        for one, other, word in ((rows, kept, "the rows say"), (kept, rows, "it says")):
            lacking = tx.raw.execute(f"SELECT * FROM ({one}) EXCEPT SELECT * FROM ({other})").fetchall()
            found += [f"{table}: {word} {', '.join(map(str, row))}" for row in lacking if any(row[names:])]
    return found
