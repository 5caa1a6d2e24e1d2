"""What a strategy raised, with the place and the bar it happened at."""

import os
import traceback
from inspect import isgenerator

from quantstrip.clock import Micros, to_text
from quantstrip.errors import StrategyError, StrategyFault
from quantstrip.model import Signal
from quantstrip.strategy import StrategyBase
from quantstrip.strategy.patience import file_of


def fault(strategy: StrategyBase, hook: str, error: BaseException, symbol: str, ts: Micros) -> StrategyFault:
    """The error to raise for an exception in ``hook``; names the strategy's file and line where it can."""
    where = f" for {symbol}" if symbol else ""
    when = f" at {to_text(ts)} UTC" if ts > 0 else ""
    # A form's hook is the platform's own: what counts is the line of the user's file.
    file = file_of(strategy)
    frames = traceback.extract_tb(error.__traceback__)
    # Code is compiled under the path it was asked for by, which a module's own may be written otherwise than.
    own = [frame for frame in frames if file and os.path.abspath(frame.filename) == os.path.abspath(file)]  # noqa: PTH100
    found = [frame for frame in own or frames if frame.name == hook] or own
    if not own and isinstance(error, StrategyError) and error.hint:  # it names the place itself
        return StrategyFault(f"{strategy.name}{where}{when}: {error.message}", hint=error.hint)
    place = f"{found[-1].filename}, line {found[-1].lineno}" if found else "the trace below"
    decimals = isinstance(error, TypeError) and "decimal.Decimal" in str(error)
    return StrategyFault(
        f"{strategy.name}.{hook}{where}{when} raised {type(error).__name__}: {error}",
        hint=f"See {place}.{_DECIMALS if decimals else ''}",
    )


def plain(strategy: StrategyBase, found: object, symbol: str, ts: Micros) -> Signal:
    """The signal that ``on_bar`` returned, without the view of its numbers that a derived class gives.

    Raises:
        StrategyFault: it is none.

    """
    if isinstance(found, Signal):
        return found.plain()
    hint = (
        "Return a list: on_bar with yield in it is a generator." if isgenerator(found) else "Return [] to do nothing."
    )
    wrong = StrategyError(f"expected a list of Signal, got {found!r} in it", hint=f"{hint}{_begins(strategy)}")
    raise fault(strategy, "on_bar", wrong, symbol, ts)


def _begins(strategy: StrategyBase) -> str:
    """Where the strategy's own ``on_bar`` begins, as the end of a hint; nothing for one of the platform's forms."""
    code = getattr(type(strategy).on_bar, "__code__", None)
    own = code is not None and os.path.abspath(code.co_filename) == os.path.abspath(file_of(strategy) or "")  # noqa: PTH100
    return f" on_bar begins at {code.co_filename}, line {code.co_firstlineno}." if own and code is not None else ""


_DECIMALS = " Prices of a file with core.models are exact decimals: write float(bar.close), or Decimal('1.01')."
