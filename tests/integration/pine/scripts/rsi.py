"""
@pyne
"""

from pynecore.lib import close, script, strategy, ta


@script.strategy("rsi", initial_capital=10_000_000, default_qty_type=strategy.fixed, default_qty_value=1)
def main() -> None:
    value = ta.rsi(close, 14)
    if ta.crossover(value, 40):
        strategy.entry("L", strategy.long)
    if ta.crossunder(value, 60):
        strategy.close("L")
