"""A download in a real worker: what it waits for is seen, and taking it back ends it at once."""

import socket
import time
from collections.abc import Iterator

import pytest

from quantstrip.operations import tasks

from .conftest import Desk, until


@pytest.fixture
def no_way_out(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A proxy that refuses every connection, for whoever the worker starts: nothing leaves this machine."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{closed.getsockname()[1]}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        yield


@pytest.mark.usefixtures("no_way_out")
def test_a_download_that_cannot_reach_its_feed_says_so_while_it_waits_and_can_be_taken_back(desk: Desk) -> None:
    desk.set("data.retry_seconds", 60.0, "float")
    number = desk.ledger.add_task("download", {"symbols": ["IBM"]}, "a test")
    desk.start()
    until("a pause", lambda: "asked again in" in desk.task(number).note)
    assert "Yahoo did not give the bars of IBM" in desk.task(number).note
    begin = time.monotonic()
    tasks.cancel(desk.home, number)
    desk.await_state(number, "cancelled")
    assert time.monotonic() - begin < 20, "far less than the pause"
    assert not any(desk.home.bars.rglob("*.parquet"))
