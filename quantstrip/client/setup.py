"""What a strategy client runs with: its attributes, overridden by settings, checked before anything starts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantstrip import __version__
from quantstrip.bars import BarStore, BarTable, Gaps
from quantstrip.brokers import CostModel, SimulatedBroker
from quantstrip.client.making import make_strategy
from quantstrip.clock import Clock, ManualClock, Micros, from_text
from quantstrip.dialects import Form
from quantstrip.errors import ClientLoadError, ConfigError, InvalidRecord
from quantstrip.feeds import HistoryFeed, ReplayFeed, trading_begins
from quantstrip.feeds.sources import SAMPLE, BarSources, is_source
from quantstrip.matching import SessionEnd, exchange_session_end
from quantstrip.model import Instrument
from quantstrip.risk import PROFILES, RiskProfile
from quantstrip.strategy import StrategyBase, named_timeframe
from quantstrip.trading import run_identity
from quantstrip.trading.desk import Hours

if TYPE_CHECKING:
    from quantstrip.client.strategy import StrategyClient

FEEDS = ("replay", "history")
GAPS = ("refuse", "accept")
STRATEGY_MODES = ("replay", "simulation")


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything an engine needs but what the ledger adds: account and first start of the run."""

    key: str
    strategy: StrategyBase
    parameters: dict[str, Any]
    tables: dict[str, BarTable]
    feed: HistoryFeed | ReplayFeed
    instruments: dict[str, Instrument]
    cash: float
    risk: RiskProfile
    costs: CostModel
    quantity: float | None
    clock: ManualClock
    begin: Micros = 0
    virtual_legs: bool = False
    broker_name: str = SimulatedBroker.name

    def feed_since(self, started: str) -> HistoryFeed | ReplayFeed:
        """The feed of a run that first began at ``started`` (ledger text)."""
        if isinstance(self.feed, ReplayFeed):
            self.feed.started = from_text(started)
        return self.feed

    @property
    def session_end(self) -> SessionEnd:
        """When the session of a bar ends on its exchange: for orders of a day and the daily loss limit."""
        return exchange_session_end(self.instruments)

    @property
    def hours(self) -> Hours | None:
        """When exchanges are open, for orders decided on bars shorter than a day; None where a bar is a session.

        The limit ``trading_hours`` of the risk profile switches the rule off.
        """
        if all(table.timeframe in ("1d", "1w") for table in self.tables.values()):
            return None
        return exchange_hours

    def broker(self, account: str) -> SimulatedBroker:
        """The broker of the run's account."""
        netting = not self.virtual_legs
        return SimulatedBroker(
            self.instruments, self.costs, account, session_end=self.session_end, netting=netting
        )  # fmt: skip

    def describe(self) -> str:
        """One line: what runs on what, under which limits."""
        return (
            f"run {self.key}, {', '.join(self.tables)} from {self.feed.name}, cash {self.cash:.2f}, "
            f"parameters {self.parameters}, {self.risk.describe()}"
        )


def exchange_hours(instrument: Instrument, moment: Micros) -> bool:
    """True while the instrument's exchange trades; a session's last bar is decided at its close and belongs to it."""
    from quantstrip.calendars import get_calendar  # daily runs need none

    calendar = get_calendar(instrument.calendar)
    return calendar.is_open(moment) or calendar.is_open(moment - 1)


class Options:
    """The attributes of a strategy client, each overridden by ``clients.NAME.<attribute>``."""

    def __init__(self, client: "StrategyClient") -> None:
        self._client = client
        self._settings = client._context.settings

    def get(self, name: str) -> Any:
        """The value of an attribute."""
        return self._settings.get(name, getattr(self._client, name))

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """A word out of ``choices``."""
        value = self.get(name)
        if value not in choices:
            raise self.refused(name, f"one of {', '.join(choices)}")
        return str(value)

    def number(self, name: str, *, above: float = 0.0) -> float:
        """A number of at least ``above``."""
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not above <= value < float("inf"):
            raise self.refused(name, f"a number of at least {above:g}")
        return float(value)

    def whole(self, name: str) -> int:
        """A whole number of at least 0."""
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.refused(name, "a whole number of at least 0")
        return value

    def words(self, name: str) -> list[str] | None:
        """A list of words; comma-separated text does as well."""
        value = self.get(name)
        if value is None:
            return None
        listed = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
        if (
            not isinstance(listed, list | tuple)
            or not listed
            or not all(isinstance(each, str) and each for each in listed)
        ):
            raise self.refused(name, "a list of names")
        return list(listed)

    def table(self, name: str) -> dict[str, Any]:
        """A dict; the settings' entries add to the class's."""
        own, chosen = getattr(self._client, name), self._settings.get(name, {})
        if not isinstance(own, Mapping) or not isinstance(chosen, Mapping):
            raise self.refused(name, "a table of names and values")
        return {**own, **chosen}

    def refused(self, name: str, expected: str) -> ClientLoadError:
        """The error for a value that cannot be used; says where it was set."""
        where = f"the setting clients.{self._client.name}.{name}" if name in self._settings else f"{name} of the class"
        return ClientLoadError(f"{name} must be {expected}, got {self.get(name)!r}", hint=f"Correct {where}.")


def prepare(client: "StrategyClient") -> Setup:
    """Read bars, build strategy and feed.

    Raises:
        ClientLoadError: an attribute or a setting that cannot be used; choices are listed.
        DataError: bars that would make the result wrong.
        StrategyLoadError: the strategy's file.

    """
    options = Options(client)
    mode = options.choice("mode", STRATEGY_MODES)
    kind = options.choice("feed", FEEDS)
    given = options.get("quantity")
    quantity = None if given is None else options.number("quantity")
    passed = options.table("parameters")
    strategy, form = make_strategy(client, options.get("strategy"), options.words("symbols"), passed)
    cash = form.cash if options.get("cash") is None else options.number("cash", above=0.01)
    risk, costs = _risk(options, form), _costs(options, form)
    tables = _bars(options, client, strategy)
    warmup, legs = options.whole("warmup"), options.get("virtual_legs")
    if not isinstance(legs, bool | None):
        raise options.refused("virtual_legs", "true or false")
    legs = strategy.virtual_legs if legs is None else legs
    begin = trading_begins(tables.values(), warmup)
    feed = _feed(kind, tables, options, client.clock, begin, strategy.tick_steps)
    instruments = {
        symbol: client.instruments.get(symbol)
        or form.instrument(symbol, table.gaps.calendar or options.get("calendar") or "24/7")
        for symbol, table in tables.items()
    }
    parameters = {**passed, **strategy.get_parameters()}
    key = run_identity(
        client.name, mode, client._context.code_hash, parameters, feed.name, tables, cash, risk,
        warmup=warmup, virtual_legs=legs, strategy=strategy.name, costs=asdict(costs), quantity=quantity,
        engine=__version__,
    )  # fmt: skip
    return Setup(
        key, strategy, parameters, tables, feed, instruments, cash, risk, costs, quantity, ManualClock(), begin, legs
    )


def _bars(options: Options, client: "StrategyClient", strategy: StrategyBase) -> dict[str, BarTable]:
    places, calendar = _places(options, client), options.get("calendar") or None
    gaps: Gaps = "accept" if options.choice("gaps", GAPS) == "accept" else "refuse"
    if not strategy.symbols:
        strategy.symbols = places.symbols()  # a script names none: it trades what has bars
    wanted = str(options.get("timeframe") or "") or named_timeframe(strategy)
    return places.tables(strategy.symbols, wanted, strategy.timeframe, strategy.name, calendar, gaps=gaps)


def _feed(
    kind: str, tables: dict[str, BarTable], options: Options, clock: Clock, begin: Micros, steps: int
) -> HistoryFeed | ReplayFeed:
    if kind == "history":
        return HistoryFeed(tables, steps=steps)
    return ReplayFeed(tables, clock.now(), options.number("replay_seconds"), clock, begin=begin, steps=steps)


def _places(options: Options, client: "StrategyClient") -> BarSources:
    """A folder, or the one place that is named: the home's store, or the sample."""
    chosen, home = str(options.get("bars") or SAMPLE), client._context.home
    if is_source(chosen):
        own = BarSources() if home is None else BarSources(BarStore(home.bars), home.bars)
        return own.only(chosen)
    folder = Path(chosen).expanduser()
    return BarSources(given=folder if folder.is_absolute() or home is None else home.root / folder)


def _risk(options: Options, form: Form) -> RiskProfile:
    given = options.get("risk")
    if given is None:
        return form.risk
    if isinstance(given, RiskProfile):
        return given
    limits = dict(given) if isinstance(given, Mapping) else {"profile": given}
    name = str(limits.pop("profile", ""))
    profile = PROFILES.get(name.upper()) if name else form.risk
    if profile is None:
        raise options.refused("risk", f"one of {', '.join(PROFILES)}, or a table of limits")
    if not limits:
        return profile
    # TOML knows no None: "off" switches a rule off.
    changed: dict[str, Any] = {limit: None if value == "off" else value for limit, value in limits.items()}
    switches = [limit for limit, value in changed.items() if isinstance(value, bool)]
    if not all(isinstance(getattr(profile, limit, None), bool) == (limit in switches) for limit in changed):
        raise options.refused("risk", "limits of a RiskProfile: numbers, and true or false where it switches")
    try:
        return replace(profile, **({"name": f"{profile.name}*"} | changed))
    except (TypeError, ConfigError) as error:
        raise options.refused("risk", f"limits of a RiskProfile ({error})") from error


def _costs(options: Options, form: Form) -> CostModel:
    try:
        return replace(form.costs, **options.table("costs"))
    except (TypeError, InvalidRecord) as error:
        raise options.refused("costs", f"costs of a CostModel ({error})") from error
