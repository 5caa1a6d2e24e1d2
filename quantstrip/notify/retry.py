"""When a failed message is tried again."""

import random
from typing import Final

from quantstrip.clock import SECOND, Micros

_SPREAD: Final = 0.25
_random = random.SystemRandom()


def pause(attempt: int, first_seconds: float, longest_seconds: float) -> Micros:
    """The pause after attempt number ``attempt`` (from 1): doubling up to a limit, a quarter of it at random.

    The random part keeps many messages, or many machines, from coming back to a server at one moment
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """
    doubled = min(longest_seconds, first_seconds * 2.0 ** min(attempt - 1, 40))
    return round(doubled * _random.uniform(1.0 - _SPREAD, 1.0) * SECOND)
