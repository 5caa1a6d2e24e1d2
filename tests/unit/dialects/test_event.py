"""Event scripts: what their intents become, what they see of their books, and what is refused."""

import os
from pathlib import Path
from typing import Any

import pytest

from quantstrip import dialects
from quantstrip.backtest import run_backtest
from quantstrip.clock import DAY
from quantstrip.dialects.event import EventStrategy
from quantstrip.errors import StrategyFault, StrategyLoadError
from quantstrip.matching import FREE, CostModel
from quantstrip.model import Instrument
from tests.unit.backtest.walks import walk
from tests.unit.dialects.scripts import bars, fills, loaded, traded, written

FLAT = [100.0] * 12


def script(folder: Path, **days: str) -> Path:
    """A script that runs a statement on each day named: ``d3="ctx.open_long(amount=100)"``."""
    cases = "\n".join(f"    if day == {day[1:]}:\n        {text}" for day, text in days.items())
    return written(folder, f"def on_bar(ctx, bar):\n    day = bar.timestamp.toordinal() - 719164\n{cases}\n")


class TestIntents:
    def test_an_amount_is_money_at_the_close_that_decides_and_fills_at_the_next_open(self, tmp_path: Path) -> None:
        table = bars([100.0, 100.0, 50.0, 50.0, 80.0], opens=[100.0, 100.0, 100.0, 40.0, 60.0])
        file = script(tmp_path, d2="ctx.open_long(amount=1000, price=1.0, reason='dip')")
        result = traded(file, table)
        assert fills(result) == ["3: BUY LONG 20 @ 40"]

    def test_a_close_takes_its_amount_off_and_all_of_it_without_one(self, tmp_path: Path) -> None:
        file = script(tmp_path, d1="ctx.open_short(amount=1000)", d3="ctx.close_short(amount=300)",
                      d5="ctx.close_short()")  # fmt: skip
        assert fills(traded(file, bars(FLAT))) == [
            "2: SELL SHORT 10 @ 100", "4: BUY SHORT 3 @ 100", "6: BUY SHORT 7 @ 100",
        ]  # fmt: skip

    def test_a_close_is_clipped_to_its_leg(self, tmp_path: Path) -> None:
        file = script(tmp_path, d1="ctx.open_long(amount=1000)", d3="ctx.close_long(amount=99999)")
        assert fills(traded(file, bars(FLAT)))[1] == "4: SELL LONG 10 @ 100"

    def test_a_rest_below_the_lot_is_closed_along(self, tmp_path: Path) -> None:
        file = script(tmp_path, d1="ctx.open_long(amount=1000)", d3="ctx.close_long(amount=950)")
        assert fills(traded(file, bars(FLAT), lot=1.0))[1] == "4: SELL LONG 10 @ 100"
        assert fills(traded(file, bars(FLAT), lot=0.5))[1] == "4: SELL LONG 9.5 @ 100"
        assert fills(traded(file, bars(FLAT)))[1] == "4: SELL LONG 9.5 @ 100"

    def test_an_entry_without_an_amount_is_what_the_rules_make_it(self, tmp_path: Path) -> None:
        file = script(tmp_path, d1="ctx.open_long()")
        assert fills(traded(file, bars(FLAT), entryPct=0.25, leverage=2)) == ["2: BUY LONG 50 @ 100"]
        assert fills(traded(file, bars(FLAT), quantity=3.0)) == ["2: BUY LONG 3 @ 100"]

    def test_an_amount_is_no_more_than_it_says_whatever_the_leverage(self, tmp_path: Path) -> None:
        file = script(tmp_path, d1="ctx.open_long(amount=1000)")
        assert fills(traded(file, bars(FLAT), entryPct=0.1, leverage=5)) == ["2: BUY LONG 10 @ 100"]

    def test_both_legs_can_be_held_at_once(self, tmp_path: Path) -> None:
        file = script(tmp_path, d1="ctx.open_long(amount=1000); ctx.open_short(amount=500)", d3="ctx.close_position()")
        assert fills(traded(file, bars(FLAT))) == [
            "2: SELL SHORT 5 @ 100", "2: BUY LONG 10 @ 100", "4: SELL LONG 10 @ 100", "4: BUY SHORT 5 @ 100",
        ]  # fmt: skip

    def test_closes_come_before_opens_however_they_are_written(self, tmp_path: Path) -> None:
        flip = "ctx.open_short(amount=9000); ctx.close_long()"
        file = script(tmp_path, d1="ctx.open_long(amount=9000)", d3=flip)
        result = traded(file, bars(FLAT))
        assert fills(result)[1:] == ["4: SELL LONG 90 @ 100", "4: SELL SHORT 90 @ 100"]
        assert result.rejected == []

    def test_the_older_words_say_which_leg_they_mean(self, tmp_path: Path) -> None:
        file = script(
            tmp_path, d1="ctx.sell(amount=1000, intent='open_short')", d3="ctx.buy(amount=400, intent='close_short')",
            d5="ctx.buy(amount=100, intent='open_long')", d7="ctx.sell(amount=100, intent='close_long', reason='out')",
        )  # fmt: skip
        assert fills(traded(file, bars(FLAT))) == [
            "2: SELL SHORT 10 @ 100", "4: BUY SHORT 4 @ 100", "6: BUY LONG 1 @ 100", "8: SELL LONG 1 @ 100",
        ]  # fmt: skip

    def test_without_an_intent_they_take_off_what_is_against_them_first(self, tmp_path: Path) -> None:
        file = script(tmp_path, d1="ctx.sell(amount=1000)", d3="ctx.buy(amount=1500)", d5="ctx.sell()")
        assert fills(traded(file, bars(FLAT))) == [
            "2: SELL SHORT 10 @ 100", "4: BUY SHORT 10 @ 100", "4: BUY LONG 5 @ 100", "6: SELL LONG 5 @ 100",
        ]  # fmt: skip

    def test_every_entry_is_protected_by_the_rules(self, tmp_path: Path) -> None:
        file = script(tmp_path, d1="ctx.open_long(amount=1000)")
        file.write_text("# @strategy stopLossPct 0.1\n" + file.read_text())
        assert fills(traded(file, bars(FLAT, lows={5: 80.0}))) == ["2: BUY LONG 10 @ 100", "5: SELL LONG 10 @ 90"]

    def test_a_rest_of_nothing_asks_for_nothing(self, tmp_path: Path) -> None:
        result = traded(script(tmp_path, d1="ctx.open_long(amount=0); ctx.close_short(amount=0.0)"), bars(FLAT))
        assert (result.fills, result.rejected) == ([], [])

    def test_what_cannot_be_done_is_recorded(self, tmp_path: Path) -> None:
        file = script(tmp_path, d1="ctx.close_long()", d2="ctx.open_short(amount=100)", d3="ctx.open_long(amount=-5)",
                      d4="ctx.open_long(amount=99999)")  # fmt: skip
        result = traded(file, bars(FLAT), tradeDirection="long")
        assert result.fills == []
        assert [(each.rule, each.reason.split(";")[0]) for each in result.rejected] == [
            ("sizing", "there is no LONG position in S to close"),
            ("tradeDirection", "this run trades long alone"),
            ("validity", "an amount of -5"),
            ("allow_margin", "positions would be worth 99,999.00 on an equity of 10,000.00"),
        ]


class TestContext:
    def test_it_shows_bars_books_and_legs_as_of_the_bar_at_hand(self, tmp_path: Path) -> None:
        file = written(
            tmp_path,
            """
            seen = []

            def on_bar(ctx, bar):
                p = ctx.position
                seen.append((len(ctx.bars(3)), ctx.bars(2)[-1] == bar, ctx.balance, ctx.equity, p.long_size,
                             p.long_entry, p.short_size, p.short_entry, int(p), p.has_long(), p.has_short(),
                             p.is_flat()))
                if len(seen) == 1:
                    ctx.open_long(amount=1000)
                if len(seen) == 2:
                    assert p > 0 and p >= 10 and not p < 0 and p == 10 and bool(p) and abs(p) == 10 and p <= 10
                    ctx.open_short(amount=3300)
                ctx.log(f"{bar.open} {bar.high} {bar.low} {bar.volume} {bar.timestamp:%Y}")
                if len(seen) == 3:
                    assert seen == [
                        (1, True, 10000.0, 10000.0, 0.0, 0.0, 0.0, 0.0, 0, False, False, True),
                        (2, True, 9000.0, 10100.0, 10.0, 100.0, 0.0, 0.0, 1, True, False, False),
                        (3, True, 12600.0, 10200.0, 10.0, 100.0, 30.0, 120.0, -1, True, True, False),
                    ], seen
            """,
        )
        strategy = loaded(file)
        table = bars([100.0, 110.0, 120.0], opens=[100.0, 100.0, 120.0])
        instruments = {"S": Instrument("S", lot_size=0.0)}
        result = run_backtest(strategy, table, cash=10_000.0, costs=FREE, instruments=instruments,
                              risk=dialects.form_named("event").risk)  # fmt: skip
        assert len(result.fills) == 2
        assert isinstance(strategy, EventStrategy)
        assert strategy.lines[0][2] == "100.0 100.0 100.0 1.0 1970"

    def test_parameters_keep_what_was_asked_for_first_and_yield_to_the_run(self, tmp_path: Path) -> None:
        file = written(
            tmp_path,
            """
            # @param size float 500 Money of an entry
            def on_init(ctx):
                ctx.param("day", 2)
                ctx.kept = []

            def on_bar(ctx, bar):
                assert ctx.param("day", 99) == ctx.param("day"), "kept from bar to bar"
                ctx.kept.append(bar)
                if len(ctx.kept) == ctx.param("day", 99):
                    ctx.open_long(amount=ctx.param("size", 1.0))
            """,
        )
        assert fills(traded(file, bars(FLAT))) == ["2: BUY LONG 5 @ 100"]
        assert fills(traded(file, bars(FLAT), day=4, size=1000)) == ["4: BUY LONG 10 @ 100"]
        found = {each.name: (each.kind, each.default) for each in dialects.declared(file)}
        assert (found["size"], found["day"]) == (("number", 500.0), ("whole", 2))
        with pytest.raises(StrategyLoadError, match="day is a whole number"):
            loaded(file, day=1.5)
        with pytest.raises(StrategyLoadError, match="takes no speed"):
            loaded(file, speed=1)

    def test_what_it_logs_comes_with_the_result_and_is_no_part_of_it(self, tmp_path: Path) -> None:
        file = script(tmp_path, d1="ctx.log('first'); ctx.open_long(amount=100)", d3="ctx.log(3)")
        result = traded(file, bars(FLAT))
        assert [(ts // DAY - 1, symbol, text) for ts, symbol, text in result.logged] == [
            (1, "S", "first"), (3, "S", "3"),
        ]  # fmt: skip
        assert b"first" not in result.to_canonical()

    def test_each_symbol_has_a_script_of_its_own(self, tmp_path: Path) -> None:
        file = written(
            tmp_path,
            """
            count = 0

            def on_bar(ctx, bar):
                global count
                count += 1
                if count == 3:
                    ctx.open_long(amount=100)
            """,
        )
        strategy = dialects.load(file, symbols=["A", "B"]).strategy
        form = dialects.form_named("event")
        result = run_backtest(strategy, [walk(9, 1, "A"), walk(9, 2, "B")], form=form, risk=form.risk,
                              instruments={name: form.instrument(name, "24/7") for name in "AB"})  # fmt: skip
        assert [(fill.symbol, fill.ts) for fill in result.fills] == [("A", walk(9).ts[3]), ("B", walk(9).ts[3])]

    def test_a_signal_only_run_tells_and_orders_nothing(self, tmp_path: Path) -> None:
        strategy = loaded(script(tmp_path, d1="ctx.open_long(amount=100)", d3="ctx.close_long()"), execution="signal")
        assert run_backtest(strategy, bars(FLAT)).fills == []
        assert isinstance(strategy, EventStrategy)
        assert [what for _, _, what, _ in strategy.told] == ["open_long", "close_long"]

    def test_the_form_starts_from_a_tenth_of_a_per_cent_and_cash(self, tmp_path: Path) -> None:
        strategy, form = dialects.load(script(tmp_path, d1="ctx.open_long()"), symbols=["S"])
        assert (form.name, form.costs, form.risk.name) == ("event", CostModel(0.0, 0.0, 0.001), "CASH_ONLY")
        assert strategy.virtual_legs


class TestRefused:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("def on_init(ctx):\n    pass\n", "line 1: the script has on_init.ctx., and no on_bar.ctx, bar."),
            ("\ndef on_bar(bar):\n    pass\n", "line 2: on_bar does not take 2 arguments"),
            ("x = 1 / 0\ndef on_bar(ctx, bar):\n    pass\n", "line 1: ZeroDivisionError"),
            ("def on_bar(ctx, bar)\n    pass\n", "line 1: SyntaxError"),
            ("def on_bar(ctx, bar):\n    yield ctx\n", "line 1: on_bar yields or is async"),
            ("def on_bar(c, b): ...\nasync def on_init(ctx): ...\n", "line 2: on_init yields or is async"),
            ("# @strategy stopLossPct 7\ndef on_bar(ctx, bar):\n    pass\n", "line 1: stopLossPct is at least 0"),
        ],
    )
    def test_by_its_text_with_the_line(self, tmp_path: Path, text: str, message: str) -> None:
        file = tmp_path / "script.py"
        file.write_text(text)
        with pytest.raises(StrategyLoadError, match=message) as caught:
            dialects.load(file, symbols=["S"])
        assert str(file) in caught.value.message

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("ctx.bars(0)", r"ctx.bars\(0\): from 1 to 5000 bars"),
            ("ctx.bars(2.5)", r"ctx.bars\(2.5\): from 1 to 5000 bars"),
            ("ctx.buy(intent='close_long')", "ctx.buy.intent='close_long'."),
            ("ctx.open_long(amount='much')", "ctx.open_long.amount='much'."),
            ("ctx.open_long(amount=float('nan'))", "ctx.open_long.amount=nan."),
            ("ctx.no_such_thing", "AttributeError"),
            ("raise SystemExit(0)", "the script ends the process"),
        ],
    )
    def test_while_it_runs_with_the_line(self, tmp_path: Path, text: str, message: str) -> None:
        with pytest.raises(StrategyFault, match=message) as caught:
            traded(script(tmp_path, d2=text), bars(FLAT))
        assert "script.py, line 4" in str(caught.value)

    def test_with_the_line_however_the_file_was_named(self, tmp_path: Path) -> None:
        file = script(tmp_path, d2="ctx.open_long(amount='much')")
        with pytest.raises(StrategyFault, match="amount='much'") as caught:
            traded(Path(os.path.relpath(file)), bars(FLAT))
        assert "script.py, line 4" in str(caught.value)

    def test_a_script_that_ends_the_process_before_its_first_bar(self, tmp_path: Path) -> None:
        file = written(tmp_path, "def on_init(ctx):\n    exit()\n\ndef on_bar(ctx, bar): ...\n")
        with pytest.raises(StrategyFault, match="ends the process") as caught:
            traded(file, bars(FLAT))
        assert "script.py, line 2" in str(caught.value)

    @pytest.mark.parametrize("head", ["ctx, bar, note=None", "*given", "ctx, bar, **more", "ctx, /, bar"])
    def test_but_not_what_can_be_called_all_the_same(self, tmp_path: Path, head: str) -> None:
        file = written(tmp_path, f"def on_bar({head}):\n    pass\n")
        assert traded(file, bars(FLAT)).fills == []

    def test_orders_before_there_is_a_bar(self, tmp_path: Path) -> None:
        file = written(tmp_path, "def on_init(ctx):\n    ctx.open_long()\n\ndef on_bar(ctx, bar): ...\n")
        with pytest.raises(StrategyFault, match="outside on_bar") as caught:
            traded(file, bars(FLAT))
        assert "script.py, line 2" in str(caught.value)


def test_its_state_is_its_own_run_s(tmp_path: Path) -> None:
    """Two runs of one file share nothing, not even the names of its own level."""
    file = written(
        tmp_path, "days = []\ndef on_bar(ctx, bar):\n    days.append(1)\n    len(days) == 2 and ctx.open_long()\n"
    )
    first: Any = fills(traded(file, bars(FLAT)))
    assert fills(traded(file, bars(FLAT))) == first == ["2: BUY LONG 100 @ 100"]
