"""Names that repeat: the same run on the same data gives the same references, so nothing is ever sent twice."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from quantstrip.clock import Micros
from quantstrip.model import Leg, Mode
from quantstrip.risk import RiskProfile


class References:
    """Makes the references of one run's orders."""

    def __init__(self, run: str, strategy: str) -> None:
        self._begun = {leg: hashlib.blake2b(f"{run}|{strategy}|{leg}|".encode(), digest_size=12) for leg in Leg}

    def make(self, leg: Leg, ts: Micros, sequence: int) -> str:
        """24 hex digits of BLAKE2b over run, strategy, leg, time of the deciding bar, sequence.

        ``sequence`` numbers the signals of one moment, refused ones too, so that it does not depend on the verdicts.
        """
        words = self._begun[leg].copy()
        words.update(b"%d|%d" % (ts, sequence))
        return words.hexdigest()


def order_reference(run: str, strategy: str, leg: Leg, ts: Micros, sequence: int) -> str:
    """One reference, see ``References.make``."""
    return References(run, strategy).make(leg, ts, sequence)


def run_identity(
    client: str,
    mode: Mode | str,
    code_hash: str,
    parameters: Mapping[str, Any],
    feed: str,
    symbols: Iterable[str],
    cash: float,
    risk: RiskProfile,
    *,
    warmup: int = 0,
    **more: Any,
) -> str:
    """The key of a run: 32 hex digits over everything that decides what it does.

    Args:
        client: the client's name.
        mode: live, paper, replay, simulation or backtest.
        code_hash: hash of the code that runs.
        parameters: the strategy's parameters.
        feed: name of the feed; it names the data.
        symbols: what is traded; their order does not matter.
        cash: the strategy's allocation, in money.
        risk: the limits it runs under.
        warmup: bars fed before the run's first; indicators depend on them.
        more: whatever else makes two runs different (costs, sizing ratio).

    """
    facts = {
        "client": client,
        "mode": str(mode),
        "code": code_hash,
        "parameters": dict(parameters),
        "feed": feed,
        "symbols": sorted(symbols),
        "cash": float(cash),
        "risk": risk.describe(),
        "warmup": warmup,
        **more,
    }
    text = json.dumps(facts, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
