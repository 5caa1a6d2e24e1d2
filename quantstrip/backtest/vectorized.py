"""Runs of the vectorised form in compiled code: one set of bars and options, any number of parameters."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import fields
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from quantstrip.backtest import kernel
from quantstrip.backtest.compiled import AVAILABLE
from quantstrip.backtest.daily import periods_per_year, session_numbers
from quantstrip.backtest.kernel_parts import Terms
from quantstrip.backtest.options import PLAIN, Options
from quantstrip.bars import BarTable
from quantstrip.dialects.dataframe import DataframeStrategy
from quantstrip.dialects.vectorized import VectorizedRunner
from quantstrip.dialects.vectorized_decisions import frames_of
from quantstrip.errors import StrategyError
from quantstrip.feeds import HistoryFeed, trading_begins
from quantstrip.matching import CostModel, exchange_session_end
from quantstrip.model import TIMEFRAMES, Bar, Instrument
from quantstrip.report import Metrics, measure
from quantstrip.risk import Guard, RiskProfile
from quantstrip.strategy import StrategyBase
from quantstrip.strategy.series import SymbolSeries
from quantstrip.strategy.signal_columns import Panel
from quantstrip.strategy.vectorized import VectorizedStrategy, remembering
from quantstrip.trading.sizing import DEFAULT_RATIO

if TYPE_CHECKING:
    from quantstrip.dialects.vectorized_decisions import Decisions

__all__ = ["AVAILABLE", "Kernel", "KernelRun", "unfit"]

_COSTS: Final = {"slippage_bps", "commission_per_share", "commission_rate", "minimum_commission"}
_LIMITS: Final = {
    "name", "max_order_value", "max_symbol_weight", "max_total_weight", "min_cash_ratio", "allow_margin", "allow_short",
    "allow_long", "max_daily_loss", "max_drawdown", "max_price_deviation", "duplicate_seconds", "trading_hours",
    "leverage",
}  # fmt: skip
"""What the kernel knows; of price deviation, duplicates and hours it knows that a backtest of its orders meets none."""


class KernelRun(NamedTuple):
    """What came of one run.

    Attributes:
        fills, rejected: how many.
        pnl: profit of each round trip, in the order in which they ended.
        log: row, symbol's number, signed units, price and commission of each fill, where it was asked for.
        daily: equity at each session's close, after the capital.

    """

    metrics: Metrics
    equity_final: float
    fills: int
    rejected: int
    pnl: npt.NDArray[np.float64]
    log: npt.NDArray[np.float64]
    daily: npt.NDArray[np.float64]


def unfit(
    strategy: StrategyBase, tables: Sequence[BarTable], costs: CostModel, risk: RiskProfile, options: Options = PLAIN,
    instruments: Mapping[str, Instrument] | None = None, virtual_legs: bool | None = None,
) -> str:  # fmt: skip
    """Why the kernel cannot do a run as the engine would; "" where it can."""
    if not isinstance(strategy, VectorizedRunner | DataframeStrategy):
        return "the strategy is written bar by bar"
    if isinstance(strategy, DataframeStrategy) and not (strategy.rules.orders and strategy.rules.close == 1.0):
        return "its closes take a part of a leg off" if strategy.rules.orders else "it tells signals and orders nothing"
    if sorted(strategy.symbols) != sorted(table.symbol for table in tables):
        return "there are bars of other symbols than it trades"
    if options.max_volume_share is not None or options.carries or not _known(options, {f.name for f in fields(PLAIN)}):
        return "partial fills, borrowing and funding need the engine"
    if virtual_legs:
        return "two legs of one symbol need the engine"
    if not _known(costs, _COSTS):
        return "its costs are more than slippage and commission"
    if not _known(risk, _LIMITS):
        return "its risk profile has a rule that the kernel does not know"
    shortest = min(TIMEFRAMES[table.timeframe] for table in tables)
    if risk.duplicate_seconds is not None and shortest < risk.duplicate_seconds:
        return f"bars of {shortest} s are shorter than the {risk.duplicate_seconds:g} s in which repeats are refused"
    if any((table.ts_open[1:] < table.ts[:-1]).any() for table in tables):
        return "its bars overlap"
    if risk.max_daily_loss is not None:
        calendars = {each.calendar for each in (instruments or {}).values()}
        if len(calendars) > 1 or len({table.timeframe for table in tables}) > 1:
            return "a daily loss limit over several calendars or timeframes needs the engine"
    return ""


def _known(settings: Any, names: set[str]) -> bool:
    return all(each.name in names or getattr(settings, each.name) == each.default for each in fields(settings))


class Kernel:
    """Bars and options of many runs, put together once. Any number of threads may run it.

    Args:
        tables: bars of each symbol that is traded.
        instruments: of each symbol.
        cash, costs, risk, quantity, warmup: as of ``run_backtest``; ``unfit`` has found nothing against them.

    """

    def __init__(
        self, tables: Sequence[BarTable], instruments: Mapping[str, Instrument], *, cash: float, costs: CostModel,
        risk: RiskProfile, quantity: float | None = None, warmup: int = 0,
    ) -> None:  # fmt: skip
        feed = HistoryFeed(list(tables))
        columns = feed.columns()
        self.panel = Panel.of(columns)
        self.series = {symbol: SymbolSeries(symbol, each) for symbol, each in columns.items()}
        self._frames: dict[str, Any] | None = None
        self._prices = [np.ascontiguousarray(self.panel.field(name)) for name in ("open", "high", "low", "close")]
        self._present = self.panel.present
        self._start = int(np.searchsorted(self.panel.ts, trading_begins(feed.tables, warmup)))
        ts = self.panel.ts[self._start :]
        numbers = session_numbers(ts, feed.tables)
        self._ends = self._start + np.flatnonzero(np.append(np.diff(numbers) != 0, True))
        used = [instruments[symbol] for symbol in self.panel.symbols]
        self._periods = periods_per_year(feed.tables, used)
        self._multipliers = np.array([each.multiplier for each in used])
        self._lots = np.array([each.lot_size for each in used])
        self._scales = np.array([10.0**each.digits for each in used])
        self._limited = risk.max_daily_loss is not None or risk.max_drawdown is not None
        self._sessions = _sessions(feed.tables, instruments, self.panel, self._start, risk)
        self._terms = _terms(cash, costs, risk, quantity)
        self._mine = threading.local()

    def run(self, strategy: VectorizedRunner, *, logged: bool = False) -> KernelRun:
        """One run of a vectorised strategy: its decisions filled, booked and measured.

        Raises:
            StrategyError: what it returned are no decisions; names file, line and class.

        """
        if self._frames is None and not type(strategy.inner).uses_arrays():
            self._frames = frames_of(self.panel)
        try:
            decisions = strategy.decisions(self.panel, self.series, self._frames)
        except StrategyError:
            raise
        except Exception as error:
            raise StrategyError(f"{strategy.name}: {type(error).__name__}: {error}") from error
        stop, target, trailing = strategy.protection
        ratio = strategy.position_size_ratio
        terms = self._terms._replace(ratio=ratio, stop=stop, target=target, trailing=trailing)
        found = self._trade(decisions, terms, logged)
        assert found is not None  # noqa: S101 - it enters from flat alone
        return found

    def run_script(self, strategy: DataframeStrategy, *, logged: bool = False) -> KernelRun | None:
        """One run of a dataframe script; None where an entry would add to a position: that is the engine's.

        Raises:
            StrategyError: the script raised, or a column breaks a rule; names the line.

        """
        rules, panel = strategy.rules, self.panel
        wanted = [np.zeros(self._present.shape, dtype=np.bool_) for _ in range(4)]
        for number, (symbol, columns) in enumerate(panel.columns.items()):
            for flags, found in zip(wanted, strategy.signals_on(columns), strict=True):
                flags[panel.rows[symbol], number] = found
        open_long, close_long, open_short, close_short = wanted
        terms = self._terms._replace(
            legs=True, ratio=rules.entry, stop=rules.stop_loss or 0.0, target=rules.take_profit or 0.0,
            trailing=rules.trailing or 0.0, activation=rules.activation or 0.0,
        )  # fmt: skip
        return self._trade((open_long, close_long, open_short, close_short), terms, logged)

    def trade(self, decisions: "Decisions", *, logged: bool = False) -> KernelRun:
        """Fill, book and measure entries and exits of long positions, then of short ones, without protection."""
        found = self._trade(decisions, self._terms, logged)
        assert found is not None  # noqa: S101 - likewise
        return found

    def shared(self, inner: VectorizedStrategy) -> remembering:
        """While inside, indicators that such strategies take from the kernel's frames are computed once."""
        if self._frames is None and not type(inner).uses_arrays():
            self._frames = frames_of(self.panel)
        return remembering(list((self._frames or {}).values()))

    def _trade(self, decisions: "Decisions", terms: Terms, logged: bool) -> KernelRun | None:
        rows, count = self._present.shape
        daily, equity, pnl = self._scratch(rows, count)
        log = np.empty((2 * rows * count, 5)) if logged else _NO_LOG
        open_, high, low, close = self._prices
        buy, sell, short, cover = map(np.ascontiguousarray, decisions)
        guarded = terms.legs or terms.stop > 0.0 or terms.target > 0.0 or terms.trailing > 0.0
        if count == 1 and not guarded and self._free() and not short.any():
            fills, refused, trips, final = kernel.plain(
                open_[:, 0], close[:, 0], *_words(buy, rows), *_words(sell, rows), self._start, self._ends, terms,
                self._multipliers[0], self._lots[0], self._scales[0], daily[1:], pnl, log, logged,
            )  # fmt: skip
        else:
            fills, refused, trips, final = kernel.panel(
                open_, high, low, close, self._present, buy, sell, short, cover, self._start, self._sessions, terms,
                self._multipliers, self._lots, self._scales, equity, pnl, log, logged,
            )  # fmt: skip
            if fills == kernel.ADDS:
                return None
            daily[1:] = equity[self._ends - self._start]
        daily[0] = terms.cash
        own = pnl[:trips].copy()
        return KernelRun(
            measure(daily, own, self._periods), float(final), fills, refused, own, log[:fills], daily.copy()
        )

    def _free(self) -> bool:
        """No limit can refuse an entry or halt it."""
        terms = self._terms
        most = (terms.order_value, terms.symbol_weight, terms.total_weight, -terms.cash_ratio)
        return terms.may_buy and not self._limited and all(limit == inf for limit in most)

    def _scratch(self, rows: int, count: int) -> tuple[npt.NDArray[np.float64], ...]:
        """Room that each thread has once: for the equity of days and of bars, and for profits."""
        mine = self._mine
        if not hasattr(mine, "room"):
            mine.room = (np.empty(len(self._ends) + 1), np.empty(rows), np.empty(rows * count + 1))
        room: tuple[npt.NDArray[np.float64], ...] = mine.room
        return room


def _words(flags: npt.NDArray[np.bool_], rows: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.uint64]]:
    """Flags of one symbol, made up to a multiple of eight, and the same memory as words."""
    whole = np.zeros(-(-rows // 8) * 8, dtype=np.bool_)
    whole[:rows] = flags[:, 0]
    return whole, whole.view(np.uint64)


_NO_LOG: Final = np.empty((0, 5))


def _terms(cash: float, costs: CostModel, risk: RiskProfile, quantity: float | None) -> Terms:
    order_value, symbol_weight, total_weight, cash_ratio = Guard(risk, cash, {}, lambda bar: bar.ts).limits
    return Terms(
        float(cash), float(quantity or 0.0), DEFAULT_RATIO, costs.slipped(1.0, buying=True),
        costs.slipped(1.0, buying=False), float(costs.commission_per_share), float(costs.commission_rate),
        float(costs.minimum_commission), 0.0, 0.0, 0.0, 0.0, False, float(order_value), float(symbol_weight),
        float(total_weight), float(cash_ratio), risk.allow_long, risk.allow_short,
        inf if risk.max_daily_loss is None else float(risk.max_daily_loss),
        inf if risk.max_drawdown is None else float(risk.max_drawdown),
    )  # fmt: skip


def _sessions(
    tables: Sequence[BarTable], instruments: Mapping[str, Instrument], panel: Panel, start: int, risk: RiskProfile
) -> npt.NDArray[np.bool_]:
    """Where a session of the daily loss limit begins; nowhere without one."""
    found = np.zeros(len(panel.ts), dtype=np.bool_)
    if risk.max_daily_loss is None:
        return found
    session_end = exchange_session_end(instruments)
    row = start
    while row < len(found):
        found[row] = True
        ts = int(panel.ts[row])
        table = next(each for number, each in enumerate(tables) if panel.present[row, number])
        opened = int(table.ts_open[int(np.searchsorted(table.ts, ts))])
        end = session_end(Bar(table.symbol, table.timeframe, opened, ts, 0.0, 0.0, 0.0, 0.0, 0.0))
        row = max(row + 1, int(np.searchsorted(panel.ts, end, side="right")))
    return found
