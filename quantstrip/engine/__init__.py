"""The one loop: clock, feed, broker, recorder and strategy, wired once for backtest, replay, paper and live."""

from quantstrip.engine.loop import Engine
from quantstrip.engine.memory import MemoryRecorder, Rejection
from quantstrip.engine.summary import RunSummary

__all__ = ["Engine", "MemoryRecorder", "Rejection", "RunSummary"]
