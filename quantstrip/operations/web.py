"""The dashboard's server: Streamlit behind ``Guard``, on this machine's loopback address, and on another if told so.

``python -m quantstrip.operations.web --home DIR --port N`` runs it in the foreground, as the supervisor does. It ends
within seconds of SIGTERM, whoever is connected, and when its parent dies.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from quantstrip.config import SettingsManager
from quantstrip.errors import PortInUse, QuantstripError
from quantstrip.home import VARIABLE, Home, asset, find_home
from quantstrip.log import logger, open_configured
from quantstrip.operations import access
from quantstrip.operations.exposure import Exposure, check_exposure, exposure_of
from quantstrip.operations.roles import HEADERS
from quantstrip.supervise.tether import tether

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

_GRACE_SECONDS: Final = 2
_PARENT_CHECK_SECONDS: Final = 1.0
_STEP_SECONDS: Final = 0.1
_OPTIONS: Final[dict[str, Any]] = {
    # Given as flags, which win over any config.toml or variable of the user: these decide what leaves the machine.
    "browser.gatherUsageStats": False,
    "client.allowedOrigins": [],
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    "global.developmentMode": False,
    "logger.enableRich": False,
    "runner.magicEnabled": False,
    "runner.postScriptGC": False,  # a page that updates every two seconds would collect all generations each time
    "server.address": access.LOOPBACK,
    "server.enableAgentApi": False,
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.runOnSave": False,
    "server.trustedUserHeaders": HEADERS,  # st.user; they come from the guard, whatever the browser sent
    "server.baseUrlPath": "",
}


def create_app(home: Home, port: int, exposure: Exposure | None = None) -> "ASGIApp":
    """The dashboard of one home as an ASGI application. A process can hold one: Streamlit's options are global."""
    from streamlit.starlette import App
    from streamlit.web import bootstrap

    from quantstrip.operations.access_setup import guarded
    from quantstrip.operations.shell import Shell

    folder = asset("dashboard")
    os.environ[VARIABLE] = str(home.root)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # appended: a page's helper shadows no library
    app = App(folder / "app.py")  # first: it says where the theme file lies
    bootstrap.load_config_options({**_OPTIONS, "server.port": port})
    for library in ("streamlit", "uvicorn", "websockets"):  # Streamlit ties all three to the terminal
        _send_to_stream(library)
    return guarded(Shell(app), home, port, exposure or exposure_of(home))


def serve(home: Home, port: int, address: str | None = None) -> None:
    """Serve until a signal comes or the parent dies.

    Args:
        home: whose dashboard.
        port: its port.
        address: what to listen on besides 127.0.0.1; the setting ``dashboard.address`` where None.

    Raises:
        PortInUse: another program listens on ``port``.
        ConfigError: others could reach it, and nobody could log in, or passwords would be readable on the way.

    """
    import uvicorn

    found = check_exposure(home, address)
    with contextlib.ExitStack() as sockets:
        inside = sockets.enter_context(listen(access.LOOPBACK, port, shared=bool(found.address)))
        outside = sockets.enter_context(listen(found.address, port, shared=True)) if found.address else None
        app = create_app(home, port, found)
        servers = [uvicorn.Server(_config(app, lifespan="on"))]
        if outside is not None:
            tls = {"ssl_certfile": found.certificate, "ssl_keyfile": found.key} if found.certificate else {}
            servers.append(_second(_config(app, lifespan="off", **tls)))
            logger.info("the dashboard listens on {} port {} by {}", found.address, port, found.scheme)
        asyncio.run(_until_told(servers, [inside, outside]))


def _second(config: "uvicorn.Config") -> "uvicorn.Server":
    """A server beside the first, which hears the signals for both."""
    import uvicorn

    class Second(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    return Second(config)


def _config(app: "ASGIApp", lifespan: Literal["on", "off"], **tls: Any) -> "uvicorn.Config":
    import uvicorn

    return uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        lifespan=lifespan,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ws="websockets-sansio",
        ws_ping_interval=20,
        ws_ping_timeout=20,
        **tls,
    )


async def _until_told(servers: list[Any], sockets: list[socket.socket | None]) -> None:
    """Run the first server, which hears the signals; the second from its start to its end."""
    parent, first = os.getppid(), servers[0]

    async def follow_parent() -> None:
        while os.getppid() == parent:
            await asyncio.sleep(_PARENT_CHECK_SECONDS)
        first.should_exit = True

    async def beside(second: Any, listener: socket.socket | None) -> None:
        while not first.started:
            await asyncio.sleep(_STEP_SECONDS)
        serving = asyncio.create_task(second.serve(sockets=[listener]))
        while not (first.should_exit or serving.done()):
            await asyncio.sleep(_STEP_SECONDS)
        second.should_exit = first.should_exit = True
        await serving

    watch = asyncio.create_task(follow_parent())
    others = [asyncio.create_task(beside(*pair)) for pair in zip(servers[1:], sockets[1:], strict=False)]
    try:
        await first.serve(sockets=[sockets[0]])
        await asyncio.gather(*others)
    finally:
        watch.cancel()


def listen(address: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket that listens on one address.

    Args:
        address: IPv4 or IPv6; ``::`` takes both.
        port: what to listen on.
        shared: with 0.0.0.0, or with the loopback address beside it: the system lets two sockets have one port only
            where both say so. Another program of this user alone could then join, and one that has the port is refused.

    Raises:
        PortInUse: another program listens there, or the machine has no such address.

    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family)
    try:
        if os.name == "posix":  # elsewhere the option would let two servers share one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared and hasattr(socket, "SO_REUSEPORT"):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((address, port))
    except OSError as error:
        listener.close()
        raise PortInUse(
            f"the dashboard needs port {port} on {address}: {error.strerror or error}",
            hint="End the program that uses it, or choose another port with --port.",
        ) from error
    return listener


def _send_to_stream(root: str) -> None:
    """Let a library's loggers that write to the terminal hand their lines on to the dashboard's stream instead."""
    names = [root, *(name for name in logging.root.manager.loggerDict if name.startswith(f"{root}."))]
    for its in map(logging.getLogger, names):
        its.handlers.clear()
        its.propagate = True


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server; 0 when it ended as told, 1 when it could not start."""
    parser = argparse.ArgumentParser(
        prog="python -m quantstrip.operations.web", description="Serve a home's dashboard."
    )
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--address")
    given = parser.parse_args(arguments)
    tether(os.getppid())
    # Before uvicorn takes the signals over, and when it raises them again after its shutdown: end, with 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    console = sys.stderr
    try:
        home = find_home(given.home).create()
        open_configured(home, "dashboard", SettingsManager(home), web=True, capture_output=True)
        serve(home, given.port, given.address)
    except QuantstripError as error:
        logger.error("{}", error)
        console.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
