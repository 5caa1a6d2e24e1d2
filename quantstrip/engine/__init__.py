"""The one loop: clock, feed, broker, recorder and strategy, wired once for backtest, replay, paper and live."""

from quantstrip.engine.loop import Engine
from quantstrip.engine.memory import FillRecorder, MemoryRecorder, Rejection
from quantstrip.engine.summary import RunSummary

__all__ = ["Engine", "FillRecorder", "MemoryRecorder", "Rejection", "RunSummary"]
