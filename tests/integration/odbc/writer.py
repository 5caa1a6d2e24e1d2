"""Writes fills as fast as it can until it is ended: ``writer.py HOME``."""

import sys
from itertools import count
from pathlib import Path

from quantstrip.home import Home
from quantstrip.ledger import Ledger

ledger = Ledger(Home(Path(sys.argv[1])))
for number in count():
    ledger.insert_execution(f"w{number}", None, "writer", symbol="W", side="BUY", quantity=1, price=1.0)
    print(number, flush=True)
