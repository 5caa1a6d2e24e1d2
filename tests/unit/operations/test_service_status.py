"""Whether the dashboard runs: told by its port, and never taken for down because it is busy."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from quantstrip.operations.service import listens, reply_of


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def test_a_dashboard_that_takes_connections_and_does_not_answer_in_time_is_busy_not_down(
    listener: socket.socket,
) -> None:
    begun = time.monotonic()
    assert reply_of(port_of(listener), 0.2) == "busy"
    assert time.monotonic() - begun < 20, "the wait is bounded"
    assert listens(port_of(listener))


def test_one_that_answers_its_health_page_answers(listener: socket.socket) -> None:
    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            assert b"/healthz" in connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    thread = threading.Thread(target=serve)
    thread.start()
    assert reply_of(port_of(listener), 5.0) == "answers"
    thread.join(5)


def test_where_nobody_listens_it_is_down(listener: socket.socket) -> None:
    port = port_of(listener)
    listener.close()
    assert reply_of(port, 0.2) == "none"
    assert not listens(port)
