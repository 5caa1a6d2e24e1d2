"""Statistics and machine learning in a strategy: scipy, scikit-learn, statsmodels, pydantic, pandas and TA-Lib.

They come with ``pip install "quantstrip[research]"``. The model learns from bars that are over, every twenty bars anew,
and nothing else: what it predicts is the bar to come.

    quantstrip backtest examples/learned_trend.py --start 2008-01-01
    quantstrip sweep examples/learned_trend.py --grid window=80,120 --grid confidence=0.5,0.55 --start 2008-01-01
"""

import numpy as np
import pandas as pd
import statsmodels.api as sm
import talib
from pydantic import BaseModel, Field
from scipy import stats
from sklearn.linear_model import LogisticRegression

from quantstrip import Bar, Signal, StrategyBase


class Settings(BaseModel):
    """What makes sense; anything else is refused before the first bar, with pydantic's words."""

    window: int = Field(ge=60, le=400)
    confidence: float = Field(ge=0.5, lt=1.0)


class LearnedTrend(StrategyBase):
    """Long while the trend is significant and the model expects a rise; out when either ends."""

    author = "Quantstrip"
    parameters = ["window", "confidence"]
    variables = ["slope", "chance", "doubt"]
    timeframe = "1d"

    def __init__(self, symbols=None, window=100, confidence=0.5):
        super().__init__(name="learned_trend", symbols=symbols or ["IBM"])
        self.window = window
        self.confidence = confidence
        self.settings = Settings(window=window, confidence=confidence)
        self.slope = self.chance = self.doubt = float("nan")
        self._models: dict[str, LogisticRegression] = {}
        self._seen: dict[str, int] = {}
        self._holding: set[str] = set()

    def on_trade(self, symbol, side, price, volume):
        """What is held."""
        self._holding.add(symbol) if side == "BUY" else self._holding.discard(symbol)

    def on_bar(self, bar: Bar) -> list[Signal]:
        """Learn every twenty bars, decide at each."""
        symbol, bars = bar.symbol, self._bars[bar.symbol]
        if len(bars) <= self.window:
            return []
        closes = np.array([each.close for each in bars[-self.window :]])
        frame = self._features(closes)
        self._seen[symbol] = self._seen.get(symbol, 0) + 1
        if self._seen[symbol] % 20 == 1:
            self._learn(symbol, closes, frame)
        if symbol not in self._models:
            return []
        self.chance = float(self._models[symbol].predict_proba(frame.to_numpy()[-1:])[0, 1])
        rising = self.slope > 0.0 and self.doubt < 0.05
        if symbol in self._holding:
            over = not rising or self.chance < 1.0 - self.confidence
            return [Signal(symbol, "SELL", reason=f"slope {self.slope:.3f}, chance {self.chance:.0%}")] if over else []
        if rising and self.chance > self.confidence:
            return [Signal(symbol, "BUY", strength=self.chance, reason=f"a rise with a chance of {self.chance:.0%}")]
        return []

    def _features(self, closes: np.ndarray) -> pd.DataFrame:
        """What the model looks at; any indicator of TA-Lib may be among it."""
        frame = pd.DataFrame({"rsi": talib.RSI(closes, timeperiod=14) / 100.0, "score": stats.zscore(closes)})
        frame["change"] = pd.Series(closes).pct_change()
        return frame.fillna(0.0)

    def _learn(self, symbol: str, closes: np.ndarray, frame: pd.DataFrame) -> None:
        trend = sm.OLS(closes, sm.add_constant(np.arange(len(closes)))).fit()
        self.slope = float(trend.params[1])
        rises = np.diff(closes) > 0.0  # of the bar that followed each row
        _, self.doubt = stats.pearsonr(np.arange(len(closes)), closes)
        if 0 < rises.sum() < len(rises):
            self._models[symbol] = LogisticRegression().fit(frame.to_numpy()[:-1], rises)
