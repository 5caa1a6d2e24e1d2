"""Research: run a strategy's file over historical bars."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from quantstrip import dialects, overlay
from quantstrip.backtest import PLAIN, BacktestResult, Options, run_backtest
from quantstrip.backtest.lookahead import LookAhead, look_ahead
from quantstrip.bars import BarTable, validate
from quantstrip.clock import Micros
from quantstrip.dialects import Form
from quantstrip.engine import FillRecorder
from quantstrip.errors import ClientLoadError, DataError, StrategyLoadError
from quantstrip.home import Home
from quantstrip.matching import CostModel
from quantstrip.model import Instrument
from quantstrip.operations.data_sources import bar_sources
from quantstrip.operations.research_request import Request
from quantstrip.risk import RiskProfile
from quantstrip.strategy import StrategyBase, helpers, named_timeframe, read_source
from quantstrip.strategy.helpers import Helpers
from quantstrip.strategy.patience import SECONDS
from quantstrip.supervise.imports import needed_files


def backtest(
    home: Home, file: str | Path, *, on_progress: Callable[[float], None] | None = None, **asked: Any
) -> BacktestResult:
    """Run the strategy of a file over bars.

    Args:
        home: whose bars are used when ``bars`` is not given: its ``data/bars`` where that holds files, else the sample.
        file: the strategy's Python file.
        on_progress: receives, again and again, the share of the bars that are done; what it raises ends the run.
        asked: what the attributes of ``research_request.Request`` say, by their names.

    Raises:
        StrategyLoadError: the file holds no usable strategy.
        DataError: bars are missing or wrong.
        ConfigError: no such risk profile, no symbol, or a number that means nothing.
        StrategyFault: the strategy raised while it ran.
        LookAheadFound: a strategy that is given a whole history decides on later bars.

    """
    return prepare_honest(home, Request.of(file, asked)).run(on_progress=on_progress)


@dataclass(frozen=True, slots=True)
class Setup:
    """A backtest with its bars read and its options checked, to be run once or with many parameters.

    It can be sent to another process.

    Attributes:
        source: the text of ``file`` when it was made; every run is of that, however the file is edited meanwhile.
        helpers: the files beside it that it imports, likewise.
        parameters: of the strategy, unless a run names others.

    """

    file: Path
    source: bytes
    form: Form
    symbols: tuple[str, ...]
    tables: Mapping[str, BarTable]
    parameters: Mapping[str, Any]
    cash: float
    profile: RiskProfile
    costs: CostModel
    quantity: float | None
    warmup: int
    virtual_legs: bool | None
    helpers: Helpers = helpers.NONE
    options: Options = PLAIN
    benchmark: BarTable | None = None
    untrusted: bool = False
    patience: float = SECONDS

    @property
    def code_hash(self) -> str:
        """SHA-256 of the strategy's text with its helpers."""
        return helpers.code_hash(self.source, self.helpers)

    @property
    def instruments(self) -> dict[str, Instrument]:
        """What is traded, by symbol."""
        return {
            symbol: self.form.instrument(symbol, table.gaps.calendar or "NYSE") for symbol, table in self.tables.items()
        }

    def strategy(self, parameters: Mapping[str, Any] | None = None) -> StrategyBase:
        """A fresh strategy, with other parameters where they are given.

        Raises:
            StrategyLoadError: it refuses them, or nobody vouches for it.

        """
        if self.untrusted:
            raise StrategyLoadError(
                f"{self.file} is run as untrusted code: it is not loaded here",
                hint="Run it without that once you have read it and trust it.",
            )
        given = self.parameters if parameters is None else parameters
        helpers.use(self.helpers)
        loaded = dialects.load(
            self.file, symbols=self.symbols, parameters=given, source=self.source, patient=self.patience
        )
        return loaded.strategy

    def look_ahead(
        self, *, every: bool = False, seed: int = 0, on_progress: Callable[[float], None] = lambda _share: None
    ) -> LookAhead:
        """Look whether a strategy that is given a whole history decides on later bars; see ``backtest.lookahead``."""
        if not self.form.whole_history:  # it is shown one bar after another
            return LookAhead(0, ())
        if self.untrusted:
            from quantstrip.operations import untrusted_run

            return untrusted_run.look_ahead(self, every=every, seed=seed, on_progress=on_progress)
        return look_ahead(
            self.strategy(), self.tables, every=every, seed=seed, patient=self.patience, on_progress=on_progress
        )

    def run(
        self,
        parameters: Mapping[str, Any] | None = None,
        on_progress: Callable[[float], None] | None = None,
        recorder: FillRecorder | None = None,
    ) -> BacktestResult:
        """Run it.

        Args:
            parameters: instead of its own.
            on_progress: as of ``backtest``.
            recorder: as of ``run_backtest``; one of code in a cell hears nothing.

        Raises:
            StrategyLoadError: the strategy refuses the parameters.
            StrategyFault: the strategy raised while it ran.

        """
        if self.untrusted:
            from quantstrip.operations import untrusted_run

            given = self.parameters if parameters is None else parameters
            return untrusted_run.run(self, given, on_progress)
        return run_backtest(
            self.strategy(parameters), dict(self.tables), instruments=self.instruments, form=self.form, cash=self.cash,
            risk=self.profile, costs=self.costs,
            quantity=self.quantity, warmup=self.warmup, virtual_legs=self.virtual_legs, options=self.options,
            code_hash=self.code_hash, benchmark=self.benchmark, patient=self.patience, recorder=recorder,
            on_progress=on_progress,
        )  # fmt: skip


def prepare_honest(home: Home, request: Request) -> Setup:
    """``prepare``, and refuse a strategy that knows the future; errors as of ``backtest``."""
    ready = prepare_request(home, request)
    ready.look_ahead().refuse(ready.file.name)
    return ready


def prepare(home: Home, file: str | Path, **asked: Any) -> Setup:
    """Check the options and read the bars; arguments and errors as of ``backtest``."""
    return prepare_request(home, Request.of(file, asked))


def prepare_request(home: Home, request: Request) -> Setup:
    """Check the options and read the bars; errors as of ``backtest``."""
    request.check()
    file, parameters = Path(request.file), request.parameters
    source = read_source(file)
    if request.untrusted:
        from quantstrip.operations import untrusted_run

        found = helpers.NONE  # it may import none
        strategy, form = untrusted_run.look(file, source, request.symbols, parameters)
    else:
        overlay.use(home, overlay.client_of(home, file))  # before the file is imported: its first lines may be imports
        found = find_helpers(file, source)
        helpers.use(found)
        strategy, form = dialects.load(
            file, symbols=request.symbols, parameters=parameters, source=source, patient=request.patience
        )
    cash = float(form.cash if request.cash is None else request.cash)
    tables, benchmark = _read(home, strategy, request)
    return Setup(
        file, source, form, tuple(strategy.symbols), tables, parameters, cash, request.profile(form),
        request.costs(form.costs), request.quantity, request.warmup, request.virtual_legs, found, request.options,
        benchmark, request.untrusted, request.patience,
    )  # fmt: skip


def find_helpers(file: Path, source: bytes) -> Helpers:
    """The files that a strategy imports from its own folder, and they from there; an installed package wins over one.

    Raises:
        StrategyLoadError: a file does not compile, or cannot be read.

    """
    dialects.recognise(file, source)  # says best what is wrong with the file itself
    folder = file.resolve().parent
    try:
        needed = needed_files(file.resolve(), [folder])
    except ClientLoadError as error:
        raise StrategyLoadError(error.message, hint="Correct the file; nothing has run.") from error
    own = {name: one.content for name, one in needed.items() if name != file.name}
    local = {top for top in {name.split("/")[0] for name in own} if not helpers.installed(Path(top).stem, folder)}
    return Helpers(folder, {name: own[name] for name in sorted(own) if name.split("/")[0] in local})


def read_again(
    home: Home, request: Request, source: bytes, own: Helpers
) -> tuple[dict[str, BarTable], BarTable | None]:
    """The bars that a run was asked for, as they are now; errors as of ``backtest``.

    Args:
        source, own: the text of its strategy and of its helpers.

    """
    file = Path(request.file)
    if request.untrusted:
        from quantstrip.operations import untrusted_run

        strategy = untrusted_run.look(file, source, request.symbols, request.parameters).strategy
    else:
        helpers.use(own)
        loaded = dialects.load(file, symbols=request.symbols, parameters=request.parameters, source=source)
        strategy = loaded.strategy
    return _read(home, strategy, request)


def _read(home: Home, strategy: StrategyBase, request: Request) -> tuple[dict[str, BarTable], BarTable | None]:
    """The bars of a run, cut to its dates, and its benchmark's."""
    first, last = request.span
    warmup = request.warmup
    tables, measured = _tables(home, strategy, request, (None if warmup > 0 else first, last))
    cut = {symbol: _cut(table, _earlier(table, first, warmup), last) for symbol, table in tables.items()}
    return cut, None if measured is None else measured.between(None, last)


def _tables(
    home: Home, strategy: StrategyBase, request: Request, span: tuple[Micros | None, Micros | None]
) -> tuple[dict[str, BarTable], BarTable | None]:
    """Bars of the strategy's symbols, and of the benchmark in the same timeframe; of what is long, the span alone."""
    places = replace(bar_sources(home, request.bars, request.calendar), span=span)
    if not strategy.symbols:
        strategy.symbols = places.symbols()  # a script names none: it trades what has bars
    wanted, benchmark = request.timeframe or named_timeframe(strategy), request.benchmark
    tables = places.tables(
        strategy.symbols, wanted, strategy.timeframe, strategy.name, request.calendar, gaps=request.gaps,
        also=() if benchmark is None else [benchmark],
    )  # fmt: skip
    return {symbol: tables[symbol] for symbol in sorted(set(strategy.symbols))}, tables.get(benchmark or "")


def _earlier(table: BarTable, first: Micros | None, warmup: int) -> Micros | None:
    """The label of the bar ``warmup`` rows before the first one asked for."""
    if first is None or warmup <= 0:
        return first
    row = len(table) - len(table.between(first, None))
    if row < warmup:
        raise DataError(
            f"{table.symbol} has {row} bars before the start, a warm-up of {warmup} was asked for",
            hint="Start later, warm up with fewer bars, or add older ones.",
        )
    return int(table.label[row - warmup])


def _cut(table: BarTable, first: Micros | None, last: Micros | None) -> BarTable:
    part = table.between(first, last)
    # Gaps outside the dates asked for are none of this run's. Stored bars have a calendar of their own.
    calendar = table.gaps.calendar or None
    return table if len(part) == len(table) else replace(part, gaps=validate(part, calendar, gaps="accept"))
