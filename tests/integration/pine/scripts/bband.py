"""
@pyne
"""

from pynecore.lib import close, script, strategy, ta


@script.strategy("bband", initial_capital=10_000_000, default_qty_type=strategy.fixed, default_qty_value=1)
def main() -> None:
    _, upper, lower = ta.bb(close, 20, 2.0)
    if ta.crossover(close, lower):
        strategy.entry("L", strategy.long)
    if ta.crossunder(close, upper):
        strategy.close("L")
