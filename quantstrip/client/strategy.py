"""``StrategyClient``: a strategy as a client. The engine runs it in a thread; the schedule runs beside it."""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from quantstrip.client.base import ClientBase
from quantstrip.client.claim import claim_strategy
from quantstrip.client.ending import FINISHED, Ending, crash, trace_of
from quantstrip.client.setup import Setup, prepare
from quantstrip.engine import Engine
from quantstrip.errors import ClientLoadError, StrategyFault
from quantstrip.ledger import LedgerRecorder, open_ledger
from quantstrip.log import logger
from quantstrip.model import ExitCode, Instrument
from quantstrip.risk import RiskProfile
from quantstrip.strategy import StrategyBase

_STOP_SECONDS = 10.0


class StrategyClient(ClientBase):
    """Runs a strategy over a feed against a broker, everything recorded in the ledger.

    Killed at any instant, it starts again from its first bar: orders and fills that are in the ledger already are
    not repeated, so it goes on to the same fills as a run that was never killed. The feed's position depends on the
    time since the run first began, so it catches up at once.

    Each attribute can be set in the class, and overridden by the setting ``clients.NAME.<attribute>``.

    Attributes:
        strategy: a ``StrategyBase`` subclass, or the path of a strategy's file beside the client's; None is the one
            strategy of the client's own file.
        symbols: what to trade; None is the strategy's own choice.
        mode: ``replay`` or ``simulation``.
        feed: ``replay`` plays the history in ``replay_seconds`` and then holds; ``history`` runs through and finishes.
        cash: the strategy's allocation, in the reporting currency; None is that of its form, 100,000 for most.
        parameters: keyword arguments for the strategy's ``__init__``.
        risk: a ``RiskProfile``, or ``NATIVE``, ``CASH_ONLY``, ``OFF``, or limits that differ from a profile's:
            ``{"profile": "NATIVE", "max_order_value": 50000}``; None is the profile of the strategy's form.
        costs: what differs from the costs of the strategy's form: ``{"slippage_bps": 1}``.
        quantity: units of an entry that names none; None is 2 % of equity.
        replay_seconds: how long the whole history takes.
        bars: folder of CSV or Parquet files, below the home or absolute; ``store`` is the home's bar store; empty is
            the sample that ships.
        timeframe: of the bars; empty is the one that the strategy names, else the only one that the files have.
        warmup: bars of each symbol, the first of its history, that only warm indicators up.
        virtual_legs: may a symbol be held long and short at once, on its two legs? None is the strategy's own choice.
        gaps: ``refuse`` or ``accept`` missing sessions; accepted ones are logged.
        calendar: exchange of the bars; empty where they belong to none. Orders on bars shorter than a day are refused
            while it is closed, unless the limit ``trading_hours`` of ``risk`` is false.
        instruments: by symbol, what is not as the strategy's form takes it to be: a share in US dollars, for most.

    Example:
        >>> from quantstrip import StrategyClient
        >>> class Client(StrategyClient):  # doctest: +SKIP
        ...     strategy = MaCross
        ...     symbols = ["AAPL", "MSFT"]

    """

    mode = "replay"
    strategy: ClassVar[type[StrategyBase] | str | Path | None] = None
    symbols: ClassVar[Sequence[str] | None] = None
    feed: ClassVar[str] = "replay"
    cash: ClassVar[float | None] = None
    parameters: ClassVar[Mapping[str, Any]] = {}
    risk: ClassVar[RiskProfile | str | Mapping[str, Any] | None] = None
    costs: ClassVar[Mapping[str, float]] = {}
    quantity: ClassVar[float | None] = None
    replay_seconds: ClassVar[float] = 60.0
    bars: ClassVar[str] = ""
    timeframe: ClassVar[str] = ""
    warmup: ClassVar[int] = 0
    virtual_legs: ClassVar[bool | None] = None
    gaps: ClassVar[str] = "refuse"
    calendar: ClassVar[str] = "NYSE"
    instruments: ClassVar[Mapping[str, Instrument]] = {}

    _setup: Setup
    _thread: threading.Thread
    _ended: Ending | None = None

    def _prepare(self) -> None:
        self._setup = prepare(self)
        home = self._context.home
        if home is not None and not self._context.rehearsed:  # there, it is made several times in one process
            claim_strategy(home, open_ledger(home), self.name, self._setup.strategy.name, self.mode)

    def _begin(self) -> None:
        if self._context.rehearsed:
            return
        engine, recorder = self._make_engine()
        self._thread = threading.Thread(target=self._trade, args=(engine, recorder), name="engine", daemon=True)
        self._thread.start()

    def _make_engine(self) -> tuple[Engine, LedgerRecorder]:
        """The engine of this client's run, and what records it."""
        setup, home = self._setup, self._context.home
        if home is None:
            raise ClientLoadError("a strategy client runs in a home", hint="Use: quantstrip run FILE")
        ledger = open_ledger(home)
        run = ledger.open_strategy_run(
            setup.key, self.name, setup.strategy.name, self.mode, "", self._context.code_hash,
            setup.parameters, setup.feed.name, setup.cash,
        )  # fmt: skip
        recorder = LedgerRecorder(ledger, run, setup.broker_name, setup.instruments)
        engine = Engine(
            setup.strategy,
            feed=setup.feed_since(str(run["started"])),
            broker=setup.broker(str(run["account"])),
            recorder=recorder,
            instruments=setup.instruments,
            cash=setup.cash,
            risk=setup.risk,
            clock=setup.clock,
            run_key=setup.key,
            quantity=setup.quantity,
            session_end=setup.session_end,
            hours=setup.hours,
            begin=setup.begin,
        )
        recorder.valued_by(engine.account.marks)
        logger.info("strategy {} runs: {}", setup.strategy.name, setup.describe())
        return engine, recorder

    def _finish(self) -> Ending | None:
        if self._context.rehearsed:
            return None
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            logger.warning("strategy {} did not end in time; its next run repeats nothing", self._setup.strategy.name)
        return self._ended

    def _trade(self, engine: Engine, recorder: LedgerRecorder) -> None:
        """The engine's thread: run, then say how it ended."""
        try:
            try:
                summary = engine.run(self._stop)
            finally:
                recorder.close()
            if not summary.stopped:
                self._ended = FINISHED
            logger.info("strategy {} ended after {} bars: {} orders, {} fills, {} rejected signals, equity {:.2f}",
                        summary.strategy, summary.bars, summary.orders, summary.fills, summary.rejections,
                        summary.account.equity())  # fmt: skip
        except Exception as error:  # noqa: BLE001 - the thread's boundary: it becomes the client's ending
            logger.opt(exception=error).error("strategy {} failed: {}", engine.strategy.name, error)
            self._ended = self._after(error)
        self.stop_client()

    def _after(self, error: Exception) -> Ending:
        """The error policy decides after a fault of the strategy; it cannot go on in the middle of a run."""
        if not isinstance(error, StrategyFault):
            return crash(error)
        policy = self._policy_after(None, error)
        if policy == "stop":
            return Ending("job_error", ExitCode.STOPPED, trace_of(error))
        return Ending("job_error", ExitCode.RESTART, trace_of(error)) if policy == "restart" else crash(error)


def wrap_strategy(kind: type[StrategyBase], name: str) -> type[StrategyClient]:
    """A client class that runs the strategy of a file without a client class."""
    return type("Client", (StrategyClient,), {"strategy": kind, "display_name": name, "__module__": kind.__module__})


def wrap_file(path: Path) -> type[StrategyClient]:
    """A client class that runs the strategy of a file in any form."""
    own = {"strategy": str(path.resolve()), "display_name": path.stem, "__module__": __name__}
    return type("Client", (StrategyClient,), own)
