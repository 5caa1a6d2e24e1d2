"""The text that is hashed and signed: put together by hand, and the JSON that every reader makes of the same values."""

import json
import sqlite3
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from quantstrip.ledger.audit_links import GENESIS, Change, Link, Tip, append_rows, mac_of
from quantstrip.ledger.audit_rows import FORMS, canonical

cells = st.one_of(st.none(), st.text(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.binary())
keys = st.integers(-(2**63), 2**63 - 1)
hashes = st.binary(min_size=32, max_size=32)
changes = st.lists(st.builds(Change, st.sampled_from(list(FORMS)), keys, hashes, st.none() | hashes), max_size=5)


def as_json(value: Any) -> Any:
    return {"bytes": value.hex()} if isinstance(value, bytes) else value


@given(table=st.sampled_from(list(FORMS)), data=st.data())
def test_a_rows_text_is_the_json_of_its_columns_without_those_that_are_empty(table: str, data: st.DataObject) -> None:
    form = FORMS[table]
    row = data.draw(st.tuples(*(cells for _ in form.names)))

    kept = {name: as_json(value) for name, value in zip(form.names, row, strict=True) if value is not None}

    assert canonical(form, row) == json.dumps([table, kept], separators=(",", ":"))


@given(done=changes, first=st.integers(1, 2**40), writer=st.integers(1, 2**40))
def test_links_of_rows_carry_the_macs_that_verifying_makes_of_them(done: list[Change], first: int, writer: int) -> None:
    raw = sqlite3.connect(":memory:")
    columns = ", ".join(field if field != "table" else "table_name" for field in Link._fields)
    raw.execute(f"CREATE TABLE audit_link ({columns})")
    tip = Tip(first, "writer", "0123456789ab", GENESIS)

    end = append_rows(raw, b"key", tip, writer, done, "2024-03-06 17:00:00.000000")
    rows = raw.execute("SELECT * FROM audit_link ORDER BY sequence").fetchall()
    raw.close()

    before, made = GENESIS, [Link._make(row) for row in rows]
    assert [(link.table, link.row_key, link.row_hash, link.before_hash) for link in made] == done
    for link in made:
        assert link.mac == mac_of(b"key", before, link)
        before = link.mac
    assert (end.sequence, end.mac) == (first + len(done), before)
