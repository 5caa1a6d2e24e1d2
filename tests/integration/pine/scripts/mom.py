"""
@pyne
"""

from pynecore.lib import bar_index, close, script, strategy, ta


@script.strategy("mom", initial_capital=10_000_000, default_qty_type=strategy.fixed, default_qty_value=1)
def main() -> None:
    value = ta.mom(close, 10)
    if ta.crossover(value, 0):
        strategy.entry("L", strategy.long)
    held = bar_index - strategy.opentrades.entry_bar_index(0) if strategy.opentrades > 0 else 0
    if ta.crossunder(value, 0) or held >= 10:
        strategy.close("L")
