"""Who looks at the page, and what they may do.

The server's guard says who it is (``st.user``), once for each connection; when a role changes, the connection is closed
and opened again. Nothing that a browser sends can say it. Who is not known may nothing.
"""

from typing import Any, Final, Literal

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from components import markup
from quantstrip.operations.roles import ROLES, Identity, allows

Role = Literal["viewer", "operator", "admin"]
MAY: Final[dict[str, str]] = {
    "viewer": "look at what happens",
    "operator": "run what is there: clients, trades, messages, backtests",
    "admin": "decide what runs: code, packages, settings",
}

PAGES: Final[dict[str, Role]] = {
    "home": "viewer",
    "monitor": "viewer",
    "client": "viewer",
    "python": "admin",
    "backtest": "viewer",
    "market": "viewer",
    "validation": "viewer",
    "packages": "viewer",
    "reporting": "viewer",
    "trade": "viewer",
    "journal": "viewer",
    "sql": "operator",
    "logging": "viewer",
    "notifications": "viewer",
    "settings": "admin",
    "maintenance": "operator",
    "users": "viewer",
}
"""Who may open each file of ``screens/``; one that is not here can be opened by nobody.

On *Users* who is no admin finds their own password alone.
"""


def page(file: str, **options: Any) -> StreamlitPage:
    """``st.Page``; the navigation shows it to whom it is for. By its address it can be reached, and says why not."""
    if not may(PAGES[file.removeprefix("screens/").removesuffix(".py")]):
        options["visibility"] = "hidden"
    return st.Page(file, **options)


def run(chosen: StreamlitPage) -> None:
    """Run the page that was chosen, or say who may open it."""
    needed = PAGES[chosen.url_path or "home"]
    if may(needed):
        chosen.run()
    else:
        st.html(markup.tag("div", markup.tag("h1", markup.text(chosen.title)), "qs-title"))
        explain(needed)


def identity() -> Identity:
    """Who looks at this page; all is "" where nobody is known."""
    said = st.user.to_dict()  # once: each look at it asks Streamlit for its secrets too
    return Identity(*(str(said.get(field) or "") for field in ("name", "role", "way")))


def may(role: Role) -> bool:
    """True when who looks may do what ``role`` may."""
    return allows(identity().role, role)


def require(role: Role) -> None:
    """Stop the page, with an explanation, unless who looks may do what ``role`` may."""
    if not may(role):
        explain(role)
        st.stop()


def explain(role: Role) -> None:
    """Say what is needed, and what who looks has."""
    who = identity()
    have = f"You are logged in as {who.name}, whose role is {who.role}." if who.role in ROLES else "You have no role."
    words = f"{have} This needs the role {role}, which may {MAY[role]}."
    hint = f"An admin can change it: on the page Users, or by quantstrip user role {who.name or 'NAME'} {role}"
    strong = markup.tag("strong", markup.text(words))
    st.html(markup.notice("warn", markup.join(strong, markup.tag("div", markup.text(hint), "qs-hint"))))
