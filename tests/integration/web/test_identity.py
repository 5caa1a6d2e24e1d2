"""Who looks at a page is said by the guard alone, whatever a browser sends."""

from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.sync.client import connect
from websockets.typing import Subprotocol

FORGED = {"x-quantstrip-user": "mallory", "X-Quantstrip-Role": "viewer", "x-quantstrip-way": "<forged>"}


def shown(server: Any, cookie: str, *, words: str, headers: dict[str, str] | None = None) -> bytes:
    """What the home page sends to a browser until ``words`` came."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    got = b""
    with connect(
        f"ws://{server.host}/_stcore/stream",
        additional_headers={"cookie": cookie, **(headers or {})},
        origin=server.origin,
        subprotocols=[Subprotocol("streamlit")],
        open_timeout=60,
        proxy=None,
    ) as stream:
        stream.send(message.SerializeToString())
        while words.encode() not in got:
            part = stream.recv(timeout=60)
            assert isinstance(part, bytes)
            got += part
    return got


@pytest.mark.parametrize("headers", [{}, FORGED], ids=["as it is", "forged"])
def test_a_page_knows_who_looks_at_it_and_believes_no_header_of_the_browser(
    server: Any, headers: dict[str, str]
) -> None:
    got = shown(server, server.login(), words="owner, admin", headers=headers)
    assert b"mallory" not in got
