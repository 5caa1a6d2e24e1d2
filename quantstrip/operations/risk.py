"""Halts and kill switches of strategy clients: look, clear, kill, revive. A running one obeys before its next bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quantstrip.errors import ClientNotFound
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.operations.ledger import existing_ledger

ALL = "all"
"""The name that stands for every client."""


@dataclass(frozen=True, slots=True)
class HaltRow:
    """Entries halted by a rule.

    Attributes:
        rule: ``max_daily_loss`` or ``max_drawdown``.
        event_time: since when, on the feed's clock, UTC text.
        calendar: the exchange whose session a daily halt belongs to; "" for a drawdown.
        reason: what happened, in words.

    """

    rule: str
    event_time: str
    calendar: str
    reason: str


@dataclass(frozen=True, slots=True)
class RiskState:
    """What stops a client's entries; exits always go on.

    Attributes:
        client: the client's name.
        strategy: name of the strategy of its current run; "" where it has run none.
        mode: of that run.
        killed: a person switched entries off.
        kill_reason: why, in that person's words.
        killed_at: when, wall clock, UTC text; "" while entries are on.
        halts: in force and not lifted, oldest first.

    """

    client: str
    strategy: str = ""
    mode: str = ""
    killed: bool = False
    kill_reason: str = ""
    killed_at: str = ""
    halts: tuple[HaltRow, ...] = ()

    @property
    def summary(self) -> str:
        """One line; "" where nothing stops entries."""
        found = []
        if self.killed:
            found.append("entries are switched off" + (f": {self.kill_reason}" if self.kill_reason else ""))
        found += [f"entries are halted by {halt.rule}" for halt in self.halts]
        return "; ".join(found)


def risk_status(home: Home, names: Sequence[str] = ()) -> list[RiskState]:
    """Every client that is deployed or has run a strategy, by name; only ``names`` where some are given.

    Raises:
        ClientNotFound: there is none of a name.

    """
    states = risk_states(existing_ledger(home))
    return [states[name] for name in _chosen(states, names or [ALL])]


def kill(home: Home, name: str, reason: str = "") -> list[str]:
    """Switch entries of a client, or of ``all``, off until they are revived; returns the clients where they were on.

    What waits to open a position is cancelled, market orders on their way apart. Exits go on.

    Raises:
        ClientNotFound: there is none of that name.

    """
    ledger = existing_ledger(home)
    chosen = _chosen(risk_states(ledger), [name])
    return [client for client in chosen if ledger.kill_entries(client, reason)]


def revive(home: Home, name: str, reason: str = "") -> list[str]:
    """Switch entries of a client, or of ``all``, on again; returns the clients where they were off.

    Raises:
        ClientNotFound: there is none of that name.

    """
    ledger = existing_ledger(home)
    chosen = _chosen(risk_states(ledger), [name])
    return [client for client in chosen if ledger.revive_entries(client, reason)]


def clear(home: Home, name: str, rule: str = "", reason: str = "") -> list[HaltRow]:
    """Lift the halts of a client's current run, of one rule or of both; losses count from then on.

    Returns:
        The halts that were lifted; none where nothing was halted.

    Raises:
        ClientNotFound: there is none of that name.
        InvalidRecord: no such rule.

    """
    ledger = existing_ledger(home)
    (client,) = _chosen(risk_states(ledger), [name], every=False)
    return [_halt(row) for row in ledger.clear_halts(client, rule, reason)]


def risk_states(ledger: Ledger) -> dict[str, RiskState]:
    """The state of every client that is deployed or has run a strategy, by name."""
    runs = {row["client"]: row for row in ledger.strategy_runs()}
    killed = {row["client"]: row for row in ledger.kill_switches()}
    halts: dict[str, list[HaltRow]] = {}
    for row in ledger.halts_in_force():
        halts.setdefault(row["client"], []).append(_halt(row))
    names = {row["name"] for row in ledger.clients()} | set(runs)
    return {
        name: RiskState(
            client=name,
            strategy=runs[name]["strategy"] if name in runs else "",
            mode=runs[name]["mode"] if name in runs else "",
            killed=name in killed,
            kill_reason=killed[name]["reason"] if name in killed else "",
            killed_at=killed[name]["create_time"] if name in killed else "",
            halts=tuple(halts.get(name, ())),
        )
        for name in sorted(names)
    }


def _chosen(states: dict[str, RiskState], names: Sequence[str], *, every: bool = True) -> list[str]:
    if every and ALL in names:
        return list(states)
    for name in names:
        if name not in states:
            raise ClientNotFound(
                f"no client {name!r} is deployed or has run a strategy",
                hint=f"Clients: {', '.join(states) or 'none yet'}",
            )
    return list(names)


def _halt(row: dict[str, Any]) -> HaltRow:
    return HaltRow(row["rule"], row["event_time"], row["calendar"], row["reason"])
