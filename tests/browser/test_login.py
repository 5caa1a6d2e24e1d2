"""Logging in, as a person does it."""

from typing import Any

import pytest
from playwright.sync_api import expect

from quantstrip.operations import access

pytestmark = pytest.mark.browser


def test_the_printed_address_logs_in_and_vanishes_from_the_address_bar(visitor: Any, demo: Any) -> None:
    page = visitor.window(login=False)
    page.goto(demo.login)
    expect(page.locator(".qs-title h1")).to_have_text("Home")
    assert page.url == f"{demo.origin}/"
    assert page.evaluate("document.cookie").count("quantstrip") == 0  # no script can read it
    page.reload()
    expect(page.locator(".qs-title h1")).to_have_text("Home")


def test_the_token_can_be_pasted(visitor: Any, demo: Any) -> None:
    page = visitor.window(login=False)
    page.goto(f"{demo.origin}/monitor")
    expect(page.get_by_role("heading")).to_have_text("Quantstrip")
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("This token is not the dashboard's.")
    page.get_by_label("Token").fill(access.token(demo.home))
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".qs-title h1")).to_have_text("Home")


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
