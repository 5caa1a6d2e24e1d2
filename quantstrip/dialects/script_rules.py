"""The rules that a script trades by, from ``# @strategy`` and from the run: sizes, brackets, direction.

Fractions are of the instrument's price, never of margin: with a leverage of 3, a ``stopLossPct`` of 0.03 still stops
after an adverse move of 3 %.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from quantstrip.dialects.annotations import EXAMPLES, Setting, Value, refused, value_of
from quantstrip.errors import StrategyLoadError
from quantstrip.strategy import Allowed, Declared

_BEFORE_ONE: Final = 1.0 - 1e-12
"""A stop a whole price away, which no long position ever meets, as the largest fraction that an order can carry."""
_PERCENT: Final = 100.0
_MOST_LEVERAGE: Final = 125.0
_MOST_STEPS: Final = 100


class Key(NamedTuple):
    """A key of ``# @strategy``, or of the run alone where ``in_script`` is False."""

    kind: str
    default: Value | None
    allowed: Allowed
    in_script: bool = True


def _fraction(high: float, text: str, default: float | None = 0.0, low: float = 0.0) -> Key:
    return Key("number", default, Allowed(low, high, help=text))


_CONFIRMED: Final = Allowed(choices=("confirmed",), help="Signals are read from the last closed bar.")
KEYS: Final[Mapping[str, Key]] = {
    "stopLossPct": _fraction(1.0, "Adverse move of the price that closes the position, as a fraction; 0 is none."),
    "takeProfitPct": _fraction(5.0, "Favourable move of the price that takes the profit, as a fraction; 0 is none."),
    "entryPct": _fraction(1.0, "Share of the equity that each entry is worth, before leverage.", 1.0, 0.01),
    "trailingEnabled": Key("truth", False, Allowed(help="Trail a stop behind the best price of the position.")),
    "trailingStopPct": _fraction(1.0, "Distance of the trailing stop from the best price, as a fraction."),
    "trailingActivationPct": _fraction(
        1.0, "Favourable move that arms the trailing stop; without it, takeProfitPct is that move.", None
    ),
    "tradeDirection": Key("text", "both", Allowed(choices=("long", "short", "both"), help="Legs that are traded.")),
    "leverage": Key("number", 1.0, Allowed(0.01, _MOST_LEVERAGE, help="Multiplies every entry."), False),
    "signal_mode": Key("text", "confirmed", _CONFIRMED, False),
    "exit_signal_mode": Key("text", "confirmed", _CONFIRMED, False),
    "execution": Key(
        "text",
        "order",
        Allowed(choices=("order", "signal"), help="signal: tell of each signal and order nothing."),
        False,
    ),
}
"""The keys of every script, with their ranges and what they mean."""
FRAME_KEYS: Final[Mapping[str, Key]] = {
    **KEYS,
    "closePct": Key(
        "number", 1.0, Allowed(0.01, 1.0, help="Share of a leg that each close signal takes off; 1 is all."), False
    ),
}
"""Those of a dataframe script."""
EVENT_KEYS: Final[Mapping[str, Key]] = {
    **KEYS,
    "runtime": Key(
        "text",
        "bar",
        Allowed(choices=("bar", "bot"), help="bar: on_bar at each close; bot: at each pseudo tick within the bars."),
        False,
    ),
    "tick_steps": Key(
        "whole", 4, Allowed(1, _MOST_STEPS, help="With runtime=bot: ticks of each of a bar's three moves."), False
    ),
}
"""Those of an event script."""
ALL_KEYS: Final[Mapping[str, Key]] = {**FRAME_KEYS, **EVENT_KEYS}
"""Those of either form."""


@dataclass(frozen=True, slots=True)
class ScriptRules:
    """The rules of one run.

    Attributes:
        stop_loss, take_profit, trailing, activation: fractions of the fill price, None where there is none.
        entry: share of the equity that an entry is worth, leverage included.
        close: share of a leg that a close of a dataframe script takes off.
        leverage: gross value as a multiple of the equity.
        long, short: may the leg be traded?
        orders: False where signals are told, and nothing is ordered.
        tick_steps: parts of each of a bar's moves that a bot is shown; 0 where closed bars are.
        values: what they were made from, by key.
        notes: what a reader of the results should know.

    """

    stop_loss: float | None
    take_profit: float | None
    trailing: float | None
    activation: float | None
    entry: float
    close: float
    leverage: float
    long: bool
    short: bool
    orders: bool
    tick_steps: int
    values: Mapping[str, Value]
    notes: tuple[str, ...]


def written(path: Path, settings: list[Setting]) -> tuple[dict[str, Value], list[str]]:
    """The values that a script's ``# @strategy`` lines give, by key, and notes on them.

    Raises:
        StrategyLoadError: a key is unknown or named twice, or a value is out of its range; names the line.

    """
    values: dict[str, Value] = {}
    notes: list[str] = []
    for key, text, line in settings:
        known = ALL_KEYS.get(key)
        if key == "leverage":
            notes.append(f"line {line}: leverage in @strategy is ignored; give it with the run")
            continue
        if known is None or not known.in_script:
            where = " is given with the run, not in the script" if known else " is no key of @strategy"
            raise refused(
                path, line, f"{key}{where}", f"The keys are {', '.join(k for k in KEYS if KEYS[k].in_script)}."
            )
        if key in values:
            raise refused(path, line, f"@strategy {key} is given twice", "Take one of the lines out.")
        value = value_of(text, known.kind)
        if value is None:
            raise refused(path, line, f"{key} is {text!r}", EXAMPLES[known.kind])
        value, wrong = _checked(key, value)
        if wrong:
            raise refused(path, line, wrong, _hint(key))
        if key == "entryPct" and value != value_of(text, known.kind):
            notes.append(f"line {line}: entryPct {text} is read as per cent: {value:g}")
        values[key] = value
    return values, notes


def given(path: Path, values: Mapping[str, Any]) -> dict[str, Value]:
    """The values of a run, checked.

    Raises:
        StrategyLoadError: one is of another kind, or out of its range.

    """
    found: dict[str, Value] = {}
    for key, value in values.items():
        kind = ALL_KEYS[key].kind
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = {
            "truth": isinstance(value, bool), "text": isinstance(value, str), "whole": number and value == int(value)
        }.get(kind, number)  # fmt: skip
        if not fits:
            raise StrategyLoadError(f"{path}: {key} is {value!r}", hint=EXAMPLES[kind])
        found[key], wrong = _checked(key, float(value) if kind == "number" else value)
        if wrong:
            raise StrategyLoadError(f"{path}: {wrong}", hint=_hint(key))
    return found


def make_rules(path: Path, script: list[Setting], run: Mapping[str, Any], keys: Mapping[str, Key]) -> ScriptRules:
    """The rules of a run: the script's, overridden by those given with it; ``keys`` are those of its form.

    Raises:
        StrategyLoadError: see ``written`` and ``given``; also a trailing stop without a distance.

    """
    own, notes = written(path, script)
    merged = {key: known.default for key, known in keys.items()} | own | given(path, run)
    values = {key: value for key, value in merged.items() if value is not None}
    stop, target, trail = (float(values[key]) for key in ("stopLossPct", "takeProfitPct", "trailingStopPct"))
    activation = values.get("trailingActivationPct")
    trailing = bool(values["trailingEnabled"])
    if trailing and not trail:
        line = next((each.line for each in script if each.key == "trailingEnabled"), None)
        raise StrategyLoadError(
            f"{path}{f', line {line}' if line else ''}: trailingEnabled is true, and trailingStopPct is not given",
            hint="Add the distance: # @strategy trailingStopPct 0.015",
        )
    if trailing and activation is None and target:
        activation, target = target, 0.0
        notes.append("trailing is armed at takeProfitPct, which is no exit of its own then")
    leverage = float(values["leverage"])
    return ScriptRules(
        stop_loss=min(stop, _BEFORE_ONE) or None,
        take_profit=target or None,
        trailing=min(trail, _BEFORE_ONE) if trailing else None,
        activation=(float(activation) or None) if trailing and activation is not None else None,
        entry=float(values["entryPct"]) * leverage,
        close=float(values.get("closePct", 1.0)),
        leverage=leverage,
        long=values["tradeDirection"] != "short",
        short=values["tradeDirection"] != "long",
        orders=values["execution"] == "order",
        tick_steps=int(values["tick_steps"]) if values.get("runtime") == "bot" else 0,
        values=values,
        notes=tuple(notes),
    )


def declared_rules(path: Path, script: list[Setting], keys: Mapping[str, Key]) -> list[Declared]:
    """The rules as typed parameters, with the script's own values as defaults; ``keys`` are those of its form."""
    own, _ = written(path, script)
    return [Declared(key, known.kind, own.get(key, known.default), known.allowed) for key, known in keys.items()]


def _checked(key: str, value: Value) -> tuple[Value, str]:
    """The value, and why it is refused or ""."""
    allowed = ALL_KEYS[key].allowed
    if key == "entryPct" and not isinstance(value, str) and 1.0 < value <= _PERCENT:
        return value / _PERCENT, ""  # the older way to write it
    return value, allowed.refusal(key, value)


def _hint(key: str) -> str:
    if key.endswith("signal_mode"):
        return (
            "A bar is looked at when it has closed, and orders fill at the next open: signals of a bar that still "
            "moves ('aggressive', 'intrabar', 'realtime') could not be tested, and are not traded. Leave it out."
        )
    if key.endswith("Pct"):
        return f"{ALL_KEYS[key].allowed.help} 0.03 is 3 %."
    return ALL_KEYS[key].allowed.help
