"""What a backtest is asked: each option once, for the command, for tasks and for programs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from quantstrip.clock import Micros
from quantstrip.errors import ConfigError, DataError
from quantstrip.operations.dates import moment
from quantstrip.strategy.patience import SECONDS, check_seconds

if TYPE_CHECKING:
    from quantstrip.backtest import Options
    from quantstrip.dialects import Form
    from quantstrip.matching import CostModel
    from quantstrip.risk import RiskProfile

Direction = Literal["both", "long", "short"]
DIRECTIONS: tuple[Direction, ...] = ("both", "long", "short")


@dataclass(frozen=True, slots=True)
class Request:
    """The options of one backtest, in values that JSON has too.

    Attributes:
        file: the strategy's Python file.
        bars: a folder with ``SYMBOL.csv`` or ``.parquet`` files, or the name of the only place to ask (see
            ``data_sources.bar_sources``); the home's where None.
        symbols: what to run it on; the strategy's own by default.
        timeframe: of the bars; the one the strategy names, else the only one there is, where None.
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
        benchmark: symbol of what alpha and beta are measured against; its bars lie beside the others.
        untrusted: the file is somebody else's: it runs in a cell (see ``quantstrip.sandbox``), never in this process.
        patience: seconds that one call of the strategy may take, one bar or its loading (see ``strategy.patience``).

    """

    file: str
    bars: str | None = None
    symbols: list[str] | None = None
    timeframe: str | None = None
    start: str | None = None
    end: str | None = None
    cash: float | None = None
    fee_rate: float | None = None
    slippage_bps: float | None = None
    risk: str = "form"
    quantity: float | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    calendar: str | None = "auto"
    gaps: Literal["refuse", "accept"] = "refuse"
    warmup: int = 0
    virtual_legs: bool | None = None
    direction: Direction | None = None
    strict: bool = False
    max_volume_share: float | None = None
    borrow_rate: float = 0.0
    funding_rate: float = 0.0
    funding_hours: float = 8.0
    benchmark: str | None = None
    untrusted: bool = False
    patience: float = SECONDS

    @classmethod
    def of(cls, file: str | Path, asked: Mapping[str, Any]) -> Self:
        """A request of what a program says: paths and dates become text, sequences lists."""
        given = dict(asked) | {"parameters": dict(asked.get("parameters") or {})}
        if given.get("symbols") is not None:
            given["symbols"] = list(given["symbols"])
        return cls(str(file), **{name: _plain(value) for name, value in given.items()})

    def kept(self) -> dict[str, Any]:
        """What a run keeps of it: all but the file, folders by their full path, for somebody who stands elsewhere."""
        from quantstrip.feeds.sources import is_source

        told = asdict(self)
        del told["file"]
        if self.bars is not None and not is_source(self.bars):
            told["bars"] = str(Path(self.bars).resolve())
        if self.risk.endswith(".toml"):
            told["risk"] = str(Path(self.risk).resolve())
        return told

    def check(self) -> None:
        """Refuse what no backtest could run with, without a look at the strategy or its bars.

        Raises:
            ConfigError: no such risk profile, no symbol, or a number that means nothing.
            DataError: what should be a date is none, or the span ends before it begins.

        """
        from quantstrip.backtest import risk_profile
        from quantstrip.matching import CostModel

        if self.symbols is not None and not self.symbols:
            raise ConfigError(
                "symbols must name at least one, got none", hint="Leave symbols out for the strategy's own."
            )
        risk_profile(self.risk)
        if self.direction is not None and self.direction not in DIRECTIONS:
            raise ConfigError(
                f"direction is one of {', '.join(DIRECTIONS)}, got {self.direction!r}", hint="For example long."
            )
        self.costs(CostModel())
        if self.cash is not None and not 0.0 < self.cash < float("inf"):
            raise ConfigError(f"cash must be a positive amount, got {self.cash!r}", hint="For example 100000.")
        if self.quantity is not None and not 0.0 < self.quantity < float("inf"):
            raise ConfigError(
                f"quantity must be a positive number of units, got {self.quantity!r}", hint="For example 100."
            )
        if self.fee_rate is not None and not 0.0 <= self.fee_rate < 1.0:
            raise ConfigError(
                f"fee_rate is a fraction of the traded value from 0 to below 1, got {self.fee_rate!r}",
                hint="Write 0.001 for 0.1 %.",
            )
        check_seconds(self.patience)
        first, last = self.span
        if first is not None and last is not None and first >= last:
            raise DataError(f"start {self.start} lies after end {self.end}", hint="Swap the two, or leave one out.")
        _ = self.options

    @property
    def span(self) -> tuple[Micros | None, Micros | None]:
        """Labels that the bars lie between, the second excluded; raises ``DataError`` for what is no date."""
        return moment(self.start, "start"), moment(self.end, "end", last=True)

    @property
    def options(self) -> "Options":
        """What is asked beyond bars, money, costs and risk; raises ``ConfigError`` for a number that means nothing."""
        from quantstrip.backtest import Options

        return Options(self.strict, self.max_volume_share, self.borrow_rate, self.funding_rate, self.funding_hours)

    def costs(self, own: "CostModel") -> "CostModel":
        """A form's costs, with those that were asked for in their place; raises ``ConfigError`` as ``CostModel``."""
        costs = own if self.slippage_bps is None else replace(own, slippage_bps=self.slippage_bps)
        if self.fee_rate is None:
            return costs
        return replace(costs, commission_per_share=0.0, commission_rate=self.fee_rate)

    def profile(self, form: "Form") -> "RiskProfile":
        """The risk rules for a strategy of this form.

        Raises:
            ConfigError: there is no such profile.

        """
        from quantstrip.backtest import risk_profile

        profile = form.risk if self.risk.lower() == "form" else risk_profile(self.risk)
        if self.direction is None:
            return profile
        return replace(profile, allow_long=self.direction != "short", allow_short=self.direction != "long")


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value
