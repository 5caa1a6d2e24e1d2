"""Every figure of the demo's strategies on the sample is pinned: no change of sizing, fills or costs goes unnoticed.

The values are the product's own, taken once; that the fills are right is shown where the rules are tested. A change
here is a change of results for users: it belongs into the changelog.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from quantstrip.backtest import run_backtest
from quantstrip.bars import read_folder, sample_folder
from quantstrip.strategy import load_strategy

EXAMPLES = Path(__file__).parents[3] / "examples"


@dataclass(frozen=True)
class Pinned:
    fills: dict[str, int]
    last_fill: tuple[str, str, str, float, float]
    equity_final: float
    metrics: dict[str, float]


PINNED = {
    "ma_cross": Pinned(
        {"AAPL": 118, "GOOG": 65, "IBM": 124, "MSFT": 115},
        ("2013-02-28", "IBM", "SELL", 13.0, 174.60567188),
        113_996.67716,
        {
            "total_return": 0.1399667716,
            "annualised_return": 0.01014647448965511,
            "sharpe": 0.817941420311033,
            "max_drawdown": -0.024436286630781415,
            "win_rate": 0.4714285714285714,
            "profit_factor": 2.1959114079834015,
            "trade_count": 210,
            "payoff": 2.4620824877389653,
            "average_hold": 45.84146825396826,
            "worst_day": -0.0039510321239952795,
            "exposure": 0.8207951070336391,
        },
    ),
    "rsi_reversion": Pinned(
        {"AAPL": 57, "GOOG": 50, "IBM": 60, "MSFT": 68},
        ("2013-01-28", "MSFT", "SELL", 78.0, 24.531202778),
        99_997.0399,
        {
            "total_return": -2.9601e-05,
            "annualised_return": -2.28120914e-06,
            "sharpe": 0.004527567809734,
            "max_drawdown": -0.031157416354209575,
            "win_rate": 0.5811965811965812,
            "profit_factor": 1.0062078095510107,
            "trade_count": 117,
            "payoff": 0.7250615098235225,
            "average_hold": 42.44337606837607,
            "worst_day": -0.0074575898904016835,
            "exposure": 0.6162079510703364,
        },
    ),
}


@pytest.mark.parametrize("name", sorted(PINNED))
def test_the_figures_of_the_examples_are_these(name: str) -> None:
    found = json.loads(run_backtest(load_strategy(EXAMPLES / f"{name}.py"), read_folder(sample_folder())).to_json())
    pinned = PINNED[name]
    symbols = [fill["symbol"] for fill in found["fills"]]
    assert {symbol: symbols.count(symbol) for symbol in sorted(set(symbols))} == pinned.fills
    last = found["fills"][-1]
    assert (last["time"], last["symbol"], last["side"], last["quantity"]) == pinned.last_fill[:4]
    assert last["price"] == pytest.approx(pinned.last_fill[4], rel=1e-12)
    assert found["equity_final"] == pytest.approx(pinned.equity_final, abs=0.001)
    assert (found["metrics"].pop("alpha"), found["metrics"].pop("beta")) == (None, None), "there is no benchmark"
    assert found["metrics"] == pytest.approx(pinned.metrics, rel=1e-6)
