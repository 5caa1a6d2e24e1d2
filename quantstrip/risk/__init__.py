"""Risk rules: limits, three profiles, halts, and a reason for every refusal."""

from quantstrip.model import Halt
from quantstrip.risk.guard import Guard
from quantstrip.risk.profile import CASH_ONLY, NATIVE, OFF, PROFILES, RiskProfile
from quantstrip.risk.rules import Book, Intent, Refusal, check, within_limits

__all__ = [
    "CASH_ONLY",
    "NATIVE",
    "OFF",
    "PROFILES",
    "Book",
    "Guard",
    "Halt",
    "Intent",
    "Refusal",
    "RiskProfile",
    "check",
    "within_limits",
]
