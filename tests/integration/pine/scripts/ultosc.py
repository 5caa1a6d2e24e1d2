"""
@pyne
"""

from pynecore.lib import close, high, low, math, nz, script, strategy, ta


@script.strategy("ultosc", initial_capital=10_000_000, default_qty_type=strategy.fixed, default_qty_value=1)
def main() -> None:
    before = nz(close[1], close)
    pressure = close - math.min(low, before)
    reach = math.max(high, before) - math.min(low, before)
    fast = math.sum(pressure, 7) / math.sum(reach, 7)
    middle = math.sum(pressure, 14) / math.sum(reach, 14)
    slow = math.sum(pressure, 28) / math.sum(reach, 28)
    value = 100 * (4 * fast + 2 * middle + slow) / 7
    if ta.crossover(value, 40):
        strategy.entry("L", strategy.long)
    if ta.crossunder(value, 60):
        strategy.close("L")
