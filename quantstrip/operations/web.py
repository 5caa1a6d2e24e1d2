"""The dashboard's server: Streamlit behind ``Guard``, on this machine's loopback address alone.

``python -m quantstrip.operations.web --home DIR --port N`` runs it in the foreground, as the supervisor does. It ends
within seconds of SIGTERM, whoever is connected, and when its parent dies.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from quantstrip.config import SettingsManager
from quantstrip.errors import PortInUse, QuantstripError
from quantstrip.home import VARIABLE, Home, asset, find_home
from quantstrip.log import logger, open_configured
from quantstrip.operations import access
from quantstrip.operations.roles import HEADERS
from quantstrip.supervise.tether import tether

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_GRACE_SECONDS: Final = 2
_PARENT_CHECK_SECONDS: Final = 1.0
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


def create_app(home: Home, port: int) -> "ASGIApp":
    """The dashboard of one home as an ASGI application. A process can hold one: Streamlit's options are global."""
    from streamlit.starlette import App
    from streamlit.web import bootstrap

    from quantstrip.operations.guard import Guard
    from quantstrip.operations.shell import Shell

    folder = asset("dashboard")
    os.environ[VARIABLE] = str(home.root)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # appended: a page's helper shadows no library
    app = App(folder / "app.py")  # first: it says where the theme file lies
    bootstrap.load_config_options({**_OPTIONS, "server.port": port})
    for library in ("streamlit", "uvicorn", "websockets"):  # Streamlit ties all three to the terminal
        _send_to_stream(library)
    return Guard(Shell(app), _TokenReader(home), port)


def serve(home: Home, port: int) -> None:
    """Serve until a signal comes or the parent dies.

    Raises:
        PortInUse: another program listens on ``port``.

    """
    import uvicorn

    with _listen(port) as listener:
        config = uvicorn.Config(
            create_app(home, port),
            access_log=False,
            log_config=None,
            lifespan="on",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            ws="websockets-sansio",
            ws_ping_interval=20,
            ws_ping_timeout=20,
        )
        server = uvicorn.Server(config)
        asyncio.run(_until_told(server, listener))


async def _until_told(server: Any, listener: socket.socket) -> None:
    parent = os.getppid()

    async def follow_parent() -> None:
        while os.getppid() == parent:
            await asyncio.sleep(_PARENT_CHECK_SECONDS)
        server.should_exit = True

    watch = asyncio.create_task(follow_parent())
    try:
        await server.serve(sockets=[listener])
    finally:
        watch.cancel()


class _TokenReader:
    """The current token; the file is read again only when it changed."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._seen: tuple[int, int] | None = None
        self._value = ""

    def __call__(self) -> str:
        path = self._home.token_file
        seen = (path.stat().st_ctime_ns, path.stat().st_ino) if path.exists() else None
        if seen is None or seen != self._seen:
            self._value = access.token(self._home)
            self._seen = seen
        return self._value


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET)
    try:
        if os.name == "posix":  # elsewhere the option would let two servers share one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((access.LOOPBACK, port))
    except OSError as error:
        listener.close()
        raise PortInUse(
            f"the dashboard needs port {port} on {access.LOOPBACK}: {error.strerror or error}",
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
    given = parser.parse_args(arguments)
    tether(os.getppid())
    # Before uvicorn takes the signals over, and when it raises them again after its shutdown: end, with 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    console = sys.stderr
    try:
        home = find_home(given.home).create()
        open_configured(home, "dashboard", SettingsManager(home), web=True, capture_output=True)
        serve(home, given.port)
    except QuantstripError as error:
        logger.error("{}", error)
        console.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
