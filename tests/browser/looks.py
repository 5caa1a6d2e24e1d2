"""A page at a desk and on a phone, in light and dark: nothing runs out of the window."""

from pathlib import Path

from playwright.sync_api import Page

BACKGROUND = {"light": "rgb(255, 255, 255)", "dark": "rgb(14, 20, 26)"}
_PARTS = "[data-testid=stMain] :is(button, input, .qs-title, .qs-setting, .qs-log)"
_OVERFLOWING = f"""() => [...document.querySelectorAll("{_PARTS}")]
    .filter(part => part.getBoundingClientRect().right > window.innerWidth + 1).map(part => part.innerText)"""


def fits(page: Page, pictures: Path, name: str) -> None:
    """Look at the page in each size and colour scheme, keep pictures, and end as it began."""
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        for width, height in ((390, 844), (1440, 900)):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(300)  # it is laid out anew
            page.screenshot(path=pictures / f"{name}-{scheme}-{width}.png")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(_OVERFLOWING) == []
        background = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
        assert page.evaluate(background) == BACKGROUND[scheme]
