"""Verifying: one walk along the chain, and beside it along every table, in the order in which rows were inserted.

Rows of a table are inserted with rising keys, one writer after the other, so insert links and rows come in step: a row
between two of them has no link, a link without its row lost it. A row that differs from its link may have been changed
later by the platform; it waits for the link of that change, which also says what the row was before it. Where the chain
itself is broken that cannot be told, and the broken link is named.
"""

import sqlite3
from collections.abc import Callable, Iterator

from quantstrip.ledger.audit_found import Kind, Problem, Verification, who_of
from quantstrip.ledger.audit_keys import AuditKeys
from quantstrip.ledger.audit_links import COLUMNS, GENESIS, Head, Link, Operation, detail_of, is_on, mac_of
from quantstrip.ledger.audit_rows import FORMS
from quantstrip.ledger.audit_tables import TableWalk
from quantstrip.ledger.audit_waiting import WaitingRoom

STEP = 2_000
"""Links between two calls of ``progress``."""
Progress = Callable[[int, int], None]
_ALL = 2**62
_FROM = f"SELECT {COLUMNS} FROM audit_link WHERE sequence >= ? ORDER BY sequence"  # noqa: S608 - a constant
_BEFORE = f"SELECT {COLUMNS} FROM audit_link WHERE sequence < ? ORDER BY sequence DESC LIMIT 1"  # noqa: S608
_CHAIN = f"SELECT {COLUMNS} FROM audit_link WHERE sequence < ? AND table_name = '' ORDER BY sequence"  # noqa: S608
_LAST_KEYS = (
    "SELECT table_name, max(row_key) FROM audit_link WHERE sequence < ? AND operation = 'insert' GROUP BY table_name"
)
_LINKED = "SELECT max(sequence) FROM audit_link WHERE sequence < ? AND table_name = ? AND row_key = ?"


class Verifier:
    """One verification, in one reading transaction of ``raw``, which may belong to a backup.

    Args:
        keys: of the home that wrote the chain.
        first: sequence to begin with; 1 for the whole chain.
        recorded: a head that was written down elsewhere.

    """

    def __init__(
        self,
        raw: sqlite3.Connection,
        keys: AuditKeys,
        *,
        first: int = 1,
        recorded: Head | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._raw, self._keys, self._progress = raw, keys, progress
        self._first, self._recorded = first, recorded
        self._walks = {name: TableWalk(raw, form) for name, form in FORMS.items()}
        self._waiting = WaitingRoom()
        self._writers: dict[int, str] = {}
        self._problem: Problem | None = None
        self._broken = False
        self._off: Link | None = None
        self._gaps: list[tuple[str, str, int]] = []  # from, to (ledger text), sequence of the link that ends it
        self._words: list[str] = []
        self._lost: set[str] = set()

    def run(self) -> Verification:
        """Walk the chain and the rows.

        Raises:
            SecretError: a key that links were made with is not here.

        """
        try:
            return self._run()
        finally:
            self._waiting.close()

    def _run(self) -> Verification:
        lost = {str(key_id) for link in self._about_chain(_ALL) for key_id in detail_of(link).get("lost", ())}
        self._lost = lost - self._keys.all().keys()
        before = self._start()
        total = self._raw.execute("SELECT count(*) FROM audit_link WHERE sequence >= ?", (self._first,)).fetchone()[0]
        links = 0
        for row in self._raw.execute(_FROM, (self._first,)):
            link = Link._make(row)
            if self._sound(before, link):
                self._follow(link)
            before = link
            links += 1
            if self._progress is not None and links % STEP == 0:
                self._progress(links, total)
        self._end(before)
        if self._progress is not None:
            self._progress(links, links)
        walks = self._walks.items()
        return Verification(
            self._problem,
            links,
            sum(walk.checked for _, walk in walks),
            {name: walk.uncovered for name, walk in walks if walk.uncovered},
            {name: walk.changed_while_off for name, walk in walks if walk.changed_while_off},
            self._words,
            "" if before is None else str(Head(before.sequence, before.mac)),
            self._first,
            is_on(before),
        )

    def _about_chain(self, end: int) -> Iterator[Link]:
        return map(Link._make, self._raw.execute(_CHAIN, (end,)).fetchall())

    def _start(self) -> Link | None:
        """The link before the first one to check; what came before it is taken as it is."""
        if self._first <= 1:
            return None
        passed = dict(self._raw.execute(_LAST_KEYS, (self._first,)).fetchall())
        for link in self._about_chain(self._first):
            if link.operation == Operation.WRITER:
                self._writers[link.sequence] = who_of(link)
            elif link.operation == Operation.BEGIN:
                for name, (count, last) in _there(link).items():
                    if count:
                        passed[name] = max(last, passed.get(name, last))
        for name, last in passed.items():
            if name in self._walks:
                self._walks[name].pass_by(last)
        row = self._raw.execute(_BEFORE, (self._first,)).fetchone()
        before = None if row is None else Link._make(row)
        self._off = before if before is not None and before.operation == Operation.END else None
        return before

    def _sound(self, before: Link | None, link: Link) -> bool:
        """True for a link in its place that can be relied on; what is wrong is noted, and the walk goes on."""
        expected = 1 if before is None else before.sequence + 1
        if link.sequence != expected:
            one = link.sequence == expected + 1
            gone = f"link {expected} is" if one else f"links {expected} to {link.sequence - 1} are"
            self._break(Kind.LINK_REMOVED, link._replace(sequence=expected), f"{gone} missing from the audit chain")
        if self._recorded is not None and self._recorded.sequence == link.sequence and self._recorded.mac != link.mac:
            what = f"link {link.sequence} of the audit chain is not the one that was recorded as its head"
            self._break(Kind.CUT, link, what)
        if link.key_id in self._lost:
            return False
        chained = GENESIS if before is None else before.mac
        if link.sequence == expected and not self._authentic(before, chained, link):
            what = f"link {link.sequence} of the audit chain is not as it was written"
            self._break(Kind.LINK_ALTERED, link, what)
            return False
        return True

    def _authentic(self, before: Link | None, chained: bytes, link: Link) -> bool:
        """True where the link's MAC is right, and made with the key whose turn it is."""
        same_key = before is None or link.key_id == before.key_id
        if not same_key and link.operation not in (Operation.KEY, Operation.BEGIN):
            return False
        if not self._keys.holds(link.key_id) and any(
            mac_of(key, chained, link._replace(key_id=key_id)) == link.mac for key_id, key in self._keys.all().items()
        ):
            return False  # all is right but the name of its key
        return mac_of(self._keys.get(link.key_id), chained, link) == link.mac

    def _break(self, kind: Kind, link: Link, what: str) -> None:
        self._broken = True
        who = self._writers.get(link.writer, "") if kind is not Kind.LINK_REMOVED else ""
        about = (link.table, link.row_key) if kind is Kind.LINK_ALTERED else ("", None)
        self._note(Problem(kind, link.sequence, *about, what, link.create_time, who))

    def _follow(self, link: Link) -> None:
        if link.table:
            if link.row_key is not None and link.row_hash is not None:
                self._check_row(link, self._walks[link.table], link.row_key, link.row_hash)
        elif link.operation == Operation.WRITER:
            self._writers[link.sequence] = who_of(link)
        elif link.operation == Operation.END:
            self._off = link
        elif link.operation == Operation.BEGIN:
            self._begin(link)

    def _begin(self, link: Link) -> None:
        """From here on rows are covered; those that were there are passed by, but for their number."""
        since = "" if self._off is None else self._off.create_time
        lost = detail_of(link).get("lost")
        if lost:
            self._words.append(
                f"what was written before {link.create_time} UTC was linked with a lost key ({', '.join(lost)})"
            )
        elif since:
            self._words.append(f"the audit was off from {since} to {link.create_time} UTC")
            self._gaps.append((since, link.create_time, link.sequence))
        self._off = None
        for name, (count, last) in _there(link).items():
            walk = self._walks[name]
            if not count:
                continue  # its first row is the first that is linked
            walk.pass_by(last)
            there = walk.count(last)
            if there != count:
                what = f"{name} had {count} rows when the audit began, at {link.create_time} UTC; {there} are there now"
                kind = Kind.REMOVED if there < count else Kind.INSERTED
                self._note(Problem(kind, link.sequence, name, None, what, link.create_time))

    def _check_row(self, link: Link, walk: TableWalk, key: int, claimed: bytes) -> None:
        was = self._waiting.take(link.table, key)
        if link.operation == Operation.INSERT:
            self._strays(walk, key, link.sequence)
            if was is not None and not self._unsure(walk):
                self._note_row(Kind.REMOVED, was.sequence, walk, key, "is gone; another row has its key")
            now = walk.at(key)
            walk.checked += 1
        else:
            if key > walk.last and walk.look(key) is not None:
                self._strays(walk, key + 1, link.sequence)
            now = walk.look(key)
            linked = was.row_hash if was is not None else now if walk.covers(key) else link.before_hash
            if linked != link.before_hash:
                since = was.sequence if was is not None else self._linked_before(link)
                if any(since < end for _, _, end in self._gaps):
                    walk.changed_while_off += 1
                elif not self._unsure(walk):
                    told = f"was altered before link {link.sequence}, which tells of a later change"
                    self._note_row(Kind.ALTERED, since, walk, key, told)
        if now != claimed:
            self._waiting.put(link.table, key, link.sequence, claimed)

    def _strays(self, walk: TableWalk, key: int | None, sequence: int) -> None:
        """Rows before ``key`` that no link tells of."""
        while (stray := walk.stray(key)) is not None:
            if self._problem is None or self._problem.sequence > sequence:
                self._note_row(Kind.INSERTED, sequence, walk, stray, "was not written by the platform: it has no link")

    def _linked_before(self, link: Link) -> int:
        found = self._raw.execute(_LINKED, (link.sequence, link.table, link.row_key)).fetchone()[0]
        return link.sequence if found is None else int(found)

    def _unsure(self, walk: TableWalk) -> bool:
        """A link that explains a change may be missing: only rows that never change can be judged."""
        return self._broken and walk.form.changes

    def _end(self, last: Link | None) -> None:
        end = 0 if last is None else last.sequence
        if self._recorded is not None and self._recorded.sequence > end:
            what = f"the audit chain ends at link {end}; the recorded head is link {self._recorded.sequence}"
            self._broken = True
            self._note(Problem(Kind.CUT, end + 1, "", None, what, "" if last is None else last.create_time))
        if self._off is not None:
            self._words.append(f"the audit has been off since {self._off.create_time} UTC")
            self._gaps.append((self._off.create_time, "9999", end + 1))
        for walk in self._walks.values():
            if is_on(last):
                self._strays(walk, None, end + 1)
            else:
                walk.pass_by(walk.rest())
        self._left_waiting()

    def _left_waiting(self) -> None:
        for table, key, sequence in self._waiting.in_order():
            walk = self._walks[table]
            row = walk.row(key)
            changed = str(row.get("update_time", ""))
            if row and walk.form.changes and self._changed_while_off(sequence, changed):
                walk.changed_while_off += 1
            elif not self._unsure(walk):
                kind, told = (Kind.ALTERED, "is not as it was written") if row else (Kind.REMOVED, "is gone")
                self._note_row(kind, sequence, walk, key, told)
                return  # later ones come later in the chain

    def _changed_while_off(self, sequence: int, changed: str) -> bool:
        return any(sequence < end and since <= changed <= until for since, until, end in self._gaps)

    def _note_row(self, kind: Kind, sequence: int, walk: TableWalk, key: int, told: str) -> None:
        row = self._raw.execute(f"SELECT {COLUMNS} FROM audit_link WHERE sequence = ?", (sequence,)).fetchone()  # noqa: S608
        link = None if row is None or kind is Kind.INSERTED else Link._make(row)
        written, who = ("", "") if link is None else (link.create_time, self._writers.get(link.writer, ""))
        what = f"{walk.form.table} with {walk.form.key} {key} {told}"
        self._note(Problem(kind, sequence, walk.form.table, key, what, written, who, walk.row(key)))

    def _note(self, problem: Problem) -> None:
        """Keep the first one along the chain."""
        if self._problem is None or problem.sequence < self._problem.sequence:
            self._problem = problem


def _there(link: Link) -> dict[str, tuple[int, int]]:
    """Number of rows and last key of each table that is known here, when the audit began."""
    said = detail_of(link).get("there", {})
    return {name: (int(count), int(last)) for name, (count, last) in said.items() if name in FORMS}
