"""Logging in, as a person does it."""

from typing import Any

import pytest
from playwright.sync_api import expect

from quantstrip.operations import access
from tests.browser.grid import row

pytestmark = pytest.mark.browser


def test_the_printed_address_logs_in_and_vanishes_from_the_address_bar(visitor: Any, demo: Any) -> None:
    page = visitor.window(login=False)
    page.goto(demo.login)
    expect(page.locator(".qs-title h1")).to_have_text("Home")
    assert page.url == f"{demo.origin}/"
    assert page.evaluate("document.cookie").count("quantstrip") == 0  # no script can read it
    page.reload()
    expect(page.locator(".qs-title h1")).to_have_text("Home")


def test_the_token_can_be_pasted_and_leads_to_the_page_that_was_asked_for(visitor: Any, demo: Any) -> None:
    visitor.refusals = {401, 403}
    page = visitor.window(login=False)
    page.goto(f"{demo.origin}/monitor?client=ma_cross")
    expect(page.get_by_role("heading")).to_have_text("Log in")
    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This token is not the dashboard's.")
    page.get_by_label("Token").fill(access.login_url(demo.home, demo.port))
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".qs-title h1")).to_have_text("Client Monitor")
    assert page.url == f"{demo.origin}/monitor?client=ma_cross"


def test_an_open_page_whose_login_ends_says_so_and_where_to_log_in(visitor: Any, demo: Any) -> None:
    page = visitor.window("/monitor")
    visitor.refusals = {401}
    visitor.outage = True  # the open websocket is closed
    access.rotate(demo.home)
    expect(page.get_by_role("alert")).to_contain_text("Your login has ended")
    page.get_by_label("Token").fill(access.token(demo.home))
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".qs-title h1")).to_have_text("Client Monitor")


def test_an_open_page_says_that_the_service_ended_and_goes_on_when_it_is_back(visitor: Any, demo: Any) -> None:
    page = visitor.window("/monitor")
    expect(row(page, "ma_cross")).to_contain_text("running")
    visitor.outage, visitor.refusals = True, {503}
    demo.run("down")
    expect(page.get_by_role("alert")).to_contain_text("The dashboard does not answer")
    expect(page.get_by_role("dialog")).to_have_count(0)
    demo.run("up", "--port", str(demo.port), "--detach")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(row(page, "ma_cross")).to_contain_text("running")


def test_a_page_of_another_site_reaches_nothing(visitor: Any, demo: Any) -> None:
    """A logged-in browser visits a hostile page: its cookie is not sent along, and nothing can be read."""
    page = visitor.window()
    hostile = page.context.new_page()
    hostile.goto("data:text/html,<h1>hostile</h1>")
    outcome = hostile.evaluate(
        """async (origin) => {
            const read = await fetch(origin + '/', {credentials: 'include'}).then(() => 'read', () => 'refused');
            const socket = new WebSocket(origin.replace('http', 'ws') + '/_stcore/stream');
            const open = await new Promise(done => {
                socket.onopen = () => done('open'); socket.onerror = () => done('refused');
            });
            return [read, open];
        }""",
        demo.origin,
    )
    assert outcome == ["refused", "refused"]
