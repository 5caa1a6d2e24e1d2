"""
@pyne
"""

from pynecore.lib import close, script, strategy, ta


@script.strategy("cmo", initial_capital=10_000_000, default_qty_type=strategy.fixed, default_qty_value=1)
def main() -> None:
    value = ta.cmo(close, 9)
    if ta.crossover(value, -50):
        strategy.entry("L", strategy.long)
    if ta.crossunder(value, 50):
        strategy.close("L")
