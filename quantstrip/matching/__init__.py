"""The one fill model: what an order does in a bar, what it costs, when a session ends. Pure functions."""

from quantstrip.matching.brackets import entry_rest, price_bracket
from quantstrip.matching.costs import FREE, CostModel
from quantstrip.matching.match import Match, Memory, match
from quantstrip.matching.rules import (
    limit_price,
    stop_limit_price,
    stop_price,
    trailing_level,
    trailing_price,
)
from quantstrip.matching.sessions import SessionEnd, bar_session_end, exchange_session_end

__all__ = [
    "FREE",
    "CostModel",
    "Match",
    "Memory",
    "SessionEnd",
    "bar_session_end",
    "entry_rest",
    "exchange_session_end",
    "limit_price",
    "match",
    "price_bracket",
    "stop_limit_price",
    "stop_price",
    "trailing_level",
    "trailing_price",
]
