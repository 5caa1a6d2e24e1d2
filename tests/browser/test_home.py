"""Home shows the ledger's figures, lives without reloading, and fits its window."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from quantstrip.clock import to_datetime
from quantstrip.ledger import open_ledger
from quantstrip.operations import clients, portfolio
from tests.browser.conftest import PATIENCE, Visitor, running_demo, until

pytestmark = pytest.mark.browser

OVERFLOWING = """() => [...document.querySelectorAll('[data-testid=stMain] button, .qs-tile, .qs-title, .qs-client')]
    .filter(part => part.getBoundingClientRect().right > window.innerWidth + 1).map(part => part.innerText)"""


SCREEN = """() => {
    const cells = name => [...document.querySelectorAll(`table[aria-label="${name}"] tbody tr`)]
        .map(row => [...row.cells].map(cell => cell.innerText));
    const value = (place, part) => document.querySelectorAll(".qs-tile")[place].querySelector(part).firstChild;
    return {
        note: value(0, ".qs-tile-note").textContent, today: value(0, ".qs-tile-value").textContent,
        total: value(1, ".qs-tile-value").textContent, count: value(3, ".qs-tile-value").textContent,
        strategies: cells("Strategies"), fills: cells("Last fills"),
    };
}"""


WHOLE = f"""() => {{
    const look = ({SCREEN})();
    const last = look.strategies.at(-1);
    return look.note.endsWith(last[1]) && look.total === last[6] && look.today === last[2] && look;
}}"""


def cents(shown: str) -> int:
    return round(float(shown.replace(",", "")) * 100)


def tile(page: Page, name: str) -> str:
    found = page.locator(".qs-tile").filter(has=page.get_by_text(name, exact=True))
    return found.inner_text()


def rows(page: Page, label: str) -> list[list[str]]:
    table = page.get_by_role("table", name=label)
    expect(table).to_be_visible()
    return [row.locator("td").all_inner_texts() for row in table.locator("tbody tr").all()]


def test_the_figures_are_those_of_the_ledger(visitor: Any, demo: Any) -> None:
    page = visitor.window()
    view = portfolio.overview(demo.home)
    expect(page.locator(".qs-chip").first).to_have_text("REPLAY")
    assert tile(page, "Today's PnL").split("\n") == [
        "Today's PnL", f"{view.portfolio.today:+,.2f} USD", "replay session 2013-03-01",
    ]  # fmt: skip
    assert tile(page, "Total PnL").split("\n")[1] == f"{view.portfolio.total:+,.2f} USD"
    assert tile(page, "Fills").split("\n")[1] == f"{view.portfolio.fills:,}"
    assert view.portfolio.fills > 100
    assert tile(page, "Clients running").split("\n")[1] == "2 of 2"
    shown = {row[0]: (row[6], row[9]) for row in rows(page, "Strategies")}
    assert shown == {row.strategy: (f"{row.total:+,.2f}", f"{row.fills:,}") for row in view.strategies} | {
        "Portfolio": (f"{view.portfolio.total:+,.2f}", f"{view.portfolio.fills:,}")
    }
    assert [row[0].split() for row in rows(page, "Open positions")] == [
        [held.symbol, held.strategy] for held in view.positions
    ]


def test_while_a_replay_runs_everything_on_the_screen_is_of_one_moment(
    chromium: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Twenty looks at a replay of thirteen years in forty seconds; each reads the screen at one instant."""
    with running_demo(tmp_path_factory.mktemp("moving") / "home", 40.0) as demo:
        visitor = Visitor(chromium, demo)
        page = visitor.window()
        expect(page.get_by_role("table", name="Strategies")).to_contain_text("Portfolio")
        seen: list[Any] = []
        while (len(seen) < 20 or len({look["note"] for look in seen}) < 3) and not demo.replayed():
            # A refresh arrives in parts, from the top; it is there when the last of them is.
            seen.append(page.wait_for_function(WHOLE, timeout=30_000).json_value())
            page.wait_for_timeout(400)
        assert len({look["note"] for look in seen}) > 2, "the replay moved meanwhile"
        for look in seen:
            *strategies, portfolio_row = look["strategies"]
            session = look["note"].removeprefix("replay session ")
            assert portfolio_row[1] == session == max(row[1] for row in strategies)
            assert all(fill[0][:10] <= session for fill in look["fills"])
            now = [row for row in strategies if row[1] == session]  # one that fell far behind is shown where it is
            assert abs(cents(look["today"]) - sum(cents(row[2]) for row in now)) <= len(strategies)
            assert abs(cents(look["total"]) - sum(cents(row[6]) for row in strategies)) <= len(strategies)
            assert int(look["count"].replace(",", "")) == sum(int(row[9].replace(",", "")) for row in strategies)
        until("the replay has ended", demo.replayed, 120)
        rows_of = "SELECT strategy, net_pnl, total_pnl, fills FROM v_strategy_pnl WHERE current_run = 1 ORDER BY 1"
        held = open_ledger(demo.home).query(rows_of)[1]
        total = f"{sum(row[2] for row in held):+,.2f} USD"
        expect(page.locator(".qs-tile").nth(1)).to_contain_text(total)
        last = page.wait_for_function(WHOLE).json_value()
        assert last["count"] == f"{sum(row[3] for row in held):,}"
        assert [row[6] for row in last["strategies"][:-1]] == [f"{row[2]:+,.2f}" for row in held]
        visitor.leave()


def test_times_are_in_the_browsers_zone_with_the_zone_shown(visitor: Any, demo: Any) -> None:
    page = visitor.window()
    newest = to_datetime(portfolio.overview(demo.home).fills[0].time)
    assert newest.strftime("%H:%M") in ("20:00", "21:00")  # New York's close, UTC
    first = rows(page, "Last fills")[0]
    assert first[0] == f"{newest:%Y-%m-%d} 22:00"  # the same moment in Zurich, summer and winter
    expect(page.get_by_role("columnheader", name="Time (Europe/Zurich)")).to_be_visible()


def test_the_chart_draws_each_strategy_and_the_portfolio(visitor: Any) -> None:
    page = visitor.window()
    expect(page.locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(3)
    assert page.locator(".js-plotly-plot .legendtext").all_text_contents() == ["ma_cross", "rsi_reversion", "Portfolio"]
    page.get_by_role("radio", name="Equity").click()
    expect(page.locator(".js-plotly-plot .ytick text").last).to_contain_text("k")


WATCH = """() => {
    window.seen = {missing: [], looks: 0, updates: 0};
    const parts = {
        tiles: ['.qs-tile', 5], curves: ['.js-plotly-plot .scatterlayer .trace', 3], tables: ['table.qs-table', 5],
    };
    const look = () => {
        for (const [name, [css, count]] of Object.entries(parts)) {
            const found = document.querySelectorAll(css).length;
            // What the first load still moves about is no flicker of an update.
            if (found !== count && window.seen.updates > 0) {
                window.seen.missing.push([Math.round(performance.now()), name, found]);
            }
        }
        window.seen.looks += window.seen.updates > 0 ? 1 : 0;
        requestAnimationFrame(look);
    };
    look();
    // The page may replace any element, also one that is watched: so the whole document is, but for the chart.
    new MutationObserver(changes => {
        const beside = ({target}) => {
            const element = target.parentElement ?? target;
            return element.closest('[data-testid="stMain"]') && !element.closest('.js-plotly-plot');
        };
        if (changes.some(beside)) window.seen.updates += 1;
    }).observe(document.body, {childList: true, characterData: true, subtree: true});
}"""


def test_it_updates_without_a_reload_and_without_a_flicker(visitor: Any, demo: Any) -> None:
    before = clients.client_status(demo.home, "ma_cross")
    page = visitor.window()
    expect(page.locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(3)
    expect(page.locator("table.qs-table")).to_have_count(5)
    page.evaluate(WATCH)
    try:
        for number in range(4):  # nothing else is sure to change: ages may stand where they were
            open_ledger(demo.home).set_client("ma_cross", display_name=f"Averages {number}")
            expect(page.locator(".qs-health")).to_contain_text(f"Averages {number}")
    finally:
        open_ledger(demo.home).set_client("ma_cross", display_name=before.display_name)
    page.wait_for_function("() => window.seen.updates >= 4 && window.seen.looks >= 30", timeout=PATIENCE)
    assert page.evaluate("window.seen.missing") == [], "each painted frame is whole"


CUT = """() => [...document.querySelectorAll('.qs-scroll')].flatMap(box => [...box.querySelectorAll('td')]
    .filter(cell => cell.getBoundingClientRect().right > box.getBoundingClientRect().right + 1)
    .map(cell => cell.innerText))"""


@pytest.mark.parametrize("width", [1440, 1280, 1100, 390])
def test_no_table_is_cut_whatever_the_window(visitor: Any, demo: Any, pictures: Path, width: int) -> None:
    page = visitor.window(width=width, height=1000)
    held = portfolio.overview(demo.home).positions
    assert [row[3] for row in rows(page, "Open positions")] == [f"{one.unrealised:+,.2f}" for one in held]
    page.screenshot(path=pictures / f"home-tables-{width}.png")
    assert page.evaluate(CUT) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/monitor"])
def test_it_fits_a_desk_and_a_phone_in_light_and_dark(visitor: Any, pictures: Path, path: str, scheme: str) -> None:
    page = visitor.window(path, color_scheme=scheme)
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        grid = page.get_by_test_id("stDataFrame").locator("tbody tr")
        ready = page.locator(".js-plotly-plot .scatterlayer .trace") if path == "/" else grid
        expect(ready).to_have_count(3 if path == "/" else 2)
        page.wait_for_timeout(500)  # the chart is drawn again for the new width
        page.screenshot(path=pictures / f"{path.strip('/') or 'home'}-{scheme}-{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(OVERFLOWING) == []
    background = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(14, 20, 26)"}[scheme]
