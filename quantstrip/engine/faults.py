"""What a strategy raised, with the place and the bar it happened at."""

import traceback

from quantstrip.clock import Micros, to_text
from quantstrip.errors import StrategyFault
from quantstrip.strategy import StrategyBase


def fault(strategy: StrategyBase, hook: str, error: BaseException, symbol: str, ts: Micros) -> StrategyFault:
    """The error to raise for an exception in ``hook``; names the strategy's file and line where it can."""
    where = f" for {symbol}" if symbol else ""
    when = f" at {to_text(ts)} UTC" if ts > 0 else ""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.name == hook]
    place = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else "the trace below"
    return StrategyFault(
        f"{strategy.name}.{hook}{where}{when} raised {type(error).__name__}: {error}", hint=f"See {place}."
    )
