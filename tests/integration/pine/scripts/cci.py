"""
@pyne
"""

from pynecore.lib import hlc3, script, strategy, ta


@script.strategy("cci", initial_capital=10_000_000, default_qty_type=strategy.fixed, default_qty_value=1)
def main() -> None:
    value = ta.cci(hlc3, 20)
    if ta.crossover(value, -100):
        strategy.entry("L", strategy.long)
    if ta.crossunder(value, 100):
        strategy.close("L")
