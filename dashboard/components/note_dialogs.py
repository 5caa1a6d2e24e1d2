"""The dialogs of the notifications page about messages, alerts and recipients."""

from typing import Final

import streamlit as st

from components import account_dialogs, dialogs, markup, notes, roles
from quantstrip.home import Home
from quantstrip.operations import alerts, notifications, recipients
from quantstrip.operations.inbox import DISCARDABLE, RESENDABLE, inbox
from quantstrip.redaction import scrub

_MANY: Final = 1000
_LONGEST: Final = 100_000


def show(home: Home) -> None:
    """Show the one that is open."""
    dialogs.show(
        {
            "message": ("Message", lambda number: message(home, int(number))),
            "resend": ("Send again", lambda number: resend(home, number)),
            "discard": ("Discard", lambda number: discard(home, int(number))),
            "alert": ("Alert", lambda number: alert(home, int(number))),
            "told": ("Who is told", lambda client: told(home, client)),
            **account_dialogs.bodies(home),
        }
    )


def message(home: Home, number: int) -> None:
    """A message whole: as text, whatever it holds."""
    found = notifications.get_message(home, number)
    st.html(markup.join(markup.tag("b", markup.text(found.info.subject)), notes.detail(found)))
    body = scrub(found.body)
    st.code(
        body[:_LONGEST] or "(no text)",
        language=None,
        wrap_lines=True,
        height=320 if body.count("\n") > 12 else "content",
    )
    if found.html:
        st.caption("It also has a form with HTML, which says the same; it is not shown here.")
    if not roles.may("operator"):
        return
    with st.container(horizontal=True, horizontal_alignment="right"):
        if found.info.status in DISCARDABLE:
            st.button("Discard", icon=":material/delete:", key="ask-discard", on_click=dialogs.ask,
                      args=("discard", str(number)))  # fmt: skip
        if found.info.status in RESENDABLE:
            st.button("Send again", icon=":material/send:", key="ask-resend", on_click=dialogs.ask, type="primary",
                      args=("resend", str(number)))  # fmt: skip


def resend(home: Home, which: str) -> None:
    """Ask, then queue a message, or all that failed, again."""
    numbers = [int(which)] if which else [each.id for each in inbox(home, "failed", _MANY)]
    if which:
        people = notifications.get_message(home, numbers[0]).recipients
        lacking = ", ".join(who for who, (state, _) in people.items() if state != "sent") or "nobody"
        st.text(f"Send message {which} again, at once? It goes to those who do not have it: {lacking}.")
    else:
        st.text(f"Send all {len(numbers)} messages that failed again, at once, to those who do not have them?")
    if dialogs.buttons("Send again", key="resend-now"):
        notifications.resend(home, numbers)
        dialogs.done("Queued: the notifier sends it at once" if which else f"{len(numbers)} messages are queued")


def discard(home: Home, number: int) -> None:
    """Ask, then take a message back."""
    info = notifications.get_message(home, number).info
    st.text(f"Discard message {number}, “{info.subject}”? {info.recipients} will not get it.")
    if dialogs.buttons("Discard", key="discard-now", danger=True):
        notifications.discard(home, [number])
        dialogs.done(f"Message {number} is discarded")


def alert(home: Home, number: int) -> None:
    """An alert whole."""
    found = next((each for each in alerts.list_alerts(home, _MANY) if each.id == number), None)
    if found is None:
        st.text("It is no longer there.")
        return
    st.html(notes.alert(found))
    st.code(found.body[-_LONGEST:] or "(no text)", language=None, wrap_lines=True)


def told(home: Home, client: str) -> None:
    """Who is told about a client, or by default."""
    now = next((each for each in recipients.list_recipients(home) if each.client == client), None)
    people = "\n".join(now.recipients) if now and now.own else ""
    st.text(f"About {client}" if client else "About everything else, and clients that name nobody")
    with st.form("told-form", border=False):
        text = st.text_area("Addresses, and names of channels, one a line", people, key="told-people")
        nobody = (
            st.toggle("Tell nobody", value=bool(now and now.own and not people), key="told-nobody") if client else False
        )
        if st.form_submit_button("Save", type="primary", key="told-save"):
            chosen = [] if nobody else [line.strip() for line in text.splitlines() if line.strip()]
            # Nobody is told only where that was chosen in so many words.
            recipients.set_recipients(home, client, chosen if chosen or nobody else None)
            dialogs.done("Saved" if chosen or nobody else "They are told as by default")
    channels = notifications.list_channels(home)
    st.caption(markup.plain(f"Channels: {', '.join(channels)}" if channels else "No channel is set up."))
    label = "As by default" if client else "The default account's own address"
    if now is not None and now.own and st.button(label, key="told-back"):
        recipients.set_recipients(home, client, None)
        dialogs.done("They are told as by default" if client else "The default account's own address is told")
