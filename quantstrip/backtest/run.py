"""One backtest: the engine on the history of some symbols."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from quantstrip.backtest.daily import periods_per_year, session_ends
from quantstrip.backtest.describe import describe
from quantstrip.backtest.figures import more_figures
from quantstrip.backtest.labels import Labels
from quantstrip.backtest.options import PLAIN, Options
from quantstrip.backtest.result import BacktestResult, Equity
from quantstrip.backtest.trades import round_trips
from quantstrip.bars import BarTable
from quantstrip.brokers import Carry, CarryingBroker, SharingBroker, SimulatedBroker
from quantstrip.clock import ManualClock
from quantstrip.dialects import Form, form_named
from quantstrip.dialects.dataframe_output import drawn_by
from quantstrip.dialects.event import logged_by
from quantstrip.engine import Engine, FillRecorder, Rejection
from quantstrip.errors import ConfigError, DataError
from quantstrip.feeds import HistoryFeed, WatchedFeed, trading_begins
from quantstrip.matching import CostModel, SessionEnd, exchange_session_end
from quantstrip.model import Fill, Instrument
from quantstrip.ports import Broker, Charge
from quantstrip.report import measure
from quantstrip.risk import NATIVE, RiskProfile
from quantstrip.strategy import StrategyBase
from quantstrip.strategy.patience import SECONDS, file_of, patience

_PIECE = 4096
"""Slices that the engine handles at a time: nobody looks at a backtest between two bars."""


def run_backtest(
    strategy: StrategyBase,
    tables: BarTable | Sequence[BarTable] | Mapping[str, BarTable],
    *,
    instruments: Mapping[str, Instrument] | None = None,
    cash: float | None = None,
    risk: RiskProfile = NATIVE,
    costs: CostModel | None = None,
    quantity: float | None = None,
    warmup: int = 0,
    virtual_legs: bool | None = None,
    form: Form | None = None,
    options: Options = PLAIN,
    code_hash: str | None = None,
    benchmark: BarTable | None = None,
    patient: float = SECONDS,
    recorder: FillRecorder | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> BacktestResult:
    """Run a strategy over bars with simulated fills, and measure what came of it.

    Args:
        strategy: a fresh one; its state is the run's.
        tables: bars of the strategy's symbols, as ``bars.read_folder`` gives them.
        instruments: by symbol; shares in US dollars on the tables' calendar where None.
        cash: the strategy's allocation, in money; that of its form where None.
        risk: the rules that judge its orders; part of the result.
        costs: slippage and commission; the native model (2 bps, 0.005 a share) where None.
        quantity: units for signals that open without one, instead of 2 % of equity.
        warmup: bars of each symbol that only warm indicators up; the strategy is asked from the next one on.
        virtual_legs: may a symbol be held long and short at once, on its two legs? None is the strategy's own choice.
        form: how the strategy is written; the native form where None.
        options: strict fills, partial fills, what holding costs.
        code_hash: of the strategy with all that it imports; that of its own file where None.
        benchmark: bars of what the run is measured against, for alpha and beta; they are not traded.
        patient: seconds that one call of the strategy may take (see ``strategy.patience``).
        recorder: one that keeps more than a result needs, such as orders.
        on_progress: receives, again and again, the share of the bars that are done; what it raises ends the run.

    Raises:
        ConfigError: a share of the volume is asked of a form that fills within the bar.
        DataError: no bars of a symbol that the strategy names, or none left behind the warm-up.
        StrategyFault: the strategy raised, or did not come back from a call.

    """
    steps = strategy.tick_steps
    feed = HistoryFeed(tables, steps=steps) if on_progress is None else WatchedFeed(tables, on_progress, steps=steps)
    by_symbol = {table.symbol: table for table in feed.tables}
    missing = [symbol for symbol in strategy.symbols if symbol not in by_symbol]
    if missing:
        raise DataError(
            f"{strategy.name} trades {', '.join(missing)}, but there are bars of {', '.join(by_symbol)} only",
            hint="Add bars of these symbols, or name the symbols to run it on.",
        )
    traded = dict(instruments or {})
    for symbol, table in by_symbol.items():
        traded.setdefault(symbol, Instrument(symbol, calendar=table.gaps.calendar or "NYSE"))
    written = form or form_named("native")
    model, cash = costs or CostModel(), written.cash if cash is None else cash
    # What the run is, is written down before it begins: a strategy may change its own parameters on the way.
    begin = trading_begins(feed.tables, warmup)
    legs = strategy.virtual_legs if virtual_legs is None else virtual_legs
    if options.strict:
        strategy.same_bar = False
    if options.max_volume_share is not None and strategy.same_bar:
        raise ConfigError(
            f"{strategy.name} fills orders within the bar they are decided on: such a fill is whole, it has no share",
            hint="Add --strict: orders then fill at the next opens, by the share. Or leave max_volume_share out.",
        )
    run = describe(
        strategy, feed, written, code_hash, cash=cash, risk=risk, costs=model, quantity=quantity,
        warmup=warmup, begin=begin, virtual_legs=legs, options=options, benchmark=benchmark,
    )  # fmt: skip
    recorder = recorder or FillRecorder()
    session_end = exchange_session_end(traded)
    engine = Engine(
        strategy,
        feed=feed,
        broker=_broker(traded, model, session_end, options, netting=not legs),
        recorder=recorder,
        instruments=traded,
        cash=cash,
        risk=risk,
        clock=ManualClock(),
        run_key=run["key"],
        quantity=quantity,
        session_end=session_end,
        begin=begin,
        progress_every=_PIECE,
    )
    with patience(file_of(strategy), patient):
        summary = engine.run()
    curve = Equity(summary.ts, summary.equity)
    made = assemble(
        run, recorder.fills, recorder.rejections, curve, summary.charges, by_symbol, traded, cash, benchmark
    )  # fmt: skip
    return replace(made, drawn=drawn_by(strategy), logged=logged_by(strategy))


def assemble(
    run: Mapping[str, Any],
    fills: Sequence[Fill],
    rejected: Sequence[Rejection],
    curve: Equity,
    charges: Sequence[Charge],
    tables: Mapping[str, BarTable],
    instruments: Mapping[str, Instrument],
    cash: float,
    benchmark: BarTable | None = None,
) -> BacktestResult:
    """The result that fills and an equity curve amount to: round trips and figures follow from them.

    Args:
        run: what was run.
        fills, rejected, curve, charges: what came of it.
        tables, instruments: by symbol.
        cash: the capital it began with.
        benchmark: bars of what it is measured against.

    """
    trades, open_trades = round_trips(fills, instruments)
    known = [tables[symbol] for symbol in sorted(tables)]
    ends = session_ends(curve.ts, known)
    daily = np.concatenate(([cash], curve.value[ends]))
    periods = periods_per_year(known, instruments.values())
    metrics = measure(daily, [trade.pnl for trade in trades], periods)
    more = more_figures(curve.ts, daily, ends, trades, open_trades, periods, benchmark)
    labels = Labels(tables)
    return BacktestResult(fills, trades, open_trades, rejected, curve, metrics, run, labels, more, charges)


def _broker(
    instruments: Mapping[str, Instrument], costs: CostModel, session_end: SessionEnd, options: Options, *, netting: bool
) -> Broker:
    """The plain broker, unless the options ask for more: nobody else pays for that."""
    share = options.max_volume_share
    if share is None:
        inner = SimulatedBroker(instruments, costs, session_end=session_end, netting=netting)
    else:
        inner = SharingBroker(instruments, costs, session_end=session_end, netting=netting, share=share)
    if not options.carries:
        return inner
    carry = Carry(options.borrow_rate, options.funding_rate, options.funding_hours)
    return CarryingBroker(inner, instruments, carry)
