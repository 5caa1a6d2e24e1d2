"""A home with a real ledger, written as the engine writes it, and the dashboard's pages on it."""

import functools
import html
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import streamlit.config
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest, app_test, local_script_runner

from quantstrip.clock import SECOND, ManualClock, from_text, system_clock
from quantstrip.home import Home, asset
from quantstrip.ledger import Ledger, LedgerRecorder, open_ledger
from quantstrip.model import Fill, Instrument, Order, OrderSide, OrderType


@pytest.fixture(scope="session", autouse=True)
def _one_server() -> Iterator[None]:
    """Prepare as a server does, once: by itself each page under test would read every installed package anew.

    Nor does it look for bare expressions to show (see the options of ``quantstrip.operations.web``).
    """
    scripts, packages = ScriptCache(), functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", packages)
        for user in (app_test, local_script_runner):
            patch.setattr(user, "ScriptCache", lambda: scripts)
        before = streamlit.config.get_option("runner.magicEnabled")
        streamlit.config.set_option("runner.magicEnabled", False)
        yield
        streamlit.config.set_option("runner.magicEnabled", before)


@dataclass
class Book:
    """Records runs of strategies, one fill at a time."""

    ledger: Ledger
    count: int = 0

    def run(self, strategy: str, mode: str = "replay", cash: float = 100_000.0, key: str = "") -> LedgerRecorder:
        row = self.ledger.open_strategy_run(
            key or f"{strategy}-{mode}", strategy, strategy, mode, "", "hash1", {}, "sample", cash
        )
        return LedgerRecorder(self.ledger, row, "SIM")

    def fill(
        self, run: LedgerRecorder, strategy: str, when: str, quantity: float, price: float,
        symbol: str = "AAPL", commission: float = 0.0, currency: str = "USD",
    ) -> None:  # fmt: skip
        """Buy ``quantity``, or sell where it is negative; the order was decided a second before."""
        self.count += 1
        side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
        instrument = Instrument(symbol, currency=currency)
        ts = from_text(when)
        order = Order(f"order{self.count}", strategy, symbol, side, abs(quantity), OrderType.MARKET, ts - SECOND)
        run.order(order, instrument)
        run.fill(
            Fill(
                f"fill{self.count}",
                order.reference,
                strategy,
                symbol,
                side,
                abs(quantity),
                price,
                ts,
                commission,
                currency,
            ),
            instrument,
        )

    def equity(self, run: LedgerRecorder, points: dict[str, float]) -> None:
        for when, value in points.items():
            run.progress(from_text(when), value)
        run.flush()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home, the one that the dashboard's pages find."""
    made = Home(tmp_path / "home").create()
    monkeypatch.setenv("QUANTSTRIP_HOME", str(made.root))
    return made


@pytest.fixture
def book(home: Home, empty_database: Path) -> Iterator[Book]:
    """Writes what was recorded an hour ago: nothing moves any more."""
    _with_a_ledger(home, empty_database)
    with closing(Ledger(home, clock=ManualClock(system_clock.now() - 3600 * SECOND))) as ledger:
        yield Book(ledger)


@pytest.fixture
def moving(home: Home, empty_database: Path) -> Book:
    """Writes what is recorded at this moment, as a replay does."""
    return Book(_with_a_ledger(home, empty_database))


def _with_a_ledger(home: Home, empty_database: Path) -> Ledger:
    """The ledger of the home, made where a test has none yet."""
    if not home.database.exists():
        shutil.copy(empty_database, home.database)
    return open_ledger(home)


@pytest.fixture
def traded(book: Book) -> Book:
    """Two strategies on replay: one is up and holds AAPL, the other closed MSFT with a loss."""
    cross = book.run("ma_cross")
    book.fill(cross, "ma_cross", "2012-05-02 20:00:00", 100, 50.0, commission=1.0)
    book.fill(cross, "ma_cross", "2012-05-03 20:00:00", -40, 60.0, commission=0.5)
    book.equity(
        cross, {"2012-05-01 20:00:00": 100_000, "2012-05-02 20:00:00": 99_999, "2012-05-03 20:00:00": 100_998.5}
    )
    rsi = book.run("rsi")
    book.fill(rsi, "rsi", "2012-05-02 20:00:00", 10, 30.0, "MSFT", 0.25)
    book.fill(rsi, "rsi", "2012-05-03 20:00:00", -10, 25.0, "MSFT", 0.25)
    book.equity(rsi, {"2012-05-02 20:00:00": 99_999.75, "2012-05-03 20:00:00": 99_949.5})
    return book


@dataclass
class Shown:
    """A page that ran."""

    app: AppTest

    @property
    def markup(self) -> str:
        """The HTML that the page made itself."""
        return "\n".join(element.proto.body for element in self.app.get("html"))

    @property
    def text(self) -> str:
        """What a person reads of it, in one line."""
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", self.markup)).split())

    def press(self, key: str) -> None:
        self.app.button(key=key).click().run()
        assert not self.app.exception

    def written(self, key: str) -> str:
        """What a code editor is given to show."""
        return str(self._editor(key)["text"])

    def write(self, key: str, text: str, selection: str = "", *, run: bool = True) -> None:
        """Tell Python what the browser tells when someone types; the browser's own part is in ``tests/browser``.

        Without ``run`` it comes together with what is pressed next.
        """
        found = self._editor(key)
        told = {"text": text, "selection": selection, "line": 1, "revision": found["revision"]}
        self.app.session_state[found["name"]] = {"value": told}
        if run:
            self.app.run()
            assert not self.app.exception

    def _editor(self, key: str) -> dict[str, Any]:
        """The one of that key, or whose key begins so."""
        every = [json.loads(each.proto.json) for each in self.app.get("bidi_component")]
        (found,) = [each for each in every if each["name"] == key or each["name"].startswith(f"{key}-")]
        return dict(found)


@pytest.fixture
def show(home: Home, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Shown]:
    """Run a page: ``app.py``, or one of ``screens/``, as the token's holder sees it or as a user of another role."""
    monkeypatch.syspath_prepend(asset("dashboard"))

    def run(page: str, role: str = "admin", **query: str) -> Shown:
        app = AppTest.from_file(str(asset("dashboard") / page), default_timeout=60)
        app.user = {"name": "ann", "role": role, "way": "password"}
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        return Shown(app)

    return run
