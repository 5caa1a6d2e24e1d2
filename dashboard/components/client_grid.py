"""All clients in one table that can be sorted by any column; one row can be picked."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from components import clients, times
from components.markup import Tone
from quantstrip.clock import Micros, from_text, to_datetime
from quantstrip.operations.clients import ClientStatus
from quantstrip.redaction import scrub

_PICKED: Final = "client"
_DIFFERS: Final = "differs"
_ENTRIES_OFF: Final = "entries off"
_COLOURS: Final[dict[Tone, str]] = {
    "good": "#15803d", "warn": "#b45309", "bad": "#b42323", "idle": "#64748b", "info": "#0f6e84",
}  # fmt: skip
_LABELS: Final[dict[str, str]] = {
    **{state.replace("_", " "): _COLOURS[tone] for state, tone in clients.TONES.items()},
    _DIFFERS: _COLOURS["warn"], _ENTRIES_OFF: _COLOURS["bad"], **{mode.upper(): _COLOURS[tone]
    for mode, tone in clients.MODE_TONES.items()},
}  # fmt: skip
_ROW: Final = 33
_MOST_ROWS: Final = 12
"""Rows that are shown at once; of more the table scrolls, so that what belongs to a picked row stays near it."""


def show(found: Sequence[ClientStatus]) -> None:
    """Draw the table. Which client is picked stands in the address, by its name.

    A row's place means a client only among the names it was drawn with, so another set of names is another table: a
    click that is under way while a client comes or goes picks nothing, never its neighbour.
    """
    names = tuple(client.name for client in found)
    key = f"clients-{hash(names)}"
    chosen = picked(found)
    st.dataframe(
        table(found),
        hide_index=True,
        width="stretch",
        height=height(len(found)),
        column_config=_columns(),
        key=key,
        on_select=partial(_pick, key, names),
        selection_mode=["single-row", "single-cell"],
        selection_default={"selection": {"rows": [found.index(chosen)]}} if chosen else None,
        placeholder="\N{EN DASH}",
        alt="Clients",
    )


def height(rows: int) -> int:
    """Of the table, in pixels."""
    return _ROW * (min(rows, _MOST_ROWS) + 1) + 2


def picked(found: Sequence[ClientStatus]) -> ClientStatus | None:
    """The client whose row is picked; the one there is where it is the only one."""
    if len(found) == 1:
        return found[0]
    return next((client for client in found if client.name == st.query_params.get(_PICKED)), None)


def table(found: Sequence[ClientStatus]) -> pd.DataFrame:
    """One row a client; moments in UTC, which the columns show in the user's zone."""
    alive = [bool(client.pid) for client in found]
    return pd.DataFrame(
        {
            "Client": [_name(client) for client in found],
            "State": [_labels(client) for client in found],
            "Mode": [[client.mode.upper()] if client.mode else [] for client in found],
            "Since": _moments([client.started if client.pid else client.since for client in found]),
            "PID": pd.array([client.pid or None for client in found], dtype="Int64"),
            "CPU": [client.cpu_now if up else None for client, up in zip(found, alive, strict=True)],
            "Memory": [client.memory_mb if up else None for client, up in zip(found, alive, strict=True)],
            "Heartbeat": [client.heartbeat_age_seconds for client in found],
            "Next job": _moments([from_text(client.next_job) if client.next_job else 0 for client in found]),
            "Restarts": [client.restarts for client in found],
            "Errors": [client.failed_jobs for client in found],
            "Last error": [scrub(_first_line(client.last_error)) for client in found],
        }
    )


def _columns() -> dict[str, Any]:
    labels = partial(
        st.column_config.MultiselectColumn, options=list(_LABELS), color=list(_LABELS.values()), disabled=True
    )
    zone = times.zone_name()
    moment = partial(st.column_config.DatetimeColumn, timezone=zone, width=150)
    return {
        "Client": st.column_config.TextColumn(pinned=True),
        "State": labels(width=115),
        "Mode": labels(width="small"),
        "Since": moment(f"Since ({zone})", format="YYYY-MM-DD HH:mm:ss",
                        help="When its process started; of one that does not run, when that began"),
        "PID": st.column_config.NumberColumn(format="%d", width=70),
        "CPU": st.column_config.NumberColumn(format="%.1f %%", width=70, help="Of one processor, since the last look"),
        "Memory": st.column_config.NumberColumn(format="%.0f MB", width=80),
        "Heartbeat": st.column_config.NumberColumn(format="%.0f s ago", width=90),
        "Next job": moment(f"Next job ({zone})", format="YYYY-MM-DD HH:mm:ss"),
        "Restarts": st.column_config.NumberColumn(width=70, help="By the service, since a person started it"),
        "Errors": st.column_config.NumberColumn(width=60, help="Jobs of this process that failed"),
        "Last error": st.column_config.TextColumn(width="large"),
    }  # fmt: skip


def _pick(key: str, names: Sequence[str]) -> None:
    """Keep in the address whose row or cell was clicked; a callback."""
    said = st.session_state[key]["selection"]
    places = [*said["rows"], *(cell[0] for cell in said["cells"])]
    if places and places[0] < len(names):
        st.query_params[_PICKED] = names[places[0]]
    else:
        st.query_params.pop(_PICKED, None)


def _name(client: ClientStatus) -> str:
    shown = client.display_name or client.name
    return shown if shown == client.name else f"{shown} ({client.name})"


def _labels(client: ClientStatus) -> list[str]:
    off = bool(client.killed or client.halts)
    return [clients.state_label(client), *([_DIFFERS] if client.differs else []), *([_ENTRIES_OFF] if off else [])]


def _first_line(words: str) -> str:
    return words.splitlines()[0] if words else ""


def _moments(found: Sequence[Micros]) -> pd.Series:
    return pd.Series([to_datetime(ts) if ts else None for ts in found], dtype="datetime64[us, UTC]")
