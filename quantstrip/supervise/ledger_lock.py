"""Which process holds the ledger's write lock: the one that keeps every other client from recording its heartbeat."""

from pathlib import Path

_LOCKS = Path("/proc/locks")
_WRITE_BYTE = 120
"""WAL_WRITE_LOCK in the ``-shm`` file: UNIX_SHM_BASE of SQLite's os_unix.c, (22 + SQLITE_SHM_NLOCK) * 4."""


def write_lock_holder(database: Path) -> int:
    """Process id of the current writer of a SQLite database in WAL mode; 0 when there is none, or where it is unknown.

    Read from ``/proc/locks`` (Linux). Asking with ``fcntl`` would mean to open the file, and closing it again would
    drop every lock that this very process holds on it.
    """
    shared = database.with_name(f"{database.name}-shm")
    if not _LOCKS.exists() or not shared.exists():
        return 0
    inode = str(shared.stat().st_ino)
    for line in _LOCKS.read_text(encoding="ascii").splitlines():
        # 1: POSIX  ADVISORY  WRITE 4711 fd:01:1234567 120 120
        words = line.split()
        if len(words) != 8 or words[1] != "POSIX" or words[3] != "WRITE" or words[5].rpartition(":")[2] != inode:
            continue
        if int(words[6]) <= _WRITE_BYTE and (words[7] == "EOF" or int(words[7]) >= _WRITE_BYTE):
            return int(words[4])
    return 0
