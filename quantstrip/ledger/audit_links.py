"""Links of the audit chain: what they hold, and the MAC that ties each to the one before."""

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
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
    ACT = "act"
    """What a person changed outside of the audited tables: static data, rows of their own by SQL, users."""
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


class Head(NamedTuple):
    """Sequence and MAC of a link, as written down outside of the ledger."""

    sequence: int
    mac: bytes

    def __str__(self) -> str:
        return f"{self.sequence}:{self.mac.hex()}"


class Tip(NamedTuple):
    """What carrying the chain on takes of its newest link."""

    sequence: int
    operation: str
    key_id: str
    mac: bytes


class Change(NamedTuple):
    """One row that a transaction wrote: its hash, and the one it had before where it was there already."""

    table: str
    row_key: int
    after: bytes
    before: bytes | None


COLUMNS = "sequence, table_name, row_key, operation, writer, row_hash, before_hash, detail, key_id, create_time, mac"
_INSERT = f"INSERT INTO audit_link ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - a constant
_OF_ROW = (
    "INSERT INTO audit_link (sequence, table_name, row_key, operation, writer, row_hash, key_id, create_time, mac) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_OF_CHANGE = (
    "INSERT INTO audit_link (sequence, table_name, row_key, operation, writer, row_hash, key_id, create_time, mac, "
    "before_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_LAST = f"SELECT {COLUMNS} FROM audit_link ORDER BY sequence DESC LIMIT 1"  # noqa: S608 - a constant
_TIP = "SELECT sequence, operation, key_id, mac FROM audit_link ORDER BY sequence DESC LIMIT 1"
_INSERTED, _UPDATED, _ENDED = str(Operation.INSERT), str(Operation.UPDATE), str(Operation.END)
_encode = json.JSONEncoder(separators=(",", ":"), default=lambda raw: {"bytes": bytes(raw).hex()}).encode


def mac_of(key: bytes, before: bytes, link: Link) -> bytes:
    """HMAC-SHA256 over the MAC of the link before and the canonical JSON of every column but the MAC."""
    return hmac.digest(key, before + _encode(link[:10]).encode("utf-8", "surrogatepass"), "sha256")


@lru_cache(maxsize=8)
def _mac_with(key: bytes) -> Callable[[bytes], bytes]:
    """``hmac.digest(key, ..., "sha256")`` in half the time: what the key alone decides (RFC 2104) is hashed once."""
    block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner, outer = (hashlib.sha256(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))

    def mac(message: bytes) -> bytes:
        within, around = inner.copy(), outer.copy()
        within.update(message)
        around.update(within.digest())
        return around.digest()

    return mac


def last_link(raw: sqlite3.Connection) -> Link | None:
    """The newest link, None where there is none."""
    row = raw.execute(_LAST).fetchone()
    return None if row is None else Link._make(row)


def tip_of(raw: sqlite3.Connection) -> Tip | None:
    """Of the newest link what the next one needs, None where there is none."""
    row = raw.execute(_TIP).fetchone()
    return None if row is None else Tip._make(row)


def is_on(newest: Link | Tip | None) -> bool:
    """True while writes are to be linked, as the newest link says."""
    return newest is not None and newest.operation != _ENDED


def append(raw: sqlite3.Connection, key: bytes, tip: Tip | None, link: Link) -> Tip:
    """Write ``link`` after the newest one; its sequence and MAC are filled in."""
    sequence, before = (1, GENESIS) if tip is None else (tip.sequence + 1, tip.mac)
    link = link._replace(sequence=sequence)
    made = link._replace(mac=mac_of(key, before, link))
    raw.execute(_INSERT, made)
    return Tip(sequence, made.operation, made.key_id, made.mac)


def append_rows(raw: sqlite3.Connection, key: bytes, tip: Tip, writer: int, changes: Iterable[Change], now: str) -> Tip:
    """Write one link for each change after the newest link, all made with its key.

    Every fill comes through here: the JSON is put together by hand, of words and numbers that need no escaping, and is
    what ``mac_of`` makes of the same links.
    """
    sequence, operation, key_id, mac = tip
    inserted, updated, mac_with = [], [], _mac_with(key)
    for table, row_key, after, before in changes:
        sequence += 1
        operation, was = (_INSERTED, "null") if before is None else (_UPDATED, f'{{"bytes":"{before.hex()}"}}')
        text = (
            f'[{sequence},"{table}",{row_key},"{operation}",{writer},{{"bytes":"{after.hex()}"}},{was},null,'
            f'"{key_id}","{now}"]'
        )
        mac = mac_with(mac + text.encode())
        # The driver takes a bytearray as it is, and asks around for somebody who can convert bytes.
        link = (sequence, table, row_key, operation, writer, bytearray(after), key_id, now, bytearray(mac))
        if before is None:
            inserted.append(link)
        else:
            updated.append((*link, bytearray(before)))
    raw.executemany(_OF_ROW, inserted)
    if updated:
        raw.executemany(_OF_CHANGE, updated)
    return Tip(sequence, operation, key_id, mac)


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
