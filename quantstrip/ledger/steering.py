"""A run's part in risk controls: takes decisions in once, at the same bar each time it is repeated, and notes halts."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, exists, func, or_, select, update

from quantstrip.clock import Micros, from_text, to_text
from quantstrip.ledger.alerts import raise_alert
from quantstrip.ledger.risk import CLEAR, KILL, REVIVE
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.store import Store, Transaction
from quantstrip.ledger.tables import (
    execution,
    orders,
    rejected_signal,
    risk_control,
    risk_control_taken,
    risk_halt,
    strategy_run,
)
from quantstrip.model import Control, Halt

LOOK_SECONDS = 0.5
"""Seconds between two looks for new decisions."""

_C, _T, _H = risk_control.c, risk_control_taken.c, risk_halt.c
_TAKE = Insert(risk_control_taken, keyed=True)
_HALT = Insert(risk_halt, keyed=True)
_TAKEN = Statement(
    lambda: (
        select(_T.event_time, risk_control)
        .join(risk_control, _C.risk_control_id == _T.risk_control_id)
        .where(_T.strategy_run_id == bindparam("run"))
        .order_by(_T.event_time, _T.risk_control_id)
    )
)
_NEW = Statement(
    lambda: (
        select(risk_control)
        .where(
            _C.client == bindparam("client"),
            or_(_C.strategy_run_id == bindparam("run"), _C.strategy_run_id.is_(None)),
            ~exists().where(_T.risk_control_id == _C.risk_control_id, _T.strategy_run_id == bindparam("run")),
        )
        .order_by(_C.risk_control_id)
    )
)
_OVER = Statement(
    lambda: (
        update(risk_halt)
        .where(
            _H.strategy_run_id == bindparam("of_run"),
            _H.rule == bindparam("of_rule"),
            _H.calendar == bindparam("of_calendar"),
            _H.event_time == bindparam("since"),
            _H.ended.is_(None),
        )
        .values(ended=bindparam("at"))
    )
)
_HALTS = Statement(lambda: select(risk_halt).where(_H.strategy_run_id == bindparam("run")))


def _newest(column: Any, run: Any) -> Statement:
    return Statement(lambda: select(func.max(column)).where(run == bindparam("run")))


_DONE = (
    _newest(strategy_run.c.feed_time, strategy_run.c.strategy_run_id),
    _newest(orders.c.event_time, orders.c.strategy_run_id),
    _newest(execution.c.exec_time, execution.c.strategy_run_id),
    _newest(rejected_signal.c.event_time, rejected_signal.c.strategy_run_id),
    _newest(_H.event_time, _H.strategy_run_id),
    _newest(_T.event_time, _T.strategy_run_id),
)
"""Moments up to which the run has left traces: what it did there stays as it was."""


class Steering:
    """Decisions and halts of one run.

    A decision takes effect before the first bar that the run has not handled yet; that bar is kept, so that the run
    repeats it there when it starts again from its first bar.

    Args:
        store: the ledger's.
        run: the row of ``open_strategy_run``.

    """

    def __init__(self, store: Store, run: Mapping[str, Any]) -> None:
        self._store, self._client, self._strategy = store, str(run["client"]), str(run["strategy"])
        self._run = int(run["strategy_run_id"])
        this = {"run": self._run}
        with store.read() as tx:
            taken = tx.dicts(_TAKEN, this)
            done = [row[0] for statement in _DONE if (row := tx.one(statement, this)) is not None and row[0]]
            self._known = {_key(row): row["ended"] for row in tx.dicts(_HALTS, this)}
        self._done: Micros = max((from_text(moment) for moment in done), default=-1)
        self._repeated = deque((from_text(row["event_time"]), _control(row)) for row in taken)
        self._in_force: set[Halt] = set()
        self._looked: float | None = None

    def controls(self, ts: Micros) -> Sequence[Control]:
        """Decisions that take effect before the bars that close at ``ts``."""
        found = []
        while self._repeated and self._repeated[0][0] <= ts:
            found.append(self._repeated.popleft()[1])
        if ts > self._done and self._due():
            found += self._take(ts)
        # Of all that is said about the switch at one moment, and before a run's first bar, the last word counts.
        switched = [control for control in found if control.action != CLEAR][-1:]
        return switched + [control for control in found if control.action == CLEAR]

    def halts(self, ts: Micros, in_force: Sequence[Halt]) -> None:
        """Note which halts are in force after the bars that close at ``ts``; a new one is an alert."""
        now = set(in_force)
        begun = [halt for halt in in_force if halt not in self._in_force and _halt_key(halt) not in self._known]
        over = [halt for halt in self._in_force - now if self._known.get(_halt_key(halt)) is None]
        self._in_force = now
        if not begun and not over:
            return
        with self._store.write() as tx:
            for halt in begun:
                self._begin(tx, halt)
            for halt in over:
                rule, calendar, since = _halt_key(halt)
                key = {"of_run": self._run, "of_rule": rule, "of_calendar": calendar, "since": since}
                tx.run(_OVER, key | {"at": to_text(ts)})
        self._known |= {_halt_key(halt): None for halt in begun} | {_halt_key(halt): to_text(ts) for halt in over}

    def _due(self) -> bool:
        now = self._store.clock.monotonic()
        if self._looked is not None and now - self._looked < LOOK_SECONDS:
            return False
        self._looked = now
        return True

    def _take(self, ts: Micros) -> list[Control]:
        which = {"client": self._client, "run": self._run}
        with self._store.read() as tx:
            if not tx.all(_NEW, which):
                return []
        with self._store.write() as tx:
            rows = tx.dicts(_NEW, which)
            for row in rows:
                key = {"risk_control_id": row["risk_control_id"], "strategy_run_id": self._run}
                tx.insert(_TAKE, key | {"event_time": to_text(ts), "create_time": tx.now})
        return [_control(row) for row in rows]

    def _begin(self, tx: Transaction, halt: Halt) -> None:
        rule, calendar, since = _halt_key(halt)
        row = {"strategy_run_id": self._run, "rule": rule, "calendar": calendar, "event_time": since, "ended": None}
        if tx.insert(_HALT, row | {"reason": halt.reason, "create_time": tx.now}) is None:
            return
        raise_alert(
            tx,
            self._store.now(),
            "risk_halt",
            f"{self._client}: entries are halted by {rule}",
            f"{self._strategy}: {halt.reason}. Exits go on. Lift it with: quantstrip risk clear {self._client}",
            client=self._client,
            rate_key=f"risk_halt:{self._client}:{rule}:{calendar}",
        )


def _control(row: dict[str, Any]) -> Control:
    assert row["action"] in (KILL, REVIVE, CLEAR), row["action"]  # noqa: S101 - nothing else is ever written
    return Control(row["action"], row["rule"], row["reason"])


def _halt_key(halt: Halt) -> tuple[str, str, str]:
    return halt.rule, halt.calendar, to_text(halt.ts)


def _key(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["rule"], row["calendar"], row["event_time"]
