"""
@pyne
"""

from pynecore.lib import close, script, strategy, ta


@script.strategy("ppo", initial_capital=10_000_000, default_qty_type=strategy.fixed, default_qty_value=1)
def main() -> None:
    slow = ta.ema(close, 26)
    value = 100 * (ta.ema(close, 12) - slow) / slow
    line = ta.ema(value, 9)
    if ta.crossover(value, line):
        strategy.entry("L", strategy.long)
    if ta.crossunder(value, line):
        strategy.close("L")
