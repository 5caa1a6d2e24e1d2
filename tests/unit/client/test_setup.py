"""What a strategy client runs with: the class's attributes, the settings above them, and every refusal."""

from pathlib import Path
from typing import Any, ClassVar

import pytest

from quantstrip.bars import About, BarStore
from quantstrip.client.context import ClientContext, bound
from quantstrip.client.loader import load_file
from quantstrip.client.setup import Setup, prepare
from quantstrip.client.strategy import StrategyClient, wrap_strategy
from quantstrip.clock import ManualClock, from_text
from quantstrip.errors import ClientLoadError, DataError, QuantstripError, StrategyLoadError
from quantstrip.feeds import HistoryFeed, ReplayFeed
from quantstrip.feeds.synthetic import synthetic
from quantstrip.home import Home, asset
from quantstrip.model import Instrument
from quantstrip.risk import CASH_ONLY, RiskProfile
from quantstrip.strategy import StrategyBase

START = from_text("2026-01-05 14:00")


class Quiet(StrategyBase):
    """Trades nothing."""

    parameters: ClassVar[list[str]] = ["limit"]
    timeframe = "1d"

    def __init__(self, symbols: list[str] | None = None, limit: int = 3) -> None:
        super().__init__(name="quiet", symbols=symbols or ["IBM"])
        self.limit = limit

    def on_bar(self, bar: Any) -> list[Any]:
        return []


def client_with(settings: dict[str, Any] | None = None, home: Path | None = None, **attributes: Any) -> StrategyClient:
    kind = type("Client", (StrategyClient,), {"strategy": Quiet, "__module__": __name__, **attributes})
    context = ClientContext(
        "quiet", ManualClock(START), home=Home(home) if home else None, settings=settings or {}, code_hash="v1"
    )
    with bound(context):
        client = kind()
    assert isinstance(client, StrategyClient)
    return client


def setup_of(settings: dict[str, Any] | None = None, home: Path | None = None, **attributes: Any) -> Setup:
    return prepare(client_with(settings, home, **attributes))


def test_the_defaults_are_a_replay_of_the_sample_under_the_native_rules() -> None:
    setup = setup_of()
    assert list(setup.tables) == ["IBM"]
    assert isinstance(setup.feed, ReplayFeed)
    assert (setup.feed.seconds, setup.cash, setup.risk.name, setup.quantity) == (60.0, 100_000.0, "NATIVE", None)
    assert setup.parameters == {"limit": 3}
    assert setup.instruments["IBM"].calendar == "NYSE"


def test_a_strategy_of_another_form_is_given_that_forms_cash(tmp_path: Path) -> None:
    text = "class Strategy(IStrategy):\n    def run(self, context, kline, params):\n        pass\n"
    (tmp_path / "klines.py").write_text(text)
    chosen = {"strategy": str(tmp_path / "klines.py"), "symbols": ["IBM"]}
    assert setup_of(chosen).cash == 10_000.0
    assert setup_of({**chosen, "cash": 2_500}).cash == 2_500.0


def test_the_feed_begins_when_the_run_first_began() -> None:
    feed = setup_of().feed_since("2026-01-05 13:59:30.000000")
    assert isinstance(feed, ReplayFeed)
    assert feed.position(START) == pytest.approx(len(setup_of().tables["IBM"]) / 2, abs=1)


def test_settings_win_over_the_class_and_tables_are_merged() -> None:
    setup = setup_of(
        {
            "symbols": "AAPL, MSFT",
            "cash": 5000,
            "parameters": {"limit": 8},
            "feed": "history",
            "quantity": 10,
            "mine": 1,
        },
        symbols=["IBM"],
        cash=1.0,
        parameters={"limit": 7},
        costs={"slippage_bps": 1.0},
    )
    assert list(setup.tables) == ["AAPL", "MSFT"]
    assert (setup.cash, setup.quantity, setup.parameters, setup.costs.slippage_bps) == (5000.0, 10.0, {"limit": 8}, 1.0)
    assert isinstance(setup.feed, HistoryFeed)


@pytest.mark.parametrize(
    ("risk", "expected"),
    [
        (CASH_ONLY, CASH_ONLY),
        ("cash_only", CASH_ONLY),
        ({"max_order_value": 5.0}, RiskProfile(name="NATIVE*", max_order_value=5.0)),
        ({"profile": "native", "max_drawdown": "off"}, RiskProfile(name="NATIVE*", max_drawdown=None)),
        ({"allow_short": True}, RiskProfile(name="NATIVE*", allow_short=True)),
    ],
)
def test_risk_is_a_profile_its_name_or_what_differs_from_one(risk: object, expected: RiskProfile) -> None:
    assert setup_of(risk=risk).risk == expected


def test_bars_come_from_a_folder_below_the_home(tmp_path: Path) -> None:
    (tmp_path / "prices").mkdir()
    lines = (asset("examples") / "data" / "IBM.csv").read_text().splitlines()[:30]
    (tmp_path / "prices" / "IBM.csv").write_text("\n".join(lines) + "\n")
    assert len(setup_of(home=tmp_path, bars="prices").tables["IBM"]) == 29


def hourly(folder: Path, *days: str) -> Path:
    times = [f"{day} {hour}:30" for day in days for hour in range(14, 21)]
    lines = "".join(f"{time},1,1,1,1,1\n" for time in times)
    (folder / "IBM.csv").write_text(f"time,open,high,low,close,volume\n{lines}")
    return folder


def test_the_timeframe_is_the_strategys_own_else_that_of_the_bars(tmp_path: Path) -> None:
    class Unnamed(StrategyBase):
        def __init__(self, symbols: list[str] | None = None) -> None:
            super().__init__(name="unnamed", symbols=symbols or ["IBM"])

        def on_bar(self, bar: Any) -> list[Any]:
            return []

    assert setup_of(strategy=Unnamed).tables["IBM"].timeframe == "1d"
    assert setup_of(strategy=Unnamed, bars=str(hourly(tmp_path, "2024-01-02"))).tables["IBM"].timeframe == "1h"
    assert setup_of(bars=str(tmp_path)).tables["IBM"].timeframe == "1d"  # made of the hours
    with pytest.raises(DataError, match="a 5m bar lasts 300"):
        setup_of({"timeframe": "5m"}, bars=str(tmp_path))
    assert setup_of({"timeframe": "1h"}, bars=str(tmp_path)).tables["IBM"].timeframe == "1h"


def test_missing_sessions_are_refused_or_accepted_as_in_a_backtest(tmp_path: Path) -> None:
    bars = str(hourly(tmp_path, "2024-01-02", "2024-01-04"))
    with pytest.raises(DataError, match="1 of 3 sessions of"):
        setup_of(bars=bars, timeframe="1h")
    table = setup_of({"gaps": "accept"}, bars=bars, timeframe="1h").tables["IBM"]
    assert [day.isoformat() for day in table.gaps.missing_sessions] == ["2024-01-03"]


def test_orders_on_bars_shorter_than_a_day_are_held_to_the_exchanges_hours(tmp_path: Path) -> None:
    setup = setup_of(bars=str(hourly(tmp_path, "2024-01-02")), timeframe="1h")
    hours, ibm = setup.hours, setup.instruments["IBM"]
    assert hours is not None
    told = {moment: hours(ibm, from_text(f"2024-01-02 {moment}")) for moment in ("14:29", "14:30", "21:00", "21:01")}
    assert told == {"14:29": False, "14:30": True, "21:00": True, "21:01": False}, "the last bar belongs to its session"
    assert hours(Instrument("BTC", calendar="24/7"), from_text("2024-01-06 03:00"))
    assert setup_of().hours is None, "a daily bar is a session: its order waits for the next one"


def test_an_instrument_of_the_class_is_used() -> None:
    future = Instrument("IBM", multiplier=50.0)
    assert setup_of(instruments={"IBM": future}).instruments["IBM"] is future


def test_what_decides_a_run_is_in_its_key_and_nothing_else() -> None:
    key = setup_of().key
    assert key == setup_of({"replay_seconds": 5.0}).key
    others: list[dict[str, Any]] = [
        {"cash": 1.0}, {"symbols": ["AAPL"]}, {"parameters": {"limit": 4}}, {"risk": "OFF"}, {"quantity": 5},
        {"mode": "simulation"}, {"feed": "history"}, {"costs": {"slippage_bps": 9.0}},
    ]  # fmt: skip
    keys = {setup_of(settings).key for settings in others}
    assert len(keys | {key}) == len(others) + 1


def test_the_strategy_of_the_clients_own_file_and_one_in_a_file_beside_it() -> None:
    assert setup_of(strategy=None).strategy.name == "quiet"
    beside = asset("examples") / "ma_cross.py"
    assert setup_of(strategy=str(beside), symbols=["IBM"]).strategy.name == "ma_cross"
    wrapped = wrap_strategy(Quiet, "quiet")
    assert issubclass(wrapped, StrategyClient)
    assert wrapped.strategy is Quiet


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("mode", "live", "mode must be one of replay, simulation, got 'live'"),
        ("feed", "ticks", "feed must be one of replay, history, got 'ticks'"),
        ("cash", -5.0, "cash must be a number"),
        ("cash", True, "cash must be a number"),
        ("cash", float("nan"), "cash must be a number"),
        ("quantity", "ten", "quantity must be a number"),
        ("replay_seconds", "soon", "replay_seconds must be a number"),
        ("risk", "BRAVE", "one of NATIVE, CASH_ONLY, OFF"),
        ("risk", {"max_oder_value": 5.0}, "limits of a RiskProfile"),
        ("risk", {"max_order_value": -5.0}, "limits of a RiskProfile"),
        ("risk", {"max_order_value": True}, "limits of a RiskProfile"),
        ("risk", {"allow_short": "yes"}, "limits of a RiskProfile"),
        ("symbols", [], "a list of names"),
        ("symbols", 5, "a list of names"),
        ("gaps", "maybe", "gaps must be one of refuse, accept, got 'maybe'"),
        ("parameters", ["limit"], "a table of names"),
        ("parameters", {"limti": 3}, "It takes: symbols, limit"),
        ("costs", {"slippage": 3}, "costs of a CostModel"),
        ("strategy", 5, "strategy is a StrategyBase subclass"),
        ("strategy", "elsewhere.py", "import the strategy"),
    ],
)
@pytest.mark.parametrize("place", ["class", "settings"])
def test_a_value_that_cannot_be_used_is_refused_with_what_to_do(name: str, value: Any, words: str, place: str) -> None:
    with pytest.raises(ClientLoadError) as caught:
        setup_of({name: value}) if place == "settings" else setup_of(**{name: value})
    assert words in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"symbols": ["TSLA"]}, DataError),
        ({"bars": "/nowhere"}, DataError),
        ({"calendar": "MARS"}, QuantstripError),
        ({"strategy": Path(__file__).with_name("test_scheduler.py")}, StrategyLoadError),
    ],
)
def test_bars_and_files_that_cannot_be_used_are_refused(attributes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        setup_of(**attributes)


def test_a_strategy_whose_init_raises_is_refused_with_its_trace() -> None:
    class Broken(Quiet):
        def __init__(self) -> None:
            raise ValueError("no universe")

    with pytest.raises(ClientLoadError, match="no universe") as caught:
        setup_of(strategy=Broken)
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_strategy_client_outside_a_home_says_how_to_run_it() -> None:
    client = client_with()
    client._prepare()
    with pytest.raises(ClientLoadError, match="quantstrip run"):
        client._begin()


def test_bars_of_the_homes_store_are_replayed_with_their_own_calendar(tmp_path: Path) -> None:
    store = BarStore(Home(tmp_path).bars)
    table = synthetic("BTC/USDT", "1h", "24/7", start=from_text("2024-01-01"), end=from_text("2024-01-09"))
    store.merge(table, About("", "", "24/7", sources=("ccxt:binance",)))
    setup = setup_of({"bars": "store", "symbols": "BTC/USDT"}, home=tmp_path)
    assert isinstance(setup.feed, ReplayFeed)
    assert (len(setup.tables["BTC/USDT"]), setup.tables["BTC/USDT"].timeframe) == (8, "1d")
    assert setup.tables["BTC/USDT"].source == "store: BTC/USDT 1d made of 1h from ccxt:binance"
    assert setup.instruments["BTC/USDT"].calendar == "24/7"
    with pytest.raises(DataError, match="no 1d bars of IBM: the store has none"):
        setup_of({"bars": "store", "symbols": "IBM"}, home=tmp_path)


def test_a_file_of_another_form_is_a_client_with_its_forms_costs_limits_and_lots(tmp_path: Path) -> None:
    file = tmp_path / "crossing.py"
    file.write_text((asset("examples") / "kline_golden_cross.py").read_text(encoding="utf-8"))
    kind = load_file(file, "crossing", tmp_path)
    assert issubclass(kind, StrategyClient)
    plain = setup_of(strategy=kind.strategy)
    assert (plain.strategy.name, plain.risk.name, plain.costs.commission_rate) == ("crossing", "CASH_ONLY", 0.001)
    assert (plain.instruments["AAPL"].lot_size, plain.instruments["AAPL"].currency) == (0.0, "USDT")
    chosen = setup_of(strategy=kind.strategy, risk="NATIVE", costs={"slippage_bps": 1.0}, parameters={"strict": True})
    assert (chosen.risk.name, chosen.costs.slippage_bps, chosen.costs.commission_rate) == ("NATIVE", 1.0, 0.001)
    assert not chosen.strategy.same_bar
    limits = setup_of(strategy=kind.strategy, risk={"leverage": 2.0})
    assert (limits.risk.name, limits.risk.leverage) == ("CASH_ONLY*", 2.0)
