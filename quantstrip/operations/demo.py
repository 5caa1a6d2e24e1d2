"""The demo: two strategies on paper over years of real prices, replayed in about a minute."""

import shutil
from typing import Final

from quantstrip.home import Home, asset
from quantstrip.ledger import open_ledger
from quantstrip.operations.clients import deploy
from quantstrip.operations.homes import make_home
from quantstrip.operations.settings import manager_of

DEMO_CLIENTS: Final = ("ma_cross", "rsi_reversion")
REPLAY_SECONDS: Final = 60.0


def prepare_demo(home: Home) -> None:
    """Put the demo's clients, their settings and their deployed versions into ``home``.

    What is there already stays as it is: a client that was edited, stopped or set differently is left alone.
    """
    make_home(home)
    settings = manager_of(home)
    ledger = open_ledger(home)
    for name in DEMO_CLIENTS:
        target = home.clients / f"{name}.py"
        if not target.exists():
            shutil.copyfile(asset("examples") / target.name, target)
        if not settings.items(f"clients.{name}"):
            settings.set_by_path(f"clients.{name}.mode", "replay", "text")
            settings.set_by_path(f"clients.{name}.replay_seconds", REPLAY_SECONDS, "float")
        if ledger.get_client(name) is None:
            deploy(home, target)
