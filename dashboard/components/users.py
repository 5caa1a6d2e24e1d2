"""Users as the page shows them, and its dialogs: add, another role, another password, remove.

Passwords are written and never read: what a browser typed goes to ``quantstrip.operations`` and nowhere else.
"""

from collections.abc import Mapping
from typing import Final

import streamlit as st

from components import dialogs, markup, roles, times
from components.dialogs import Body
from components.markup import Html
from quantstrip.clock import from_text
from quantstrip.errors import ConfigError, SecretError
from quantstrip.home import Home
from quantstrip.operations import users
from quantstrip.operations.passwords import SHORTEST
from quantstrip.operations.roles import ROLES
from quantstrip.operations.users import UserInfo

LENGTH: Final = f"{SHORTEST} signs or more; length is what counts."
_LOGINS: Final = {"password": "a password", "oidc": "single sign-on (OIDC)"}


def row(info: UserInfo) -> Html:
    """One user: name, role, way of login, since when."""
    marks = [
        markup.tag("b", markup.text(info.name)),
        markup.chip(info.role, "info" if info.role == "admin" else "idle"),
    ]
    marks += [markup.chip("you")] if info.name == roles.identity().name else []
    facts = [f"logs in by {_LOGINS[info.login]}", f"added {times.moment(from_text(info.created))}"]
    small = markup.tag("div", markup.text(" \N{MIDDLE DOT} ".join(facts)), "qs-item-facts")
    return markup.tag("div", markup.join(markup.tag("div", markup.join(*marks), "qs-item-head"), small), "qs-item")


def bodies(home: Home) -> Mapping[str, tuple[str, Body]]:
    """The dialogs by their kinds."""
    return {
        "add-user": ("Add a user", lambda _: add(home)),
        "user-role": ("Another role", lambda name: change_role(home, name)),
        "user-password": ("Another password", lambda name: set_password(home, name)),
        "remove-user": ("Remove a user", lambda name: remove(home, name)),
    }


def add(home: Home) -> None:
    """A user, with a password or as the provider of single sign-on knows them."""
    login = st.radio("Logs in by", list(_LOGINS), format_func=_LOGINS.__getitem__, horizontal=True, key="user-login")
    with st.form("user-form", border=False):
        if login == "oidc":
            name = st.text_input("Identity", key="user-identity", placeholder="ann@example.com")
            st.caption("What the provider says of them: an e-mail address mostly, see the setting oidc.claim.")
        else:
            name = st.text_input("Name", key="user-name", autocomplete="off", placeholder="ann")
        role = _role("viewer", "user-new-role")
        password = None if login == "oidc" else _twice("user-new")
        if st.form_submit_button("Add", type="primary", key="user-add-now"):
            fresh = None if password is None else same(*password)
            users.add_user(home, name.strip(), role, fresh, by=roles.identity().name)
            dialogs.done(f"{name.strip()} may log in, as {role}")


def change_role(home: Home, name: str) -> None:
    """What a user may do from now on."""
    now = _known(home, name)
    with st.form("role-form", border=False):
        st.text(f"{name} is {now.role}. Open pages of theirs follow within seconds.{_yourself(name)}")
        role = _role(now.role, "user-other-role")
        if st.form_submit_button("Save", type="primary", key="user-role-now"):
            users.set_role(home, name, role, by=roles.identity().name)
            dialogs.done(f"{name} is {role} now")


def set_password(home: Home, name: str) -> None:
    """A password in place of one that was forgotten, or of single sign-on."""
    now = _known(home, name)
    also = " They can then log in by it, too." if now.login == "oidc" else ""
    with st.form("password-form", border=False):
        st.text(f"A new password for {name}; every login of theirs ends.{also}{_yourself(name)}")
        password = _twice("user-other")
        if st.form_submit_button("Save", type="primary", key="user-password-now"):
            users.set_password(home, name, same(*password), by=roles.identity().name)
            dialogs.done(f"{name} has a new password, and is logged out everywhere")


def remove(home: Home, name: str) -> None:
    """Ask, then forget a user."""
    st.text(f"Remove the user {name}? Every login of theirs ends, and they cannot log in again.{_yourself(name)}")
    if dialogs.buttons("Remove", key="remove-user-now", danger=True):
        users.remove_user(home, name, by=roles.identity().name)
        dialogs.done(f"{name} is removed, and is logged out everywhere")


def same(password: str, again: str) -> str:
    """The password that was entered twice.

    Raises:
        SecretError: the two differ.

    """
    if password != again:
        raise SecretError("the two passwords are not the same; nothing was changed", hint="Enter it twice.")
    return password


def _role(now: str, key: str) -> str:
    captions = [roles.MAY[role] for role in ROLES]
    return st.radio("Role", ROLES, ROLES.index(now), captions=captions, key=key)


def _twice(key: str) -> tuple[str, str]:
    first = st.text_input("Password", type="password", autocomplete="new-password", key=f"{key}-password", help=LENGTH)
    again = st.text_input("The same again", type="password", autocomplete="new-password", key=f"{key}-again")
    return first, again


def _known(home: Home, name: str) -> UserInfo:
    found = next((each for each in users.list_users(home) if each.name == name), None)
    if found is None:
        raise ConfigError(f"there is no user {name!r}", hint="They were removed meanwhile.")
    return found


def _yourself(name: str) -> str:
    return " That is you: this page is closed too." if name == roles.identity().name else ""
