"""A websocket that stays open for as long as its login holds, and notices when somebody does something."""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.types import Message, Receive, Send

LOOK_SECONDS: Final = 1.0
_POLICY_VIOLATION: Final = 1008


class Watched:
    """The two ways of a websocket: ``receive`` and ``send`` for the application behind.

    Args:
        receive: what the browser says.
        send: what it is told.
        holds: whether the login still holds; asked at each message, and once a second when there is none.
        active: told that the user did something, as opposed to a page that updates itself.

    """

    def __init__(self, receive: Receive, send: Send, holds: Callable[[], bool], active: Callable[[], None]) -> None:
        self._receive, self._send, self._holds, self._active = receive, send, holds, active
        self._closed = False

    async def receive(self) -> Message:
        """The next message; a disconnect once the login has ended."""
        waiting = asyncio.ensure_future(self._receive())
        try:
            while not (await asyncio.wait({waiting}, timeout=LOOK_SECONDS))[0]:
                if not self._holds():
                    return await self._end()
            message = waiting.result()
            if message["type"] == "websocket.receive":
                if not self._holds():
                    return await self._end()
                if _is_act(message.get("bytes") or b""):
                    self._active()
            return message
        finally:
            waiting.cancel()

    async def send(self, message: Message) -> None:
        """Pass on what the page says, until the connection was closed here."""
        if not self._closed:
            await self._send(message)

    async def _end(self) -> Message:
        self._closed = True
        await self._send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}


def _is_act(data: bytes) -> bool:
    """Whether a person caused this message: a page that updates itself says so in each of its own."""
    from google.protobuf.message import DecodeError
    from streamlit.proto.BackMsg_pb2 import BackMsg

    message = BackMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return False
    return message.WhichOneof("type") == "rerun_script" and not message.rerun_script.is_auto_rerun


async def refuse(receive: Receive, send: Send) -> None:
    """Close a websocket before it is open."""
    await receive()
    await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
