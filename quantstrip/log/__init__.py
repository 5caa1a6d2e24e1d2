"""Log streams: one file a process, rotated at local midnight, bounded in size, free of secrets.

``logger`` is loguru's; lines of the standard ``logging`` go to the same stream. Importing this room opens nothing.
"""

import os

# No values of variables in traces, also for whoever logs before a stream is open: a trace may hold an account or a key.
os.environ.setdefault("LOGURU_DIAGNOSE", "NO")

from loguru import logger

from quantstrip.log.options import open_configured, stream_options
from quantstrip.log.read import follow, streams, tail
from quantstrip.log.stream import close_stream, open_stream
from quantstrip.redaction import register as redact

__all__ = [
    "close_stream",
    "follow",
    "logger",
    "open_configured",
    "open_stream",
    "redact",
    "stream_options",
    "streams",
    "tail",
]
