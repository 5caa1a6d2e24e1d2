"""Backtests: the engine on history, and what came of it."""
