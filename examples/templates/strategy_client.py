"""Trades a strategy: which one, with what symbols, cash and limits.

What stands here can be set without editing the file: the settings clients.my_client.NAME win.
"""

from quantstrip import StrategyClient


class Client(StrategyClient):
    """Runs the strategy of the file named below, which lies beside this one in clients/."""

    strategy = "ma_cross.py"
    symbols = ["AAPL", "MSFT"]
    parameters = {"fast": 10, "slow": 30}  # keyword arguments of the strategy
    mode = "replay"  # plays recorded bars with a simulated broker; no order leaves the machine
    cash = 100_000.0
    risk = {"profile": "NATIVE", "max_order_value": 50_000.0}
