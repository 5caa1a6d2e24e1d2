"""The dataframe form: a script computes its signals as columns of ``df``, and the engine trades them.

Where the history is known the script runs once over each symbol's; on paper and live, where it is not, it runs again
after each bar over the history so far, and its last row counts. A script that does not look ahead gives the same
either way.
"""

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from quantstrip.dialects import script
from quantstrip.dialects.dataframe_code import INVERT, inverted, lost_writes_refused, script_code
from quantstrip.dialects.dataframe_columns import OUTPUT, ColumnReader, Signals, four_way
from quantstrip.dialects.dataframe_output import Output, read_output
from quantstrip.dialects.dataframe_text import ScriptText, free_frame, read_text
from quantstrip.dialects.forms import Form
from quantstrip.dialects.script import Act, ScriptStrategy, Side
from quantstrip.dialects.script_rules import FRAME_KEYS, ScriptRules
from quantstrip.dialects.script_text import has_strategy_class
from quantstrip.indicators import History
from quantstrip.model import Bar, Signal
from quantstrip.ports import Columns
from quantstrip.strategy import Declared, builtins_for

if TYPE_CHECKING:
    import pandas as pd

FORM: Final = Form(
    "dataframe", "dataframe script", risk=script.SCRIPT_RISK, costs=script.SCRIPT_COSTS, lot=0.0, whole_history=True
)
NAMES: Final = ("df", "params", "pd", "np")
"""Names that a script has without importing them."""
MOST_BARS: Final = 5000
"""Bars that a script sees where it runs again after each: the last ones."""

_CLOSE_LONG, _CLOSE_SHORT, _OPEN_LONG, _OPEN_SHORT = 1, 2, 4, 8


def recognises(tree: ast.Module) -> bool:
    """Whether the file reads a ``df`` that it was given."""
    return free_frame(tree) and not has_strategy_class(tree)


def load(
    path: Path, source: bytes, symbols: Sequence[str] | None, parameters: Mapping[str, Any]
) -> "DataframeStrategy":
    """The script as a strategy; nothing of it runs before there are bars.

    Raises:
        StrategyLoadError: an annotation is wrong, a value does not fit it, or its text breaks a rule of the form.

    """
    tree = ast.parse(source, str(path))
    params, rules = script.chosen(path, script.annotations(path, source), parameters, FRAME_KEYS)
    text = read_text(path, tree)
    module = script.empty_module(path, source, text.summary)
    kind = type("DataframeScript", (DataframeStrategy,), {"__module__": module.__name__, "__doc__": text.summary})
    code = script_code(path, tree)  # last: it changes the tree
    return kind(path, code, text, script.own_symbols(symbols, params), params, rules)  # type: ignore[no-any-return]


def declared(path: Path, source: bytes) -> list[Declared]:
    """Its ``# @param`` lines, then the settings that every script takes."""
    return script.declared_script(path, script.annotations(path, source), FRAME_KEYS)


class DataframeStrategy(ScriptStrategy):
    """A dataframe script in the native contract.

    Attributes:
        output: plots and marks of each symbol, where the script ran over the whole history.

    """

    _MAX_BAR_HISTORY: ClassVar[int] = MOST_BARS  # type: ignore[misc]

    def __init__(
        self, path: Path, code: CodeType, text: ScriptText, symbols: Sequence[str], params: Mapping[str, Any],
        rules: ScriptRules,
    ) -> None:  # fmt: skip
        super().__init__(FORM, script.name_of(path), symbols, params, rules)
        if text.notes:
            self.note(*text.notes)
        self.output: dict[str, Output] = {}
        self._path = path
        self._code = code
        self._reader = ColumnReader(path, text.lines)
        self._known: dict[str, tuple[History, bytes] | None] = {}

    def signals_on(self, columns: Columns) -> Signals:
        """The signals of every bar of a history, by the legs that are traded.

        Raises:
            StrategyError: the script raised, or a column breaks a rule; names line and bar.

        """
        return self._run(columns, draws=False)[0]

    def line_of(self, decision: str) -> int:
        """The line that assigns the column of a decision, such as ``open_long``; 0 where the text does not show it."""
        return self._reader.line(decision, _TWO_WAY_OF[decision]) or 0

    def on_bar(self, bar: Bar) -> Sequence[Signal] | None:
        """Trade what the script says of this bar."""
        symbol = bar.symbol
        if not self.rules.orders:
            self.look(bar)
        if symbol not in self._known:
            self._known[symbol] = self._ahead(symbol)
        known = self._known[symbol]
        if known is None:
            wanted = self._last(symbol)
        else:
            history, rows = known
            wanted = rows[history.length - 1]
        return self._act(bar, wanted) if wanted else None

    def _ahead(self, symbol: str) -> tuple[History, bytes] | None:
        """The whole history's signals, one byte a bar; None where nobody knows it beforehand."""
        columns = self.seat.columns(symbol)
        if columns is None:
            return None
        signals, output = self._run(columns, draws=True)
        if output is not None:
            self.output[symbol] = output
        return self._bars.history(symbol), _packed(signals).tobytes()

    def _last(self, symbol: str) -> int:
        """What the script says of the last bar, from the bars so far."""
        bars = self._bars[symbol]
        _, _, ts_open, ts, opens, highs, lows, closes, volumes, *_ = zip(*bars, strict=True)
        times = (np.array(ts_open, dtype=np.int64), np.array(ts, dtype=np.int64))
        prices = np.array((opens, highs, lows, closes, volumes), dtype=np.float64)
        return int(_packed(self.signals_on(Columns(*times, prices[0], prices[1], prices[2], prices[3], prices[4])))[-1])

    def _act(self, bar: Bar, wanted: int) -> list[Signal]:
        """Closes before opens; a leg that holds nothing has nothing to close."""
        symbol = bar.symbol
        signals: list[Signal] = []
        if wanted & _CLOSE_LONG and self.held(symbol, "long"):
            signals.append(self.closing(bar, "long", self._share(symbol, "long"), "close_long"))
        if wanted & _CLOSE_SHORT and self.held(symbol, "short"):
            signals.append(self.closing(bar, "short", self._share(symbol, "short"), "close_short"))
        if wanted & _OPEN_LONG:
            signals.append(self.opening(bar, "long", None, "open_long"))
        if wanted & _OPEN_SHORT:
            signals.append(self.opening(bar, "short", None, "open_short"))
        return self.decided(bar, signals)

    def _share(self, symbol: str, side: Side) -> float | None:
        """Units that a close takes off a leg; None for all of it."""
        return None if self.rules.close == 1.0 else self.held(symbol, side) * self.rules.close

    def _run(self, columns: Columns, *, draws: bool) -> tuple[Signals, Output | None]:
        """Run the script over a history; its ``output`` is read where somebody will look at it."""
        frame = frame_of(columns)
        begins = frame["ts"].copy()
        names = builtins_for(self._names(frame))
        try:
            with lost_writes_refused():
                exec(self._code, names)  # noqa: S102 - it is the user's own
        except (Exception, SystemExit) as error:
            raise script.failure(self._path, error) from error
        import pandas as pd

        made = names.get("df")
        if not isinstance(made, pd.DataFrame):
            raise self._reader.refused("df", f"df is {type(made).__name__}, expected a DataFrame", "Leave df a frame.")
        bars = len(columns.ts)
        if len(made) == bars and _moved(made, begins):
            raise self._reader.refused("df", "the rows of df have changed their order", "Leave them as they came.")
        found = four_way(self._reader.read(made, bars, columns.ts), bars, self.rules.long, self.rules.short)
        return found, read_output(self._reader.place(OUTPUT), names.get("output"), bars) if draws else None

    def _names(self, frame: "pd.DataFrame") -> dict[str, Any]:
        """The names that a script finds when it begins."""
        import pandas as pd

        return {
            "__name__": "__main__", "__file__": str(self._path),
            "pd": pd, "np": np, "df": frame, "params": dict(self.params), INVERT: inverted,
        }  # fmt: skip


def frame_of(columns: Columns) -> "pd.DataFrame":
    """A history as scripts know it: open, high, low, close, volume, and ``ts``, the begin of each bar in UTC."""
    import pandas as pd

    begins = pd.to_datetime(columns.ts_open, unit="us", utc=True)
    prices = {name: np.array(getattr(columns, name)) for name in ("open", "high", "low", "close", "volume")}
    return pd.DataFrame({"ts": begins, "time": begins, **prices})


def _moved(made: "pd.DataFrame", begins: "pd.Series[Any]") -> bool:
    """Whether rows stand where others were: their signals would be those of other bars."""
    same = "ts" in made.columns and made["ts"].dtype == begins.dtype
    return same and not np.array_equal(made["ts"].to_numpy(), begins.to_numpy())


def _packed(signals: Signals) -> npt.NDArray[np.uint8]:
    wanted = np.zeros(len(signals.open_long), dtype=np.uint8)
    for flag, (act, side) in _INTENTS.items():
        wanted |= getattr(signals, f"{act}_{side}").astype(np.uint8) * np.uint8(flag)
    return wanted


_INTENTS: Final[Mapping[int, tuple[Act, Side]]] = {
    _CLOSE_LONG: ("close", "long"),
    _CLOSE_SHORT: ("close", "short"),
    _OPEN_LONG: ("open", "long"),
    _OPEN_SHORT: ("open", "short"),
}
_TWO_WAY_OF: Final = {"open_long": "buy", "close_short": "buy", "open_short": "sell", "close_long": "sell"}
