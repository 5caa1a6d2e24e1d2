"""Untrusted strategy code: judged by its text, then run where it reaches nothing."""

from quantstrip.sandbox.builtins import restricted
from quantstrip.sandbox.cell import ask, progress_line
from quantstrip.sandbox.checks import Finding, check_source
from quantstrip.sandbox.confine import Limits, available, confine

__all__ = ["Finding", "Limits", "ask", "available", "check_source", "confine", "progress_line", "restricted"]
