"""Exchange rates that are missing, and the one sentence that says so beside every sum.

The rule, which the views follow: an amount without a rate is left out of every sum in the reporting currency, and what
is left out is named with its pair, strategy and dates. Where nothing of a figure is known, a dash stands for it.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from quantstrip.ledger.query import Reading

_MISSING: Final = (
    "SELECT missing_rate, strategy, currency, COUNT(*), MIN(trade_date), MAX(trade_date) FROM v_daily_pnl "
    "WHERE mode = ? AND current_run = 1 AND trade_date <= ? AND missing_rate IS NOT NULL "
    "GROUP BY missing_rate, strategy, currency ORDER BY strategy, currency"
)


@dataclass(frozen=True, slots=True)
class MissingRate:
    """Sessions of a strategy that are left out, because ``mtm_price`` has no rate ``symbol`` for them."""

    symbol: str
    strategy: str
    currency: str
    sessions: int
    first: date
    last: date

    def __str__(self) -> str:
        count = "1 session is" if self.sessions == 1 else f"{self.sessions} sessions are"
        when = f"on {self.first}" if self.first == self.last else f"from {self.first} to {self.last}"
        return f"There is no rate {self.symbol}, so {count} left out of all amounts: {self.strategy} {when}."


def missing_rates(read: Reading, mode: str, until: str) -> tuple[MissingRate, ...]:
    """What sums over the sessions of ``mode`` up to the date ``until`` leave out, as ``v_missing_rates`` has it."""
    return tuple(
        MissingRate(symbol, strategy, currency, count, date.fromisoformat(first), date.fromisoformat(last))
        for symbol, strategy, currency, count, first, last in read.query(_MISSING, (mode, until))[1]
    )
