"""The dialogs about mail accounts and channels: add, edit, try, remove."""

from collections.abc import Mapping

import streamlit as st

from components import dialogs, markup
from components.dialogs import Body
from quantstrip.errors import NotifyError
from quantstrip.home import Home
from quantstrip.operations import notifications, recipients
from quantstrip.operations.notifications import AccountInfo, ProviderInfo

_SECURITY = ("starttls", "tls", "none")


def bodies(home: Home) -> Mapping[str, tuple[str, Body]]:
    """The dialogs by their kinds."""
    return {
        "add-account": ("Add a mail account", lambda _: add(home)),
        "edit-account": ("Edit a mail account", lambda name: edit(home, name)),
        "remove-account": ("Remove a mail account", lambda name: remove(home, name)),
        "add-channel": ("Add a channel", lambda _: add_channel(home)),
        "remove-channel": ("Remove a channel", lambda name: remove_channel(home, name)),
        "test": ("Send a test message", lambda name: test(home, name)),
    }


def add(home: Home) -> None:
    """An account, from a provider's template."""
    known = notifications.providers()
    provider = st.selectbox("Provider", list(known), format_func=lambda name: known[name].title, key="account-provider")
    template = known[provider]
    if template.note:
        st.html(markup.notice("info", markup.text(template.note)))
    with st.form("account-form", border=False):
        name = st.text_input("Name", key="account-name", placeholder="home")
        if form(home, name, template, None, provider=provider):
            dialogs.done(f"{name} is set up. Send a test message with it")


def edit(home: Home, name: str) -> None:
    """What one account is; its password is never shown."""
    found = next((each for each in notifications.list_accounts(home) if each.name == name), None)
    if found is None:
        raise NotifyError(f"there is no account {name!r}", hint="It was removed meanwhile.")
    with st.form("account-form", border=False):
        if form(home, name, ProviderInfo("", found.server, found.port, found.security, ""), found):
            dialogs.done(f"{name} is changed. Send a test message with it")


def form(home: Home, name: str, server: ProviderInfo, now: AccountInfo | None, *, provider: str | None = None) -> bool:
    """The fields of an account; True when it was saved."""
    kept = f"{provider or name}-"  # another provider begins with its own values
    address = st.text_input("Address that mail comes from", now.from_address if now else "", key=f"{kept}from")
    sender = st.text_input("Name that mail comes from", now.from_name if now else "", key=f"{kept}from-name")
    standard = now.username if now else "apikey" if provider == "sendgrid" else ""
    user = st.text_input("User name", standard, key=f"{kept}user", placeholder="the address")
    password = st.text_input(
        "Password", type="password", autocomplete="new-password", key=f"{kept}password",
        placeholder="stays as it is" if now and now.password else "",
    )  # fmt: skip
    with st.expander("Server", expanded=not server.server):
        host = st.text_input("Server", server.server, key=f"{kept}server")
        port = st.number_input("Port", 1, 65535, server.port, key=f"{kept}port")
        security = st.selectbox("Encryption", _SECURITY, _SECURITY.index(server.security), key=f"{kept}security")
        login = st.toggle("It wants a login", value=now is None or bool(now.username), key=f"{kept}login")
        verify = st.toggle("Check its certificate", value=now is None or now.verify, key=f"{kept}verify")
    default = st.toggle("Send with it when no account is named", value=bool(now and now.default), key=f"{kept}default")
    if not st.form_submit_button("Save", type="primary", key="account-save"):
        return False
    if now is None and name in {each.name for each in notifications.list_accounts(home)}:
        raise NotifyError(f"there is an account {name!r} already", hint="Edit it, or choose another name.")
    notifications.put_account(
        home,
        name,
        provider=provider,
        server=host,
        port=int(port),
        security=security,
        username=(user or None) if login else "",
        password=password or None,
        from_address=address,
        from_name=sender,
        verify=verify,
        default=default,
    )
    return True


def remove(home: Home, name: str) -> None:
    """Ask, then forget an account."""
    st.text(f"Remove the account {name} and its password? Messages that wait for it stay, and cannot be sent.")
    if dialogs.buttons("Remove", key="remove-account-now", danger=True):
        notifications.remove_account(home, name)
        dialogs.done(f"{name} is removed")


def add_channel(home: Home) -> None:
    """A chat, an SMS gateway or a webhook."""
    with st.form("channel-form", border=False):
        name = st.text_input("Name", key="channel-name", placeholder="phone")
        url = st.text_input(
            "URL", key="channel-url", type="password", autocomplete="off", placeholder="tgram://TOKEN/CHAT",
            help="As apprise writes it: Telegram, Discord, Slack, SMS gateways, webhooks. It is kept as a secret.",
        )  # fmt: skip
        if st.form_submit_button("Save", type="primary", key="channel-save"):
            recipients.put_channel(home, name, url)
            dialogs.done(f"The channel {name} is set up. Send a test message through it")


def remove_channel(home: Home, name: str) -> None:
    """Ask, then forget a channel."""
    st.text(f"Remove the channel {name} and its URL? Whoever was told through it is told no more.")
    if dialogs.buttons("Remove", key="remove-channel-now", danger=True):
        recipients.remove_channel(home, name)
        dialogs.done(f"The channel {name} is removed")


def test(home: Home, name: str) -> None:
    """Send a message now, and say what the server said."""
    account = next((each for each in notifications.list_accounts(home) if each.name == name), None)
    with dialogs.form("test"):
        recipient = st.text_input("To", account.from_address, key="test-to") if account else ""
        pressed = dialogs.buttons("Send", key="test-now", in_form=True)
    if pressed:
        with st.spinner("Sending"):
            words = notifications.send_test(home, name, recipient)
        dialogs.done(words)
