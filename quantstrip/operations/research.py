"""Research: run a strategy's file over historical bars."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from quantstrip import dialects, overlay
from quantstrip.backtest import PLAIN, BacktestResult, Options, risk_profile, run_backtest
from quantstrip.backtest.lookahead import LookAhead, look_ahead
from quantstrip.bars import BarTable, Gaps, validate
from quantstrip.bars.fitting import AUTO
from quantstrip.clock import DAY, Micros, from_text
from quantstrip.dialects import Form
from quantstrip.errors import ClientLoadError, ConfigError, DataError, StrategyLoadError
from quantstrip.home import Home
from quantstrip.matching import CostModel
from quantstrip.model import Instrument
from quantstrip.operations.data_sources import bar_sources
from quantstrip.risk import RiskProfile
from quantstrip.strategy import StrategyBase, helpers, named_timeframe, read_source
from quantstrip.strategy.helpers import Helpers
from quantstrip.supervise.imports import needed_files

Direction = Literal["both", "long", "short"]
DIRECTIONS: tuple[Direction, ...] = ("both", "long", "short")


def backtest(
    home: Home,
    file: str | Path,
    *,
    bars: str | Path | None = None,
    symbols: Sequence[str] | None = None,
    timeframe: str | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    cash: float | None = None,
    fee_rate: float | None = None,
    slippage_bps: float | None = None,
    risk: str | Path = "form",
    quantity: float | None = None,
    parameters: Mapping[str, Any] | None = None,
    calendar: str | None = AUTO,
    gaps: Gaps = "refuse",
    warmup: int = 0,
    virtual_legs: bool | None = None,
    direction: Direction | None = None,
    strict: bool = False,
    max_volume_share: float | None = None,
    borrow_rate: float = 0.0,
    funding_rate: float = 0.0,
    funding_hours: float = 8.0,
    benchmark: str | None = None,
    untrusted: bool = False,
    on_progress: Callable[[float], None] | None = None,
) -> BacktestResult:
    """Run the strategy of a file over bars.

    Args:
        home: whose bars are used when ``bars`` is not given: its ``data/bars`` where that holds files, else the sample.
        file: the strategy's Python file.
        bars: a folder with ``SYMBOL.csv`` or ``.parquet`` files, or the name of the only place to ask (see
            ``data_sources.bar_sources``).
        symbols: what to run it on; the strategy's own by default.
        timeframe: of the files; the one the strategy names, else the only one the files have, where None.
        start, end: first and last bar, by their labels; a date includes its whole day.
        cash: the strategy's allocation, in money; that of its form where None.
        fee_rate: commission as a fraction of the traded value, instead of the form's own.
        slippage_bps: slippage of market and stop orders in 1/100 %, instead of the form's own.
        risk: ``form``, ``native``, ``cash_only``, ``off``, or a TOML file with the limits of a ``RiskProfile``.
        quantity: units for signals that open without one.
        parameters: the strategy's parameters, by name.
        calendar: sessions the bars follow; None takes them as they are, ``auto`` finds out (``bars.fitting``).
        gaps: ``"refuse"`` or ``"accept"`` missing sessions.
        warmup: bars of each symbol that only warm indicators up: the last ones before ``start``, the first ones of
            all where no start is given.
        virtual_legs: may a symbol be held long and short at once? None is the strategy's own choice.
        direction: ``both`` allows shorts whatever the profile says, ``long`` and ``short`` refuse the other side's
            entries; None leaves it to the profile.
        strict, max_volume_share, borrow_rate, funding_rate, funding_hours: as of ``quantstrip.backtest.Options``.
        untrusted: the file is somebody else's: it runs in a cell (see ``quantstrip.sandbox``), never in this process.
        benchmark: symbol of what alpha and beta are measured against; its bars lie beside the others.
        on_progress: receives, again and again, the share of the bars that are done; what it raises ends the run.

    Raises:
        StrategyLoadError: the file holds no usable strategy.
        DataError: bars are missing or wrong.
        ConfigError: no such risk profile, no symbol, or a number that means nothing.
        StrategyFault: the strategy raised while it ran.
        LookAheadFound: a strategy that is given a whole history decides on later bars.

    """
    ready = prepare(
        home, file, bars=bars, symbols=symbols, timeframe=timeframe, start=start, end=end, cash=cash,
        fee_rate=fee_rate, slippage_bps=slippage_bps, risk=risk, quantity=quantity, parameters=parameters,
        calendar=calendar, gaps=gaps, warmup=warmup, virtual_legs=virtual_legs, direction=direction, strict=strict,
        max_volume_share=max_volume_share, borrow_rate=borrow_rate, funding_rate=funding_rate,
        funding_hours=funding_hours, benchmark=benchmark, untrusted=untrusted,
    )  # fmt: skip
    ready.look_ahead().refuse(Path(file).name)
    return ready.run(on_progress=on_progress)


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
        return dialects.load(self.file, symbols=self.symbols, parameters=given, source=self.source).strategy

    def look_ahead(
        self, *, every: bool = False, seed: int = 0, on_progress: Callable[[float], None] = lambda _share: None
    ) -> LookAhead:
        """Look whether a strategy that is given a whole history decides on later bars; see ``backtest.lookahead``."""
        if self.untrusted:  # its text was judged by that before anything else
            return LookAhead(0, ())
        return look_ahead(self.strategy(), self.tables, every=every, seed=seed, on_progress=on_progress)

    def run(
        self, parameters: Mapping[str, Any] | None = None, on_progress: Callable[[float], None] | None = None
    ) -> BacktestResult:
        """Run it.

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
            code_hash=self.code_hash, benchmark=self.benchmark, on_progress=on_progress,
        )  # fmt: skip


def prepare(
    home: Home,
    file: str | Path,
    *,
    bars: str | Path | None = None,
    symbols: Sequence[str] | None = None,
    timeframe: str | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    cash: float | None = None,
    fee_rate: float | None = None,
    slippage_bps: float | None = None,
    risk: str | Path = "form",
    quantity: float | None = None,
    parameters: Mapping[str, Any] | None = None,
    calendar: str | None = AUTO,
    gaps: Gaps = "refuse",
    warmup: int = 0,
    virtual_legs: bool | None = None,
    direction: Direction | None = None,
    strict: bool = False,
    max_volume_share: float | None = None,
    borrow_rate: float = 0.0,
    funding_rate: float = 0.0,
    funding_hours: float = 8.0,
    benchmark: str | None = None,
    untrusted: bool = False,
) -> Setup:
    """Check the options and read the bars; arguments and errors as of ``backtest``."""
    check_options(
        symbols=symbols, start=start, end=end, cash=cash, fee_rate=fee_rate, slippage_bps=slippage_bps, risk=risk,
        quantity=quantity, direction=direction,
    )  # fmt: skip
    options = Options(strict, max_volume_share, borrow_rate, funding_rate, funding_hours)
    source = read_source(Path(file))
    if untrusted:
        from quantstrip.operations import untrusted_run

        found = helpers.NONE  # it may import none
        strategy, form = untrusted_run.look(Path(file), source, symbols, parameters or {})
    else:
        overlay.use(home, overlay.client_of(home, file))  # before the file is imported: its first lines may be imports
        found = find_helpers(Path(file), source)
        helpers.use(found)
        strategy, form = dialects.load(file, symbols=symbols, parameters=dict(parameters or {}), source=source)
    profile = _directed(form.risk if str(risk).lower() == "form" else risk_profile(risk), direction)
    costs, money = _costs(form.costs, fee_rate, slippage_bps), float(form.cash if cash is None else cash)
    cut, measured = _read(home, strategy, bars, timeframe, start, end, calendar, gaps, warmup, benchmark)
    return Setup(
        Path(file), source, form, tuple(strategy.symbols), cut, dict(parameters or {}), money, profile, costs,
        quantity, warmup, virtual_legs, found, options, measured, untrusted,
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
        raise StrategyLoadError(
            error.message.replace("; nothing was deployed", ""), hint="Correct the file; nothing has run."
        ) from error
    own = {name: one.content for name, one in needed.items() if name != file.name}
    local = {top for top in {name.split("/")[0] for name in own} if not helpers.installed(Path(top).stem, folder)}
    return Helpers(folder, {name: own[name] for name in sorted(own) if name.split("/")[0] in local})


def check_options(
    *,
    symbols: Sequence[str] | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    cash: float | None = None,
    fee_rate: float | None = None,
    slippage_bps: float | None = None,
    risk: str | Path = "form",
    quantity: float | None = None,
    direction: str | None = None,
) -> None:
    """Refuse what no backtest could run with, without a look at the strategy or its bars; arguments as of ``backtest``.

    Raises:
        ConfigError: no such risk profile, no symbol, or a number that means nothing.
        DataError: what should be a date is none, or the span ends before it begins.

    """
    if symbols is not None and not symbols:
        raise ConfigError("symbols must name at least one, got none", hint="Leave symbols out for the strategy's own.")
    risk_profile(risk)
    if direction is not None and direction not in DIRECTIONS:
        raise ConfigError(f"direction is one of {', '.join(DIRECTIONS)}, got {direction!r}", hint="For example long.")
    _costs(CostModel(), fee_rate, slippage_bps)
    if cash is not None and not 0.0 < cash < float("inf"):
        raise ConfigError(f"cash must be a positive amount, got {cash!r}", hint="For example 100000.")
    if quantity is not None and not 0.0 < quantity < float("inf"):
        raise ConfigError(f"quantity must be a positive number of units, got {quantity!r}", hint="For example 100.")
    if fee_rate is not None and not 0.0 <= fee_rate < 1.0:
        raise ConfigError(
            f"fee_rate is a fraction of the traded value from 0 to below 1, got {fee_rate!r}",
            hint="Write 0.001 for 0.1 %.",
        )
    first, last = _moment(start, "start"), _moment(end, "end", last=True)
    if first is not None and last is not None and first > last:
        raise DataError(f"start {start} lies after end {end}", hint="Swap the two, or leave one out.")


def read_again(
    home: Home, file: Path, source: bytes, own: Helpers, symbols: Sequence[str], parameters: Mapping[str, Any],
    asked: Mapping[str, Any],
) -> tuple[dict[str, BarTable], BarTable | None]:  # fmt: skip
    """The bars that a run was asked for, as they are now; ``asked`` are arguments of ``backtest``, errors as there."""
    if asked.get("untrusted"):
        from quantstrip.operations import untrusted_run

        strategy = untrusted_run.look(file, source, symbols, parameters).strategy
    else:
        helpers.use(own)
        strategy = dialects.load(file, symbols=symbols, parameters=parameters, source=source).strategy
    return _read(
        home, strategy, asked.get("bars"), asked.get("timeframe"), asked.get("start"), asked.get("end"),
        asked.get("calendar", AUTO), asked.get("gaps", "refuse"), asked.get("warmup", 0), asked.get("benchmark"),
    )  # fmt: skip


def _read(
    home: Home, strategy: StrategyBase, bars: str | Path | None, timeframe: str | None, start: str | date | None,
    end: str | date | None, calendar: str | None, gaps: Gaps, warmup: int, benchmark: str | None,
) -> tuple[dict[str, BarTable], BarTable | None]:  # fmt: skip
    """The bars of a run, cut to its dates, and its benchmark's."""
    first, last = _moment(start, "start"), _moment(end, "end", last=True)
    span = (None if warmup > 0 else first, last)
    tables, measured = _tables(home, bars, strategy, timeframe, calendar, gaps, benchmark, span)
    cut = {symbol: _cut(table, _earlier(table, first, warmup), last) for symbol, table in tables.items()}
    return cut, None if measured is None else measured.between(None, last)


def _tables(
    home: Home, bars: str | Path | None, strategy: StrategyBase, timeframe: str | None, calendar: str | None,
    gaps: Gaps, benchmark: str | None, span: tuple[Micros | None, Micros | None],
) -> tuple[dict[str, BarTable], BarTable | None]:  # fmt: skip
    """Bars of the strategy's symbols, and of the benchmark in the same timeframe; of what is long, the span alone."""
    places = replace(bar_sources(home, bars, calendar), span=span)
    if not strategy.symbols:
        strategy.symbols = places.symbols()  # a script names none: it trades what has bars
    wanted = timeframe or named_timeframe(strategy)
    tables = places.tables(
        strategy.symbols, wanted, strategy.timeframe, strategy.name, calendar, gaps=gaps,
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


def _directed(profile: RiskProfile, direction: Direction | None) -> RiskProfile:
    if direction is None:
        return profile
    return replace(profile, allow_long=direction != "short", allow_short=direction != "long")


def _costs(own: CostModel, fee_rate: float | None, slippage_bps: float | None) -> CostModel:
    costs = own if slippage_bps is None else replace(own, slippage_bps=slippage_bps)
    return costs if fee_rate is None else replace(costs, commission_per_share=0.0, commission_rate=fee_rate)


def _moment(given: str | date | None, name: str, *, last: bool = False) -> Micros | None:
    """A label's moment; the end of what it names where it is the last one to include."""
    if given is None:
        return None
    text = given.isoformat() if isinstance(given, date) else given.strip()
    try:
        moment = from_text(text)
    except ValueError:
        raise DataError(f"{name} is {given!r}, expected a date", hint="Write 2005-12-31.") from None
    whole_day = len(text) == len("2000-01-01") and not isinstance(given, datetime)
    return moment + (DAY if whole_day else 1) if last else moment
