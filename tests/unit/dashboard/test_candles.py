"""Candlesticks: what the axis says, where marks stand, what becomes of more bars than a chart can hold."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.home import asset


@pytest.fixture(scope="module")
def candles() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(asset("dashboard"))
        import components.candles as module

        yield module


@pytest.fixture(scope="module")
def level(candles: Any) -> Any:
    return candles.Level


def bars(times: Any, close: float = 100.0) -> pd.DataFrame:
    frame = pd.DataFrame({"time": times})
    for name, value in (("open", close), ("high", close + 1), ("low", close - 1), ("close", close), ("volume", 5.0)):
        frame[name] = value
    return frame


def test_daily_bars_are_named_by_their_date_and_shorter_ones_by_the_minute(candles: Any) -> None:
    daily = bars(pd.to_datetime(["2012-05-01", "2012-05-02", "2012-05-07"]))
    assert list(candles.axis_labels(daily["time"], UTC)) == ["2012-05-01", "2012-05-02", "2012-05-07"]
    short = bars(pd.date_range("2012-05-01 13:30", periods=2, freq="5min", tz="UTC"))
    assert list(candles.axis_labels(short["time"], UTC)) == ["2012-05-01 13:30", "2012-05-01 13:35"]


def test_an_hour_that_comes_twice_is_told_apart(candles: Any) -> None:
    night = bars(pd.date_range("2012-10-27 23:30", periods=6, freq="30min", tz="UTC"))
    labels = list(candles.axis_labels(night["time"], ZoneInfo("Europe/Zurich")))
    assert len(set(labels)) == 6
    assert [label for label in labels if "02:30" in label] == ["2012-10-28 02:30:00 CEST", "2012-10-28 02:30:00 CET"]


def test_a_mark_stands_at_the_bar_it_falls_into_and_its_words_stay_words(candles: Any) -> None:
    frame = bars(pd.date_range("2012-05-01 13:30", periods=3, freq="5min"))
    words = "<b>AAPL</b>"
    marks = [
        candles.Marker(datetime(2012, 5, 1, 13, 37, tzinfo=UTC), 100.0, "buy", words),
        candles.Marker(datetime(2012, 5, 1, 13, 40, tzinfo=UTC), 101.0, "rejected", "no cash"),
        candles.Marker(datetime(2012, 5, 1, 13, 0, tzinfo=UTC), 99.0, "buy", "before the first bar"),
    ]
    made = candles.option(frame, marks)
    buys, rejected = (each["source"] for each in made["dataset"][1:])
    assert buys.to_dict("records") == [{"time": "2012-05-01 13:35", "price": 100.0, "words": words}]
    assert list(rejected["time"]) == ["2012-05-01 13:40"]
    assert [each["name"] for each in made["series"]] == ["Price", "Volume", "Buy", "Rejected"]
    # A template of ours would be taken for HTML; without one every word is escaped.
    assert "formatter" not in made["tooltip"]


@pytest.mark.parametrize(("price", "written"), [(1.09, "%,.4f"), (182.5, "%,.2f"), (0.00012, "%,.8f")])
def test_small_prices_keep_their_digits(candles: Any, price: float, written: str) -> None:
    assert candles.price_format(bars(pd.date_range("2012-05-01", periods=2), price)) == written


prices = st.floats(1.0, 1000.0)


@given(
    st.lists(st.tuples(prices, prices, prices, prices, st.floats(0.0, 1e6)), min_size=1, max_size=60), st.integers(1, 9)
)
def test_fewer_candles_keep_the_first_open_the_last_close_the_extremes_and_the_volume(
    candles: Any, rows: list[tuple[float, ...]], most: int
) -> None:
    frame = pd.DataFrame(rows, columns=["open", "high", "low", "close", "volume"])
    frame.insert(0, "time", pd.date_range("2012-05-01", periods=len(rows)))
    found, together = candles.thinned(frame, most)
    assert len(found) == -(-len(rows) // together) <= most
    assert found["high"].max() == frame["high"].max()
    assert found["low"].min() == frame["low"].min()
    assert found["volume"].sum() == pytest.approx(frame["volume"].sum())
    assert (found["open"].iloc[0], found["close"].iloc[-1]) == (frame["open"].iloc[0], frame["close"].iloc[-1])


def test_an_orders_price_is_a_line_from_its_decision_to_its_end(candles: Any, level: Any) -> None:
    frame = bars(pd.date_range("2012-05-01 13:30", periods=5, freq="5min"))

    def at(minute: int) -> datetime:
        return datetime(2012, 5, 1, 13, minute, tzinfo=UTC)

    levels = [
        level("stop", 95.0, at(37), at(46)),
        level("limit", 104.0, at(41), None),
        level("stop", 96.0, at(46), at(46)),
        level("stop", 90.0, at(20), at(29)),
    ]
    made = candles.option(frame, [candles.Marker(at(37), 100.0, "buy", "1")], levels)
    _, _, limits, stops = (each["source"] for each in made["dataset"])
    assert list(limits["time"]) == ["2012-05-01 13:40", "2012-05-01 13:45", "2012-05-01 13:50"]
    assert set(limits["price"]) == {104.0}
    shown = stops.assign(time=stops["time"].str[-5:]).dropna()
    assert shown.to_dict("split")["data"] == [["13:35", 95.0], ["13:40", 95.0], ["13:45", 95.0], ["13:45", 96.0]]
    assert list(stops["price"].isna()) == [False, False, False, True, False], "a gap between two orders"
    assert [(each["name"], each["datasetIndex"]) for each in made["series"][2:]] == [
        ("Buy", 1),
        ("Limit", 2),
        ("Stop", 3),
    ]
    assert made["legend"]["data"] == ["Buy", "Limit", "Stop"]


def test_what_a_script_draws_is_on_the_prices_or_on_a_scale_of_its_own(candles: Any) -> None:
    frame = bars(pd.date_range("2012-05-01", periods=3, freq="1D", tz="UTC"))
    line = candles.Drawn("EMA 10", [float("nan"), 100.0, 101.0], "#FF9800")
    gap = candles.Drawn("gap", [0.1, 0.2, 0.3], "url(javascript:1)", overlay=False)
    marks = candles.Drawn("L (script)", [float("nan"), 99.0, float("nan")], "#00E676", text="L")
    made = candles.option(frame, [], [], [line, gap, marks])

    drawn = {each["name"]: each for each in made["series"][2:]}
    assert made["legend"]["data"] == ["EMA 10", "gap", "L (script)"]
    assert drawn["EMA 10"]["lineStyle"]["color"] == "#FF9800"
    assert "yAxisIndex" not in drawn["EMA 10"]
    assert (drawn["gap"]["yAxisIndex"], drawn["gap"]["itemStyle"]["color"]) == (2, "#8593a1")
    assert len(made["yAxis"]) == 3
    sources = [made["dataset"][each["datasetIndex"]]["source"] for each in drawn.values()]
    assert [len(source) for source in sources] == [3, 3, 1]
    assert sources[2].to_dict("records") == [{"time": "2012-05-02", "price": 99.0}]
    assert len(candles.option(frame, [], [], [line])["yAxis"]) == 2
