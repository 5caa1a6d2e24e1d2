"""Backtests: the engine on history, and what came of it."""

from quantstrip.backtest.options import PLAIN, Options
from quantstrip.backtest.profiles import risk_profile
from quantstrip.backtest.result import BacktestResult, Equity
from quantstrip.backtest.run import run_backtest
from quantstrip.backtest.trades import OpenTrip, RoundTrip, round_trips

__all__ = [
    "PLAIN",
    "BacktestResult",
    "Equity",
    "OpenTrip",
    "Options",
    "RoundTrip",
    "risk_profile",
    "round_trips",
    "run_backtest",
]
