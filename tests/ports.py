"""Ports for the servers that tests start."""

import random
import socket

_FIRST, _LAST = 10_000, 32_000  # below those that the system gives to outgoing connections: none takes it meanwhile
_given: set[int] = set()


def free_port() -> int:
    """A loopback port that nothing listens on, and that no other test of this process was given."""
    while True:
        port = random.SystemRandom().randrange(_FIRST, _LAST)
        if port in _given:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
