"""What a strategy form is: its name, and what a run of it starts from where nobody says otherwise."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from quantstrip.matching import CostModel
from quantstrip.model import Instrument
from quantstrip.risk import NATIVE, RiskProfile
from quantstrip.strategy import Declared, StrategyBase


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write a strategy.

    Attributes:
        name: the word for it, in runs and options.
        title: what people call it.
        risk: the profile that ``form`` means for it.
        costs: slippage and commission of a run that names none.
        lot: smallest quantity of an instrument that nobody described, in units; 0 for any quantity.
        lot_always: the same in a market that never closes, where coins are traded and no shares.
        currency: of such an instrument.
        cash: allocation of a run that names none, in that currency.
        notes: what a reader of its results should know, such as fills within the bar.
        whole_history: is it given later rows too, so that reading them is an error and no matter of taste? Only such
            a strategy can know the future, and only such a one can be swept in compiled code.

    """

    name: str
    title: str
    risk: RiskProfile = NATIVE
    costs: CostModel = CostModel()  # noqa: RUF009 - frozen
    lot: float = 1.0
    lot_always: float | None = None
    currency: str = "USD"
    cash: float = 100_000.0
    notes: tuple[str, ...] = ()
    whole_history: bool = False

    def instrument(self, symbol: str, calendar: str) -> Instrument:
        """An instrument that nobody described."""
        lot = self.lot if self.lot_always is None or calendar != "24/7" else self.lot_always
        return Instrument(symbol, currency=self.currency, lot_size=lot, calendar=calendar)


class Loaded(NamedTuple):
    """A strategy, whatever its form."""

    strategy: StrategyBase
    form: Form


class Dialect(Protocol):
    """One form's module in this room."""

    FORM: Form

    def recognises(self, tree: ast.Module) -> bool:
        """Is this file written in the form? Judged by its syntax alone: nothing of it runs."""
        ...

    def load(
        self, path: Path, source: bytes, symbols: Sequence[str] | None, parameters: Mapping[str, Any]
    ) -> StrategyBase:
        """The strategy of the file in the native contract.

        Raises:
            StrategyLoadError: it cannot be loaded; names file and line.

        """
        ...

    def declared(self, path: Path, source: bytes) -> list[Declared]:
        """Its parameters, for a typed form; the same errors."""
        ...
