"""``python -m benchmarks [NAME ...]``: measures the figures the project promises.

Prints one JSON object a line, ``{"name", "value", "bound", "ok", "detail"}``. Exits with 1 when a bound is missed.
Ratios are taken in one run; where a bound is absolute, the machine's own baseline stands in ``detail``.
"""

import argparse
import importlib
import json
import sys
from pathlib import Path

PARTS = (
    "engine", "engines", "same_trades", "clients", "fills", "audit", "metrics", "reports", "supervision", "pages",
    "monitor", "candles", "bars",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"parts to run: {', '.join(PARTS)} (default: all)")
    chosen = parser.parse_args().names or list(PARTS)
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        parser.error(f"no benchmark named {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    missed = 0
    for name in chosen:
        for row in importlib.import_module(f"benchmarks.{name}").run():
            print(json.dumps(row), flush=True)
            missed += not row["ok"]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    sys.exit(main())
