"""Dataframe scripts: what their columns mean, bar by bar, and what is refused."""

import ast
from pathlib import Path

import numpy as np
import pytest

from quantstrip import dialects
from quantstrip.backtest import run_backtest
from quantstrip.dialects.dataframe import DataframeStrategy
from quantstrip.errors import StrategyFault, StrategyLoadError
from quantstrip.feeds import HistoryFeed
from quantstrip.matching import CostModel
from tests.unit.dialects.scripts import bars, fills, loaded, traded, written

FLAT = [100.0] * 12


def script(folder: Path, head: str = "", **columns: list[int]) -> Path:
    """A script whose columns are true on the rows named."""
    lines = [f"df['{name}'] = df.index.isin({rows})" for name, rows in columns.items()]
    return written(folder, head + "df = df.copy()\n" + "\n".join(lines) + "\n")


class TestMeaning:
    def test_a_signal_is_decided_at_the_close_and_filled_at_the_next_open(self, tmp_path: Path) -> None:
        table = bars([100.0, 100.0, 110.0, 120.0, 130.0], opens=[100.0, 100.0, 105.0, 115.0, 125.0])
        file = script(tmp_path, "# @strategy entryPct 0.5\n", open_long=[1], close_long=[3])
        assert fills(traded(file, table)) == ["2: BUY LONG 50 @ 105", "4: SELL LONG 50 @ 125"]

    def test_an_entry_is_its_share_of_the_equity_at_the_decision(self, tmp_path: Path) -> None:
        table = bars([100.0, 100.0, 200.0, 200.0, 50.0, 50.0], opens=[100.0, 100.0, 100.0, 200.0, 50.0, 50.0])
        file = script(tmp_path, "# @strategy entryPct 0.25\n", open_long=[1, 4])
        # 25 units at 100; at the second decision 7 500 in cash and 25 units at 50.
        assert fills(traded(file, table)) == ["2: BUY LONG 25 @ 100", "5: BUY LONG 43.75 @ 50"]

    def test_open_long_while_long_adds_and_one_close_ends_it_all(self, tmp_path: Path) -> None:
        file = script(tmp_path, "# @strategy entryPct 0.2\n", open_long=[1, 3], close_long=[5])
        assert fills(traded(file, bars(FLAT))) == [
            "2: BUY LONG 20 @ 100", "4: BUY LONG 20 @ 100", "6: SELL LONG 40 @ 100",
        ]  # fmt: skip

    def test_a_flip_closes_before_it_opens_even_with_all_of_the_equity(self, tmp_path: Path) -> None:
        file = script(tmp_path, open_long=[1], close_long=[4], open_short=[4], close_short=[7])
        assert fills(traded(file, bars(FLAT))) == [
            "2: BUY LONG 100 @ 100", "5: SELL LONG 100 @ 100", "5: SELL SHORT 100 @ 100", "8: BUY SHORT 100 @ 100",
        ]  # fmt: skip

    def test_a_close_takes_off_the_share_that_the_run_names(self, tmp_path: Path) -> None:
        file = script(tmp_path, open_long=[1], close_long=[3, 5, 7])
        assert fills(traded(file, bars(FLAT), closePct=0.5, entryPct=0.4)) == [
            "2: BUY LONG 40 @ 100", "4: SELL LONG 20 @ 100", "6: SELL LONG 10 @ 100", "8: SELL LONG 5 @ 100",
        ]  # fmt: skip
        assert fills(traded(file, bars(FLAT), closePct=0.5, entryPct=0.03, lot=1.0)) == [
            "2: BUY LONG 3 @ 100", "4: SELL LONG 1 @ 100", "6: SELL LONG 1 @ 100", "8: SELL LONG 1 @ 100",
        ]  # fmt: skip

    def test_a_close_with_nothing_to_close_is_nothing(self, tmp_path: Path) -> None:
        result = traded(script(tmp_path, close_long=[1], open_short=[1], close_short=[4]), bars(FLAT))
        assert fills(result) == ["2: SELL SHORT 100 @ 100", "5: BUY SHORT 100 @ 100"]
        assert result.rejected == []

    def test_opening_against_a_position_that_stays_is_refused_and_told(self, tmp_path: Path) -> None:
        file = script(tmp_path, "# @strategy entryPct 0.2\n", open_long=[1], open_short=[4])
        result = traded(file, bars(FLAT))
        assert fills(result) == ["2: BUY LONG 20 @ 100"]
        assert [(each.rule, "Close the other leg first" in each.reason) for each in result.rejected] == [
            ("broker", True)
        ]

    def test_more_than_the_equity_needs_leverage(self, tmp_path: Path) -> None:
        file = script(tmp_path, open_long=[1, 4])
        once = traded(file, bars(FLAT))
        assert (len(once.fills), [each.rule for each in once.rejected]) == (1, ["allow_margin"])
        assert fills(traded(file, bars(FLAT), leverage=3, entryPct=0.5)) == [
            "2: BUY LONG 150 @ 100", "5: BUY LONG 150 @ 100",
        ]  # fmt: skip

    def test_a_quantity_given_with_the_run_is_each_entry_s(self, tmp_path: Path) -> None:
        file = script(tmp_path, open_long=[1], close_long=[3], open_short=[3])
        assert fills(traded(file, bars(FLAT), quantity=7.0)) == [
            "2: BUY LONG 7 @ 100", "4: SELL LONG 7 @ 100", "4: SELL SHORT 7 @ 100",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("direction", "expected"),
        [
            ("long", ["2: BUY LONG 20 @ 100", "5: SELL LONG 20 @ 100"]),
            ("short", ["5: SELL SHORT 20 @ 100", "8: BUY SHORT 20 @ 100"]),
            (
                "both",
                [
                    "2: BUY LONG 20 @ 100", "5: SELL LONG 20 @ 100", "5: SELL SHORT 20 @ 100", "8: BUY SHORT 20 @ 100",
                    "8: BUY LONG 20 @ 100",
                ],
            ),
        ],
    )  # fmt: skip
    def test_two_way_columns_mean_what_the_direction_says(
        self, tmp_path: Path, direction: str, expected: list[str]
    ) -> None:
        head = f"# @strategy tradeDirection {direction}\n# @strategy entryPct 0.2\n"
        rows = {"buy": [1, 7], "sell": [4]} if direction != "long" else {"buy": [1], "sell": [4]}
        assert fills(traded(script(tmp_path, head, **rows), bars(FLAT))) == expected

    def test_the_direction_filters_four_way_columns(self, tmp_path: Path) -> None:
        file = script(tmp_path, "# @strategy entryPct 0.2\n", open_long=[1], close_long=[4], open_short=[4])
        assert fills(traded(file, bars(FLAT), tradeDirection="short")) == ["5: SELL SHORT 20 @ 100"]


class TestBrackets:
    HEAD = "# @strategy entryPct 0.5\n# @strategy stopLossPct 0.1\n# @strategy takeProfitPct 0.2\n"

    def test_stop_and_target_count_from_the_fill_and_act_in_the_entry_bar(self, tmp_path: Path) -> None:
        table = bars([100.0, 100.0, *[104.0] * 10], opens=[100.0, 100.0, *[104.0] * 10], lows={2: 93.0})
        file = script(tmp_path, self.HEAD, open_long=[1])
        assert fills(traded(file, table)) == ["2: BUY LONG 50 @ 104", "2: SELL LONG 50 @ 93.6"]
        up = bars([100.0, 100.0, *[104.0] * 10], opens=[100.0, 100.0, *[104.0] * 10], highs={6: 130.0})
        assert fills(traded(file, up))[1] == "6: SELL LONG 50 @ 124.8"

    def test_fractions_are_of_the_price_whatever_the_leverage(self, tmp_path: Path) -> None:
        file = script(tmp_path, self.HEAD, open_short=[1])
        assert fills(traded(file, bars(FLAT, highs={5: 111.0}), leverage=2))[1] == "5: BUY SHORT 100 @ 110"

    def test_after_a_stop_there_is_no_entry_before_the_next_edge(self, tmp_path: Path) -> None:
        file = script(tmp_path, self.HEAD, open_long=[1, 8], close_long=[6])
        assert fills(traded(file, bars(FLAT, lows={4: 80.0}))) == [
            "2: BUY LONG 50 @ 100", "4: SELL LONG 50 @ 90", "9: BUY LONG 47.5 @ 100",
        ]  # fmt: skip

    def test_each_entry_has_its_own_stop_and_a_close_takes_them_along(self, tmp_path: Path) -> None:
        closes = [100.0, 100.0, 100.0, 120.0, 120.0, 120.0, 120.0, 120.0, 120.0, 120.0]
        head = "# @strategy entryPct 0.2\n# @strategy stopLossPct 0.1\n"
        file = script(tmp_path, head, open_long=[1, 3], close_long=[6])
        bought = fills(traded(file, bars(closes, lows={5: 107.0})))
        assert bought == ["2: BUY LONG 20 @ 100", "4: BUY LONG 17.3333 @ 120", "5: SELL LONG 17.3333 @ 108",
                          "7: SELL LONG 20 @ 120"]  # fmt: skip

    def test_trailing_waits_for_its_activation(self, tmp_path: Path) -> None:
        head = "# @strategy entryPct 0.5\n# @strategy trailingEnabled true\n# @strategy trailingStopPct 0.05\n"
        head += "# @strategy trailingActivationPct 0.1\n"
        file = script(tmp_path, head, open_long=[1])
        assert len(traded(file, bars(FLAT, highs={4: 109.0}, lows={5: 50.0})).fills) == 1
        table = bars(FLAT, opens=[*FLAT[:5], 118.0, *FLAT[6:]], highs={4: 120.0, 5: 119.0})
        assert fills(traded(file, table))[1] == "5: SELL LONG 50 @ 114"

    def test_without_an_activation_the_target_arms_the_trailing_stop(self, tmp_path: Path) -> None:
        head = "# @strategy entryPct 0.5\n# @strategy trailingEnabled true\n# @strategy trailingStopPct 0.05\n"
        head += "# @strategy takeProfitPct 0.1\n"
        table = bars(FLAT, opens=[*FLAT[:5], 118.0, *FLAT[6:]], highs={4: 120.0, 5: 119.0})
        assert fills(traded(script(tmp_path, head, open_long=[1]), table))[1] == "5: SELL LONG 50 @ 114"

    def test_a_stop_of_a_whole_price_never_stops_a_long_position(self, tmp_path: Path) -> None:
        file = script(tmp_path, "# @strategy stopLossPct 1\n", open_long=[1])
        result = traded(file, bars(FLAT, lows={5: 0.01}))
        assert (len(result.fills), result.rejected) == (1, [])


class TestSurroundings:
    def test_the_script_finds_its_bars_its_parameters_and_the_usual_libraries(self, tmp_path: Path) -> None:
        file = written(
            tmp_path,
            """
            # @param n int 3 Bars
            import math
            assert list(df.columns[:1]) == ["ts"] and str(df["ts"].dt.tz) == "UTC", df.columns
            assert df["ts"].iloc[1] == pd.Timestamp("1970-01-02", tz="UTC")
            assert {"open", "high", "low", "close", "volume"} < set(df.columns)
            df = df.copy()
            df["open_long"] = np.arange(len(df)) == params.get("n", 0) + int(math.sqrt(1))
            """,
        )
        assert fills(traded(file, bars(FLAT), n=4)) == ["6: BUY LONG 100 @ 100"]

    def test_an_edge_written_as_the_form_s_document_writes_it_is_one_under_every_pandas(self, tmp_path: Path) -> None:
        """``shift`` makes objects of truths: ``~`` of them is a number where pandas does not turn them back."""
        file = written(
            tmp_path,
            """
            def edge(s):
                s = s.fillna(False).astype(bool)
                return s & ~s.shift(1).fillna(False)

            df = df.copy()
            held = pd.Series([2 <= i <= 5 or i == 8 for i in range(len(df))])
            df["open_long"] = edge(held)
            df["close_long"] = ~held.astype(bool) & held.shift(1).fillna(False).astype(bool)
            rest = ~held.shift(1).fillna(False)
            assert rest.dtype == bool and (~df[["open_long"]]).dtypes.iloc[0] == bool and ~5 == -6
            """,
        )
        assert fills(traded(file, bars(FLAT))) == [
            "3: BUY LONG 100 @ 100", "7: SELL LONG 100 @ 100", "9: BUY LONG 100 @ 100", "10: SELL LONG 100 @ 100",
        ]  # fmt: skip

    def test_the_form_starts_from_a_tenth_of_a_per_cent_and_cash(self, tmp_path: Path) -> None:
        loaded_form = dialects.load(script(tmp_path, open_long=[1]), symbols=["S"], parameters={"leverage": 2.0}).form
        assert loaded_form.name == "dataframe"
        assert loaded_form.costs == CostModel(0.0, 0.0, 0.001)
        assert (loaded_form.risk.name, loaded_form.risk.leverage, loaded_form.lot) == ("CASH_ONLY", 2.0, 0.0)

    def test_signals_can_be_asked_for_without_a_run(self, tmp_path: Path) -> None:
        strategy = loaded(script(tmp_path, open_long=[1], close_long=[4], open_short=[4]), tradeDirection="long")
        assert isinstance(strategy, DataframeStrategy)
        found = strategy.signals_on(HistoryFeed(bars(FLAT)).columns()["S"])
        assert [np.flatnonzero(each).tolist() for each in found] == [[1], [4], [], []]
        assert found._fields == ("open_long", "close_long", "open_short", "close_short")

    def test_a_signal_only_run_tells_and_orders_nothing(self, tmp_path: Path) -> None:
        strategy, form = dialects.load(
            script(tmp_path, open_long=[1], close_long=[4]), symbols=["S"], parameters={"execution": "signal"}
        )
        assert isinstance(strategy, DataframeStrategy)
        result = run_backtest(strategy, bars(FLAT), form=form, risk=form.risk)
        assert result.fills == []
        assert [(each.rule, each.reason) for each in result.rejected] == [
            ("signal_only", "open_long at 100, 1000 units; this run tells its signals alone"),
            ("signal_only", "close_long at 100, 1000 units; this run tells its signals alone"),
        ]
        assert [(symbol, what, price) for _, symbol, what, price in strategy.told] == [
            ("S", "open_long", 100.0), ("S", "close_long", 100.0),
        ]  # fmt: skip

    def test_plots_and_marks_are_kept_for_the_chart(self, tmp_path: Path) -> None:
        file = script(tmp_path, open_long=[1])
        file.write_text(
            file.read_text()
            + "output = {'name': 'Mine', 'plots': [{'name': 'mean', 'data': df['close'].rolling(3).mean().tolist(),\n"
            + "  'color': '#FF9800', 'overlay': True}], 'signals': [{'type': 'buy', 'text': 'L',\n"
            + "  'data': [None] * (len(df) - 1) + [99.0], 'color': '#00E676'}]}\n"
        )
        strategy = loaded(file)
        assert isinstance(strategy, DataframeStrategy)
        run_backtest(strategy, bars(FLAT))
        drawn = strategy.output["S"]
        assert (drawn.name, drawn.plots[0].name, drawn.plots[0].overlay) == ("Mine", "mean", True)
        assert drawn.plots[0].data[:3] == [None, None, 100.0]
        assert (drawn.marks[0].type, drawn.marks[0].text, drawn.marks[0].data[-2:]) == ("buy", "L", [None, 99.0])

    def test_files_of_other_forms_are_left_to_them(self, tmp_path: Path) -> None:
        own = "import pandas as pd\ndf = pd.DataFrame()\nprint(df)\n"
        assert dialects.recognise(written(tmp_path, own)).name == "native"
        cls = "df = df.copy()\nclass A(B):\n    def on_bar(self, bar): ...\n"
        assert dialects.recognise(written(tmp_path, cls)).name == "native"
        assert ast.parse(own)


class TestRefused:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("df['open_long'] = df['close'].shift(-1) > 1", r"line 3: shift\(-1\) reads bars of the future"),
            ("df['open_long'] = df['close'].shift(periods=-2) > 1", r"line 3: shift\(-2\)"),
            ("df['open_long'] = np.roll(df['close'], -1) > 1", r"line 3: roll\(-1\)"),
            ("df['open_long'] = df['close'].rolling(3, center=True).mean() > 1", r"line 3: rolling\(center=True\)"),
            ("df['open_long'] = df['close'].bfill() > 1", r"line 3: bfill\(\)"),
            ("df['open_long'] = True\ndf['buy'] = False", "line 4: buy is of the two-way form"),
            ("df['close_long'] = False", "line 3: df has no execution column that opens a position"),
            ("y = 1\nx = y", "line 4: df has no execution column"),
        ],
    )
    def test_by_its_text_with_the_line(self, tmp_path: Path, text: str, message: str) -> None:
        file = written(tmp_path, "# nothing\ndf = df.copy()\n" + text + "\n")
        with pytest.raises(StrategyLoadError, match=message) as caught:
            dialects.load(file, symbols=["S"])
        assert str(file) in caught.value.message

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                "df['open_long'] = df['close'] > 1",
                "line 3: open_long stays true on the bar that closed 1970-01-03 00:00",
            ),
            ("df['open_long'] = df['close']", "line 3: open_long is of type float64, expected bool"),
            ("df['open_long'] = 1", "line 3: open_long is of type int64, expected bool"),
            ("df['open_long'] = (df['close'] > 1).astype(object).where(df.index > 2)", "line 3: open_long is NaN"),
            (
                "df['open_long'] = df.index == 2\ndf = pd.concat([df, df[['open_long']]], axis=1)",
                "line 3: df has 2 columns called open_long",
            ),
            (
                "df['open_long'] = pd.Series([False] * len(df), index=df['ts'])",
                "line 3: open_long is NaN on every bar",
            ),
            ("df['open_long'] = [True, False]", r"line 3: ValueError: Length of values \(2\)"),
            ("df['open_long'] = df['closed'] > 1", "line 3: KeyError: 'closed'"),
            ("df['open_long'] = df.index == 2\ndf = df.iloc[1:]", "line 4: df has 11 rows, there are 12 bars"),
            (
                "df['open_long'] = df.index == 2\ndf['open_short'] = df.index == 2",
                "line 4: open_long and open_short are",
            ),
            (
                "df['open_long'] = df.index == 2\ndf = df.sort_values('ts', ascending=False)",
                "line 4: the rows of df have changed their order",
            ),
            ("df['open_long'] = df.index == 2\ndf = 3", "line 4: df is int, expected a DataFrame"),
            ("df['open_long'] = False\ndf['open_long'].iloc[2] = True", "line 4: ChainedAssignmentError: A value is"),
            ("df['open_long'] = df.index == 2\nimport no_such_module", "line 4: ModuleNotFoundError"),
            ("df['open_long'] = df.index == 2\noutput = 3", "line 4: output is int, expected a dict"),
            (
                "df['open_long'] = df.index == 2\noutput = {'plots': [{'name': 'x', 'data': [1]}]}",
                r"line 4: output\['plots'\]\[0\]\['data'\] has 1 values, there are 12 bars",
            ),
            (
                "df['open_long'] = df.index == 2\noutput = {'plots': [{'name': 'x', 'data': ['high'] * 12}]}",
                r"output\['plots'\]\[0\]\['data'\]: could not convert string to float: 'high'",
            ),
            (
                "df['open_long'] = df.index == 2\noutput = {'signals': [{'type': 'hold', 'data': [None] * 12}]}",
                r"output\['signals'\]\[0\]\['type'\] is 'hold'",
            ),
            (
                "df['open_long'] = df.index == 2\nfor name in ['sell']:\n    df[name] = df.index == 3",
                "line 5: sell is of the two-way form, open_long of the four-way one",
            ),
            (
                "for name in ['open_long']:\n    df[name] = df['close'] > 1",
                "line 4: open_long stays true on the bar that closed",
            ),
            (
                "def add(frame):\n    frame['open_long'] = 1\n    return frame\ndf = add(df)",
                "line 6: open_long is of type int64, expected bool",
            ),
        ],
    )
    def test_by_its_first_bar_with_the_line(self, tmp_path: Path, text: str, message: str) -> None:
        file = written(tmp_path, "# nothing\ndf = df.copy()\n" + text + "\n")
        with pytest.raises(StrategyFault, match=message) as caught:
            traded(file, bars(FLAT))
        assert str(file) in caught.value.message
        assert caught.value.hint
        assert "dialects" not in str(caught.value)

    def test_habits_that_may_look_ahead_are_noted(self, tmp_path: Path) -> None:
        text = "df = df.copy()\nx = [df['close'].iloc[i + 1] for i in range(3)]\ny = df['close'][::-1]\n"
        form = dialects.load(written(tmp_path, text + "df['open_long'] = df.index == 2\n"), symbols=["S"]).form
        assert form.notes == (
            "line 2: [i + 1] may read bars of the future", "line 3: [::-1] may read bars of the future",
        )  # fmt: skip
