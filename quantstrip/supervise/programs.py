"""The program sections of all deployed clients, as they should be."""

from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.supervise.book import client_row
from quantstrip.supervise.configuration import program_file, write_program


def write_all(home: Home, stop_seconds: int) -> None:
    """Write the section of each deployed client anew, for this interpreter and these settings; remove all others."""
    rows = [client_row(row) for row in open_ledger(home).clients()]
    kept = {program_file(home, row.name) for row in rows}
    for path in home.programs.glob("*.conf"):
        if path not in kept:
            path.unlink()
    for row in rows:
        write_program(home, row.name, stop_seconds=stop_seconds)
