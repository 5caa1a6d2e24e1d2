"""Links of the audit chain: what they hold, and the MAC that ties each to the one before."""

import hmac
import json
import sqlite3
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

GENESIS = bytes(32)
"""Stands for the MAC before the first link."""


class Operation(StrEnum):
    """What a link tells: of a row, inserted or updated; of the chain, the rest."""

    INSERT = "insert"
    UPDATE = "update"
    BEGIN = "begin"
    """The audit is on from here; counts what is there already and is not covered."""
    END = "end"
    """The audit is off from here."""
    WRITER = "writer"
    """Who writes: client, run and code hash, or the person and program."""
    ROTATE = "rotate"
    """Made with the old key: names the new one."""
    KEY = "key"
    """The first link made with the new key."""


class Link(NamedTuple):
    """One link, in the order of the table's columns."""

    sequence: int
    table: str
    row_key: int | None
    operation: str
    writer: int
    row_hash: bytes | None
    before_hash: bytes | None
    detail: str | None
    key_id: str
    create_time: str
    mac: bytes = b""


COLUMNS = "sequence, table_name, row_key, operation, writer, row_hash, before_hash, detail, key_id, create_time, mac"
_INSERT = f"INSERT INTO audit_link ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - a constant
_LAST = f"SELECT {COLUMNS} FROM audit_link ORDER BY sequence DESC LIMIT 1"  # noqa: S608 - a constant
_encode = json.JSONEncoder(separators=(",", ":"), default=lambda raw: {"bytes": bytes(raw).hex()}).encode


def mac_of(key: bytes, before: bytes, link: Link) -> bytes:
    """HMAC-SHA256 over the MAC of the link before and the canonical JSON of every column but the MAC."""
    return hmac.digest(key, before + _encode(link[:10]).encode("utf-8", "surrogatepass"), "sha256")


def last_link(raw: sqlite3.Connection) -> Link | None:
    """The newest link, None where there is none."""
    row = raw.execute(_LAST).fetchone()
    return None if row is None else Link._make(row)


def is_on(head: Link | None) -> bool:
    """True while writes are to be linked, as the newest link says."""
    return head is not None and head.operation != Operation.END


def append(raw: sqlite3.Connection, key: bytes, head: Link | None, link: Link) -> Link:
    """Write ``link`` after ``head``; its sequence and MAC are filled in."""
    sequence, before = (1, GENESIS) if head is None else (head.sequence + 1, head.mac)
    link = link._replace(sequence=sequence)
    made = link._replace(mac=mac_of(key, before, link))
    raw.execute(_INSERT, made)
    return made


def about_chain(operation: Operation, detail: Mapping[str, Any], key_id: str, now: str) -> Link:
    """A link about the chain itself, to be appended."""
    return Link(0, "", None, str(operation), 0, None, None, _encode(dict(detail)), key_id, now)


def detail_of(link: Link) -> dict[str, Any]:
    """What a link about the chain says."""
    try:
        found = json.loads(link.detail or "{}")
    except ValueError:
        return {}  # edited from outside: its MAC says so
    return found if isinstance(found, dict) else {}
