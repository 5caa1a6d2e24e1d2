"""
@pyne
"""

from pynecore.lib import close, script, strategy, ta


@script.strategy("roc", initial_capital=10_000_000, default_qty_type=strategy.fixed, default_qty_value=1)
def main() -> None:
    value = ta.roc(close, 9)
    if ta.crossover(value, 0):
        strategy.entry("L", strategy.long)
    if ta.crossunder(value, 0):
        strategy.close("L")
