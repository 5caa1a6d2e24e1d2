"""Typing in a code editor as a person does."""

from playwright.sync_api import Locator, Page


def editor(page: Page, name: str) -> Locator:
    """The editor that a screen reader calls by that name."""
    return page.get_by_role("textbox", name=name, exact=True)


def rewrite(page: Page, name: str, text: str) -> Locator:
    """Let a text take the place of all that is in it, at once."""
    found = editor(page, name)
    found.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)
    return found


def append(page: Page, name: str, text: str) -> Locator:
    """Type at its end, key by key."""
    found = editor(page, name)
    found.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(text)
    return found
