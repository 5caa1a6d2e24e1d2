"""A channel that keeps what it is given: for notebooks and tests."""

from typing import TYPE_CHECKING

from quantstrip.ports import Delivery, Message

if TYPE_CHECKING:
    from quantstrip.errors import QuantstripError


class MemoryChannel:
    """Delivers into ``messages``.

    Attributes:
        refuses: addresses it never takes, with the reason; ``postpones`` those it may take later.
        trouble: raised by every ``send`` while it is set.

    """

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self.messages: list[Message] = []
        self.refuses: dict[str, str] = {}
        self.postpones: dict[str, str] = {}
        self.trouble: QuantstripError | None = None

    def send(self, message: Message) -> Delivery:
        """Keep the message for those who take it."""
        if self.trouble is not None:
            raise self.trouble
        never = {who: self.refuses[who] for who in message.recipients if who in self.refuses}
        later = {who: self.postpones[who] for who in message.recipients if who in self.postpones}
        takers = [who for who in message.recipients if who not in never and who not in later]
        if takers:
            self.messages.append(message._replace(recipients=takers))
        return Delivery(takers, never, later)
