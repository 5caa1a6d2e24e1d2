"""Notifications: what was sent, what waits, what failed, and how people are reached."""

from typing import Final

import streamlit as st

from components import dialogs, empty, frame, markup, note_dialogs, notes, roles, service_state
from components.tiles import Tile, tiles
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import alerts, inbox, notifications, recipients

REFRESH_SECONDS: Final = 2
_STEP: Final = 25
_MOST: Final = 500
_COUNT: Final = "inbox-count"
_BOX: Final = "inbox-box"


def main(home: Home) -> None:
    """Show the page. The dialogs stand outside of what updates by itself, so that no refresh touches them."""
    with frame.boundary():
        frame.title_where_silent(home, "Notifications")  # the page says so once, and shows nothing else
        frame.title("Notifications")
        frame.say_notice()
        note_dialogs.show(home)
        overview(home)
        parts = {"Inbox": messages, "Alerts": warned, "Accounts": accounts, "Recipients": people}
        for tab, body in zip(st.tabs(list(parts), key="note-tabs", on_change="rerun"), parts.values(), strict=True):
            if tab.open:
                with tab:
                    body(home)


@st.fragment(run_every=REFRESH_SECONDS)
def overview(home: Home) -> None:
    """How many there are of each, and what to do first."""
    with frame.boundary():
        with st.container(key="note-said"):  # what comes and goes has a place of its own
            service_state.needed(home, "notifier", "so no message is sent: what is written waits")
        counts, ways = inbox.box_counts(home), notifications.health(home)
        unseen = alerts.unseen_alerts(home)
        failed = counts["failed"]
        tiles(
            [
                Tile("Waiting", f"{counts['waiting']:,}", "", "to be sent"),
                Tile("Failed", _toned(failed), "", f"{ways.dead:,} of them given up"),
                Tile("Sent", f"{counts['sent']:,}", "", "and still kept"),
                Tile("New alerts", _toned(unseen), "", "nobody has seen"),
                Tile("Ways to reach you", f"{ways.accounts + ways.channels}", "", f"{ways.channels} of them channels"),
            ]
        )
        if not ways.accounts and not ways.channels:
            st.html(empty.no_accounts())


@st.fragment(run_every=REFRESH_SECONDS)
def messages(home: Home) -> None:
    """The inbox."""
    with frame.boundary():
        counts = inbox.box_counts(home)
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            box = st.segmented_control(
                "Box",
                list(inbox.BOXES),
                default="all",
                required=True,
                wrap=True,
                key=_BOX,
                format_func=lambda name: f"{name.capitalize()} {counts.get(name, 0):,}",
                label_visibility="collapsed",
            )
            if box == "failed" and counts["failed"]:
                _asks("Send all again", "resend", "", icon="send", role="operator")
        most = st.session_state.get(_COUNT, _STEP)
        found = inbox.inbox(home, box, most + 1)
        if not found:
            st.html(empty.no_messages(box))
        for each in found[:most]:
            with st.container(horizontal=True, vertical_alignment="center", key=f"item-message-{each.id}"):
                st.html(notes.message(each), width="stretch")
                _asks("Open", "message", str(each.id))
        if len(found) > most and most < _MOST:
            st.button("Older", key="inbox-older", on_click=_more, args=(most,))


@st.fragment(run_every=REFRESH_SECONDS)
def warned(home: Home) -> None:
    """What a person should know."""
    with frame.boundary():
        found = alerts.list_alerts(home)
        if not found:
            st.html(empty.no_alerts())
            return
        mine = roles.may("operator") and any(not each.seen for each in found)
        if mine and st.button("Mark all as seen", icon=":material/done_all:", key="alerts-seen"):
            alerts.mark_alerts_seen(home)
            st.rerun()
        for each in found:
            with st.container(horizontal=True, vertical_alignment="center", key=f"item-alert-{each.id}"):
                st.html(notes.alert(each), width="stretch")
                _asks("Open", "alert", str(each.id), key=f"open-alert-{each.id}")


def accounts(home: Home) -> None:
    """Mail accounts and channels."""
    with st.container(horizontal=True):
        _asks("Add account", "add-account", "", icon="add", role="admin")
        _asks("Add channel", "add-channel", "", icon="add", role="admin")
    known, channels = notifications.list_accounts(home), notifications.list_channels(home)
    if not known and not channels:
        st.html(
            markup.notice("info", markup.text("Add the account that mail is to come from, then send a test message."))
        )
    for each in known:
        with st.container(horizontal=True, vertical_alignment="center", key=f"item-account-{each.name}"):
            st.html(notes.account(each), width="stretch")
            with st.container(horizontal=True, width="content", gap="small"):
                _asks("Test", "test", each.name, icon="send", role="operator")
                _asks("Edit", "edit-account", each.name, role="admin")
                mine = roles.may("admin") and not each.default
                if mine and st.button("Make default", key=f"default-{each.name}"):
                    _make_default(home, each.name)
                _asks("Remove", "remove-account", each.name, role="admin")
    if channels:
        frame.section("Channels", "chats, SMS and webhooks")
    for name in channels:
        with st.container(horizontal=True, vertical_alignment="center", key=f"item-channel-{name}"):
            st.html(markup.tag("b", markup.text(name)), width="stretch")
            with st.container(horizontal=True, width="content", gap="small"):
                _asks("Test", "test", name, icon="send", key=f"test-channel-{name}", role="operator")
                _asks("Remove", "remove-channel", name, role="admin")


def people(home: Home) -> None:
    """Who is told about what."""
    for each in recipients.list_recipients(home):
        with st.container(horizontal=True, vertical_alignment="center", key=f"item-told-{each.client}"):
            st.html(notes.told(each), width="stretch")
            _asks("Edit", "told", each.client, role="admin")


def _asks(label: str, kind: str, subject: str, *, icon: str = "", key: str = "", role: roles.Role = "viewer") -> None:
    """A button that opens a dialog; the whole page is run, for the dialog stands outside of what updates by itself."""
    if not roles.may(role):
        return
    shown = f":material/{icon}:" if icon else None
    if st.button(label, icon=shown, key=key or f"{kind}-{subject}"):
        dialogs.ask(kind, subject)
        st.rerun()


def _more(most: int) -> None:
    st.session_state[_COUNT] = most + _STEP


def _make_default(home: Home, name: str) -> None:
    try:
        notifications.set_default(home, name)
    except QuantstripError as error:
        frame.keep_notice(str(error), failed=True)
    else:
        frame.keep_notice(f"{name} sends when no account is named")
    st.rerun()


def _toned(count: int) -> markup.Html:
    return markup.tag("span", markup.text(f"{count:,}"), "qs-down" if count else "")


main(frame.home())
