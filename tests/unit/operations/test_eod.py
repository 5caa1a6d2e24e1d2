"""The end-of-day summary: which session, which mode, what it says, and that its amounts are those of the views."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from quantstrip.clock import DAY, MINUTE, from_text
from quantstrip.config import SettingsManager
from quantstrip.errors import DataError, ReportError
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.model import Instrument
from quantstrip.operations import clients, eod

FRIDAY = from_text("2026-11-20 21:15:00")
Trade = Callable[..., None]


@pytest.fixture
def trade(ledger: Ledger) -> Trade:
    """A fill of ten at a price, with a commission of one."""

    def fill(
        strategy: str, symbol: str, side: str, price: float, day: str, *, mode: str = "live", currency: str = "USD"
    ) -> None:
        number = ledger.query("SELECT COUNT(*) FROM execution")[1][0][0]
        ledger.set_instrument(Instrument(symbol, currency=currency))
        ledger.insert_strategy(strategy, currency=currency)
        order = ledger.insert_order(
            None, strategy, None, "U1", symbol, side, "MKT", 10, mode=mode, currency=currency
        )  # fmt: skip
        ledger.insert_execution(
            f"x{number}", order, side=side, quantity=10, price=price, exec_time=f"{day} 15:00:00", mode=mode,
            currency=currency,
        )  # fmt: skip
        ledger.insert_commission(f"x{number}", 1.0, currency)

    return fill


def text(home: Home, now: int = FRIDAY, **which: Any) -> str:
    return eod.summarise(home, eod.due_now(home, now=now, **which)).body("").text


class TestWhichSession:
    @pytest.mark.parametrize(
        ("now", "session"),
        [
            ("2026-11-20 21:14:59", "2026-11-19"),
            ("2026-11-20 21:15:00", "2026-11-20"),
            ("2026-11-22 12:00:00", "2026-11-20"),
            ("2026-11-26 23:00:00", "2026-11-25"),  # Thanksgiving
            ("2026-11-27 18:15:00", "2026-11-27"),  # closes at 13:00
        ],
    )
    def test_is_the_last_that_closed_a_quarter_of_an_hour_ago(self, made_home: Home, now: str, session: str) -> None:
        due = eod.due_now(made_home, now=from_text(now))
        assert (str(due.session), str(due.day), due.closed) == (session, session, True)

    def test_follows_the_exchange_and_the_delay_of_the_settings(self, made_home: Home) -> None:
        SettingsManager(made_home).set_by_path("eod.calendar", "LSE")
        SettingsManager(made_home).set_by_path("eod.delay_minutes", 0.0, "float")
        assert str(eod.due_now(made_home, now=from_text("2026-11-20 16:30:00")).session) == "2026-11-20"
        assert str(eod.due_now(made_home, now=from_text("2026-11-20 16:29:59")).session) == "2026-11-19"

    def test_of_an_exchange_that_is_none_is_refused(self, made_home: Home) -> None:
        SettingsManager(made_home).set_by_path("eod.calendar", "MARS")
        with pytest.raises(DataError, match="no exchange calendar is called 'MARS'"):
            eod.due_now(made_home)

    def test_on_a_day_without_one_or_before_it_began_is_refused(self, made_home: Home) -> None:
        for day in (date(2026, 11, 21), date(2026, 11, 23)):
            with pytest.raises(ReportError, match=f"XNYS has no session on {day} that has begun"):
                eod.due_now(made_home, now=FRIDAY, day=day)

    def test_that_goes_on_says_so(self, made_home: Home) -> None:
        now = from_text("2026-11-20 16:00:00")
        due = eod.due_now(made_home, now=now, day=date(2026, 11, 20))
        assert not due.closed
        assert "The session is not over: these are figures of so far." in text(made_home, now, day=due.day)

    def test_and_half_day_are_told_in_the_users_zone(self, made_home: Home) -> None:
        SettingsManager(made_home).set_by_path("platform.timezone", "Asia/Tokyo")
        said = text(made_home, from_text("2026-11-27 18:15:00"))
        assert "XNYS closed at 2026-11-28 03:00 Asia/Tokyo, a half-day." in said
        assert "End of day, Friday 2026-11-27" in said


class TestWhichMode:
    def test_is_live_where_there_is_nothing_at_all(self, made_home: Home) -> None:
        assert eod.due_now(made_home, now=FRIDAY).mode == "live"

    @pytest.mark.parametrize(
        ("there", "shown"),
        [(["replay", "paper", "live"], "live"), (["replay", "paper"], "paper"), (["replay"], "replay")],
    )
    def test_is_live_before_paper_before_replay_and_never_two(
        self, made_home: Home, trade: Trade, there: list[str], shown: str
    ) -> None:
        for mode in there:
            trade(f"in-{mode}", "AAPL", "BUY", 100.0, "2026-11-20", mode=mode)
        said = text(made_home)
        assert f"Mode {shown}" in said
        assert [mode for mode in there if f"in-{mode}" in said] == [shown]

    def test_can_be_chosen_by_setting_and_by_option(self, made_home: Home, trade: Trade) -> None:
        for mode in ("live", "paper"):
            trade(f"in-{mode}", "AAPL", "BUY", 100.0, "2026-11-20", mode=mode)
        SettingsManager(made_home).set_by_path("eod.mode", "paper")
        assert "in-paper" in text(made_home)
        assert "in-live" in text(made_home, mode="live")
        with pytest.raises(ReportError, match="'real' is no mode"):
            eod.due_now(made_home, mode="real")

    def test_replay_shows_the_date_that_its_feed_has_reached(
        self, made_home: Home, ledger: Ledger, trade: Trade
    ) -> None:
        trade("trend", "AAPL", "BUY", 100.0, "2012-06-04", mode="replay")
        due = eod.due_now(made_home, now=FRIDAY)
        assert (str(due.day), due.key) == ("2012-06-04", "eod replay 2012-06-04")
        ledger.open_strategy_run("run", "client", "trend", "replay", "SIM", "code", {}, "sample", 100_000)
        with ledger.get_connection() as raw:
            raw.execute("UPDATE strategy_run SET feed_date = '2012-06-07'")
        assert str(eod.due_now(made_home, now=FRIDAY).day) == "2012-06-07"

    def test_replay_that_holds_has_no_new_day(self, made_home: Home, ledger: Ledger) -> None:
        ledger.open_strategy_run("run", "client", "trend", "replay", "SIM", "code", {}, "sample", 100_000)
        now = ledger.store.now()
        assert not eod.is_done(made_home, eod.due_now(made_home, now=now))
        assert eod.is_done(made_home, eod.due_now(made_home, now=now + 7 * DAY))


class TestAmounts:
    def test_are_those_of_the_views_to_the_cent(self, made_home: Home, ledger: Ledger, trade: Trade) -> None:
        trade("one", "AAPL", "BUY", 100.0, "2026-11-18")
        trade("one", "AAPL", "SELL", 107.77, "2026-11-20")
        trade("two", "MSFT", "BUY", 50.0, "2026-11-19")
        trade("three", "SAP", "BUY", 10.0, "2026-11-20", currency="EUR")
        ledger.insert_mtm_price("2026-11-19", "MSFT", 51.5)
        ledger.insert_mtm_price("2026-11-20", "MSFT", 49.13)
        ledger.insert_mtm_price("2026-11-20", "SAP", 11.0)
        ledger.insert_mtm_price("2026-11-18", "EURUSD", 1.1)
        summary = eod.summarise(made_home, eod.due_now(made_home, now=FRIDAY))
        tiles = {name: cell.text for name, cell in summary.page.tiles}
        (today, total, fills, commission), = ledger.query(
            "SELECT total_pnl, cumulative_pnl, fills, commission FROM v_portfolio_daily WHERE trade_date = '2026-11-20'"
        )[1]  # fmt: skip
        assert tiles == {
            "Day, USD": f"{today:,.2f}", "Total, USD": f"{total:,.2f}", "Fills": str(fills),
            "Commission, USD": f"{commission:,.2f}",
        }  # fmt: skip
        assert tiles == {"Day, USD": "62.90", "Total, USD": "75.90", "Fills": "2", "Commission, USD": "2.10"}
        pnl = next(block for block in summary.page.blocks if block.title.startswith("Profit"))
        parts = {item.name: [cell.text for cell in item.cells] for item in pnl.items}
        assert parts == {"one": ["76.70", "75.70"], "three": ["9.90", "9.90"], "two": ["-23.70", "-9.70"]}

    def test_that_lack_a_rate_are_left_out_and_the_rate_is_named(self, made_home: Home, trade: Trade) -> None:
        trade("euros", "SAP", "BUY", 10.0, "2026-11-20", currency="EUR")
        said = text(made_home)
        left_out = "There is no rate EURUSD, so 1 session is left out of all amounts: euros on 2026-11-20."
        assert left_out in said
        assert "Day, USD: -\n" in said
        assert "Total, USD: -\n" in said
        assert "no exchange rate: EURUSD" in said

    def test_of_a_day_without_anything_are_zero_and_the_total_stays(self, made_home: Home, trade: Trade) -> None:
        trade("one", "AAPL", "BUY", 100.0, "2026-11-17")
        trade("one", "AAPL", "SELL", 101.0, "2026-11-17")
        said = text(made_home)
        assert "Day, USD: 0.00" in said
        assert "Total, USD: 8.00" in said


class TestWhatItTells:
    def test_positions_with_the_age_of_their_price(self, made_home: Home, ledger: Ledger, trade: Trade) -> None:
        trade("one", "AAPL", "BUY", 100.0, "2026-11-18")
        said = text(made_home)
        assert "AAPL 10" in said
        (age,) = ledger.query("SELECT mark_age_days FROM v_positions")[1][0]
        assert f"last fill, 2026-11-18, {age} days old: no close is known since" in said or age < 2

    def test_no_positions_for_a_session_that_others_followed(self, made_home: Home, trade: Trade) -> None:
        trade("one", "AAPL", "BUY", 100.0, "2026-11-18")
        said = text(made_home, day=date(2026, 11, 18))
        assert "They are known for now only" in said
        assert "BUY 10 AAPL at 100" in said

    def test_missed_and_failed_jobs_alerts_halts_and_what_is_switched_off(
        self, made_home: Home, ledger: Ledger
    ) -> None:
        now = ledger.store.now()
        run = ledger.start_client_run("rebalance", 1, "code", "live", "")
        ledger.record_missed_job("rebalance", "trade every 1 day", now - DAY // 2, run)
        failed = ledger.begin_job("rebalance", "report every 1 day", now, run)
        assert failed is not None
        ledger.finish_job(failed, "failed", "Traceback ...\nOSError: no prices")
        ledger.alert("client_crashed", "rebalance crashed", "trace", client="rebalance")
        ledger.kill_entries("rebalance", "holidays")
        due = replace(eod.due_now(made_home, now=now), since=now - DAY, until=now + DAY)
        said = eod.summarise(made_home, due).body("").text
        assert "rebalance: entries are switched off" in said
        assert "holidays" in said
        for words in ("rebalance crashed", "trade every 1 day", "missed, due", "OSError: no prices"):
            assert words in said
        later = eod.summarise(made_home, replace(due, since=now + DAY, until=now + 2 * DAY)).body("").text
        assert "rebalance crashed" not in later
        assert "trade every 1 day" not in later
        assert "entries are switched off" in later, "they still are"

    def test_what_is_to_run_and_does_not(self, made_home: Home) -> None:
        clients.deploy(made_home, "db_backup")
        clients.deploy(made_home, "mtm_prices", start=False)
        said = text(made_home)
        assert re.search(r"db_backup +not running", said)
        assert "mtm_prices" not in said, "nobody wants it to run"

    def test_every_moment_of_the_machine_belongs_to_one_summary(self, made_home: Home) -> None:
        due = eod.due_now(made_home, now=from_text("2026-11-20 22:00:00"))
        for _ in range(10):  # over Thanksgiving, half-days and weekends
            before, after = due, due.calendar.next_session(due.session)
            due = eod.due_now(made_home, now=due.calendar.close_ts(after) + 15 * MINUTE)
            assert (due.session, due.since) == (after, before.until)

    def test_html_and_text_say_the_same_and_names_are_escaped(self, made_home: Home, trade: Trade) -> None:
        trade("<b>mine</b>", "AAPL", "BUY", 100.0, "2026-11-20")
        summary = eod.summarise(made_home, eod.due_now(made_home, now=FRIDAY))
        body = summary.body("cid:x.png")
        assert body.problem == ""
        assert "<b>mine" not in body.html
        for block in summary.page.blocks:
            assert block.title in body.text
            assert block.title in body.html
        assert summary.picture.startswith(b"\x89PNG")
        assert 'src="data:image/png;base64,' in summary.html

    def test_a_template_of_ones_own_with_an_error_costs_the_look_alone(self, made_home: Home) -> None:
        folder = made_home.settings / "templates"
        folder.mkdir()
        (folder / "eod.html.j2").write_text("{{ nothing.there }}")
        summary = eod.summarise(made_home, eod.due_now(made_home, now=FRIDAY))
        body = summary.body("", folder)
        assert body.html == ""
        assert "Profit and loss" in body.text
        assert "a template has an error: eod.html.j2" in body.text
