"""The websocket carries everything a page does: it asks for the same proofs."""

from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from quantstrip.operations import access


def open_stream(server: Any, *, cookie: str | None, origin: str | None, host: str = "") -> ClientConnection:
    """Connect as Streamlit's page does."""
    headers = {"cookie": cookie} if cookie else {}
    return connect(
        f"ws://{host or server.host}/_stcore/stream",
        additional_headers=headers,
        origin=origin,  # type: ignore[arg-type]
        subprotocols=[Subprotocol("streamlit")],
        open_timeout=60,
        proxy=None,
    )


def drain(stream: ClientConnection) -> None:
    while True:
        stream.recv(timeout=60)


def test_the_owners_page_is_connected(server: Any) -> None:
    with open_stream(server, cookie=server.login(), origin=server.origin) as stream:
        assert stream.subprotocol == "streamlit"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:{port}", None])
def test_another_sites_page_is_refused_even_with_the_cookie(server: Any, origin: str | None) -> None:
    cookie = server.login()
    with pytest.raises(InvalidStatus) as refused:
        open_stream(server, cookie=cookie, origin=origin and origin.format(port=server.port))
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("cookie", [None, "quantstrip-1=x", "{name}=x"])
def test_a_page_without_the_cookie_is_refused(server: Any, cookie: str | None) -> None:
    given = cookie and cookie.format(name=access.cookie_name(server.port))
    with pytest.raises(InvalidStatus) as refused:
        open_stream(server, cookie=given, origin=server.origin)
    assert refused.value.response.status_code == 403


def test_a_rebound_name_is_refused(server: Any) -> None:
    """A name on the web that resolves to this machine: the browser takes host and origin for its own."""
    headers = {"cookie": server.login(), "host": f"evil.example:{server.port}"}
    reply = server.request(
        "GET",
        "/_stcore/stream",
        **headers,
        origin=f"http://evil.example:{server.port}",
        upgrade="websocket",
        connection="Upgrade",
        sec_websocket_key="dGhlIHNhbXBsZSBub25jZQ==",
        sec_websocket_version="13",
    )
    assert reply.status == 403


def test_a_new_token_closes_open_pages(start: Any) -> None:
    server = start()
    with open_stream(server, cookie=server.login(), origin=server.origin) as stream:
        access.rotate(server.home)
        stream.send(b"\x00")
        with pytest.raises(ConnectionClosed) as closed:
            drain(stream)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
