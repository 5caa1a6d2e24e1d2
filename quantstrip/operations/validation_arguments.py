"""What the tasks of ``validation_tasks`` are asked, as JSON can say it."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from quantstrip.errors import TaskRefused
from quantstrip.operations.backtest_arguments import BacktestArguments
from quantstrip.operations.grids import check_grid
from quantstrip.operations.task_arguments import check_there

Metric = Literal["total_return", "annualised_return", "sharpe", "win_rate", "profit_factor"]
METRICS: Final[tuple[str, ...]] = get_args(Metric)
MOST_TRIES: Final = 100_000


@dataclass(frozen=True, slots=True)
class CheckedArguments(BacktestArguments):
    """Those of a backtest whose strategy is loaded to be looked at."""

    def __post_init__(self) -> None:
        """Refuse code that nobody vouches for."""
        BacktestArguments.__post_init__(self)
        if self.untrusted:
            raise TaskRefused(
                "untrusted code cannot be checked so: its text is judged by validate_strategy",
                hint="Leave untrusted out once you have read it and trust it.",
            )


@dataclass(frozen=True, slots=True)
class LookAheadArguments(CheckedArguments):
    """As of ``validation.check_future``."""

    every: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class WalkArguments(CheckedArguments):
    """As of ``validation.go_forward``; ``parameters`` are those that do not vary."""

    grid: dict[str, Any] = field(default_factory=dict)
    train: int = 500
    test: int = 125
    anchored: bool = False
    metric: Metric = "sharpe"

    def __post_init__(self) -> None:
        """Refuse a grid that is none, and windows that hold nothing."""
        CheckedArguments.__post_init__(self)
        check_grid(self.grid)
        if self.train < 2 or self.test < 1:
            raise TaskRefused(
                f"expected at least 2 bars to choose on and 1 to judge on, got {self.train} and {self.test}"
            )


@dataclass(frozen=True, slots=True)
class ShuffleArguments:
    """As of ``validation.shuffle``."""

    run_id: str
    tries: int = 1_000
    seed: int = 0
    replace: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no name, and a number of tries that is none."""
        if not self.run_id.strip():
            raise TaskRefused("run_id must name a kept run, got nothing", hint="See: quantstrip runs list")
        if not 1 <= self.tries <= MOST_TRIES:
            raise TaskRefused(f"tries must be from 1 to {MOST_TRIES:,}, got {self.tries}")


@dataclass(frozen=True, slots=True)
class ParityArguments(CheckedArguments):
    """As of ``validation.compare``: ``other`` is a file, ``mode`` that of fills in the ledger, one of the two."""

    other: str | None = None
    mode: Literal["replay", "paper", "live", "simulation"] | None = None
    strategy: str | None = None
    price_tolerance: float = 1e-9

    def __post_init__(self) -> None:
        """Refuse neither and both, and a file that is not there."""
        CheckedArguments.__post_init__(self)
        if (self.other is None) == (self.mode is None):
            raise TaskRefused("other (a file) or mode (of fills in the ledger) must be named, one of the two")
        if self.other is not None:
            check_there("other", self.other)


@dataclass(frozen=True, slots=True)
class PineArguments(CheckedArguments):
    """As of ``validation.compare_pine``; costs that are not named are none, as on a chart."""

    trades: str = ""
    zone: str = "UTC"
    tick: float = 0.0
    quantities: bool = False

    def __post_init__(self) -> None:
        """Refuse a list of trades that is not there."""
        CheckedArguments.__post_init__(self)
        check_there("trades", self.trades)


@dataclass(frozen=True, slots=True)
class StrategyArguments:
    """A strategy's file that is judged; as of ``strategy_check.check``."""

    file: str

    def __post_init__(self) -> None:
        """Refuse a file that is not there."""
        check_there("file", self.file)
