"""What the audit chain costs: a fill with it and without it, in alternating rounds, and verifying.

A fill transaction is that of ``benchmarks.fills``: order looked up, execution, position, profit and commission in one
commit, ``synchronous=FULL``. With the audit it adds three links to the chain, in the same commit.
"""

import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.fills import PER_ROUND, figure, ledger_writer, timed
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.ledger.audit_keys import AuditKeys

ROUNDS = 21
MOST = 1.5
"""A fill with the audit takes at most so many times as long as one without."""
VERIFIED = 100_000
LEAST_ROWS_PER_SECOND = 10_000


def run() -> Iterator[dict[str, Any]]:
    """Measure both figures; a ledger of its own for each, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="quantstrip-audit-"))
    try:
        yield cost(folder)
        yield verifying(Home(folder / "verified"), VERIFIED)
    finally:
        shutil.rmtree(folder)


def cost(folder: Path) -> dict[str, Any]:
    """Time of a fill with the audit as a multiple of one without, the medians of alternating rounds."""
    homes = [Home(folder / name) for name in ("off", "on")]
    for home, on in zip(homes, (False, True), strict=True):
        open_ledger(home).set_audit(on, "benchmark")
    without, audited = (ledger_writer(home, "rate") for home in homes)
    for number in range(PER_ROUND):  # calendars, statements and triggers are made on first use
        without(-1 - number)
        audited(-1 - number)
    pairs, work = [], []
    for n in range(ROUNDS):
        start = n * PER_ROUND
        begun = time.process_time()
        off = timed(without, start)
        between = time.process_time()
        pairs.append((off, timed(audited, start)))
        work.append((between - begun, time.process_time() - between))
    value = statistics.median(on / off for off, on in pairs)
    micros = [1e6 * statistics.median(one) / PER_ROUND for one in zip(*pairs, strict=True)]
    busy = [1e6 * statistics.median(one) / PER_ROUND for one in zip(*work, strict=True)]
    links, fills = (
        open_ledger(homes[1]).query(f"SELECT count(*) FROM {t}")[1][0][0] for t in ("audit_link", "execution")
    )
    sizes = [home.database.stat().st_size for home in homes]
    detail = {
        "microseconds_per_fill_without": round(micros[0]),
        "microseconds_per_fill_with": round(micros[1]),
        "microseconds_per_fill_of_the_audit": round(micros[1] - micros[0]),
        "processor_microseconds_without": round(busy[0]),
        "processor_microseconds_with": round(busy[1]),
        "links_per_fill": round(links / fills, 2),
        "bytes_per_fill_of_the_audit": round((sizes[1] - sizes[0]) / fills),
        "rounds": ROUNDS,
    }
    return figure("a fill with the audit chain / without", value, MOST, value <= MOST, detail)


def verifying(home: Home, rows: int) -> dict[str, Any]:
    """Rows verified in a second, and the memory it takes."""
    ledger = open_ledger(home)
    ledger.set_audit(True, "benchmark")
    write = ledger_writer(home, "verified")
    with ledger.transaction():
        for number in range(rows // 3):  # execution, position event and commission
            write(number)
    begun = time.perf_counter()
    found = ledger.verify_audit(keys=AuditKeys(home))
    seconds = time.perf_counter() - begun
    value = found.rows / seconds
    detail = {"rows": found.rows, "links": found.links, "seconds": round(seconds, 1), "found": str(found.problem)}
    ok = value >= LEAST_ROWS_PER_SECOND and found.ok
    return figure("rows verified against the audit chain per second", value, LEAST_ROWS_PER_SECOND, ok, detail)


if __name__ == "__main__":
    for line in run():
        print(json.dumps(line), flush=True)
