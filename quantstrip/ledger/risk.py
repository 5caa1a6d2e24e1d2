"""Halts and what a person decides about them: clear, kill, revive."""

from typing import Any

from sqlalchemy import bindparam, or_, select, text

from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import validate
from quantstrip.ledger.family import Family
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import risk_control, risk_control_taken, strategy_run

KILL, REVIVE, CLEAR = "kill", "revive", "clear"
HALTING = ("max_daily_loss", "max_drawdown")
"""The rules that halt entries."""

_C, _R = risk_control.c, strategy_run.c
_INSERT = Insert(risk_control)
_RUN = Statement(
    lambda: (
        select(_R.strategy_run_id)
        .where(_R.client == bindparam("client"), _R.current == 1)
        .order_by(_R.strategy_run_id.desc())
        .limit(1)
    )
)
_SWITCH = Statement(
    lambda: (
        select(risk_control)
        .where(_C.client == bindparam("client"), or_(_C.action == KILL, _C.action == REVIVE))
        .order_by(_C.risk_control_id.desc())
        .limit(1)
    )
)


_IN_FORCE = Statement(
    lambda: text(
        "SELECT risk_halt_id, strategy_run_id, rule, calendar, event_time, reason, create_time, client, mode, strategy "
        "FROM v_halts WHERE :client IS NULL OR client = :client ORDER BY risk_halt_id"
    )
)
_KILLED = Statement(
    lambda: text(
        "SELECT client, reason, create_time FROM v_kill_switches "
        "WHERE :client IS NULL OR client = :client ORDER BY client"
    )
)
_HISTORY = Statement(
    lambda: (
        select(risk_control, risk_control_taken.c.event_time)
        .join(risk_control_taken, risk_control_taken.c.risk_control_id == _C.risk_control_id, isouter=True)
        .where(_C.client == bindparam("client"))
        .order_by(_C.risk_control_id, risk_control_taken.c.strategy_run_id)
    )
)


def record_control(
    tx: Transaction, client: str, action: str, *, rule: str = "", reason: str = "", run: int | None = None
) -> int:
    """Insert a checked decision."""
    row = {"client": client, "action": action, "rule": rule, "reason": reason, "strategy_run_id": run}
    return int(tx.insert(_INSERT, row | {"create_time": tx.now}) or 0)


class RiskControls(Family):
    """Halts in force, and a person's decisions about them; running clients take them in before their next bar."""

    def kill_entries(self, client: str, reason: str = "") -> bool:
        """Switch a client's entries off, also for its runs to come, until ``revive_entries``; exits go on.

        Returns:
            False where they were off already; the first reason stays.

        """
        return self._switch(client, KILL, reason)

    def revive_entries(self, client: str, reason: str = "") -> bool:
        """Switch a client's entries on again; False where they were on."""
        return self._switch(client, REVIVE, reason)

    def clear_halts(self, client: str, rule: str = "", reason: str = "") -> list[dict[str, Any]]:
        """Lift the halts of a client's current run: losses count from then on. Returns the halts that were lifted.

        Args:
            client: the client's name.
            rule: ``max_daily_loss`` or ``max_drawdown``; "" lifts both.
            reason: why, kept with the decision.

        Raises:
            InvalidRecord: no such rule.
            UnknownRecord: the client has no strategy run.

        """
        if rule and rule not in HALTING:
            raise InvalidRecord(
                f"entries are halted by {' or '.join(HALTING)}, got {rule!r}", hint="Leave the rule out to lift both."
            )
        with self.store.write() as tx:
            found = tx.one(_RUN, {"client": client})
            if found is None:
                raise UnknownRecord(
                    f"{client!r} has run no strategy, so nothing of it is halted", hint="Look: quantstrip risk status"
                )
            halts = [row for row in tx.dicts(_IN_FORCE, {"client": client}) if rule in ("", row["rule"])]
            if halts:
                record_control(tx, client, CLEAR, rule=rule, reason=reason, run=int(found[0]))
        return halts

    def halts_in_force(self, client: str | None = None) -> list[dict[str, Any]]:
        """The halts of current runs that nobody has lifted, oldest first."""
        return self._rows(_IN_FORCE, client=client)

    def kill_switches(self, client: str | None = None) -> list[dict[str, Any]]:
        """The clients whose entries are switched off: ``client, reason, create_time``."""
        return self._rows(_KILLED, client=client)

    def risk_decisions(self, client: str) -> list[dict[str, Any]]:
        """Every decision about a client, oldest first; ``event_time`` is the bar before which a run took it in."""
        return self._rows(_HISTORY, client=client)

    def _switch(self, client: str, action: str, reason: str) -> bool:
        with self.store.write() as tx:
            last = tx.first(_SWITCH, {"client": validate.words("client", client)})
            if (last["action"] if last is not None else REVIVE) == action:
                return False
            record_control(tx, client, action, reason=reason)
        return True
