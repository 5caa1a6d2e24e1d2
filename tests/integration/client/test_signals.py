"""A request to stop is heard at once, whichever thread the kernel hands its signal to."""

import subprocess
import sys

import pytest

PROGRAM = """
import signal, sys, threading, time
from quantstrip.client.signals import stop_on_signals

end, asked = threading.Event(), []
stop_on_signals(lambda: (asked.append(1), end.set()), lambda: False, 5.0)
idle = threading.Thread(target=lambda: time.sleep(60), daemon=True)
idle.start()
number = getattr(signal, sys.argv[1])
threading.Timer(0.3, lambda: signal.pthread_kill(idle.ident, number)).start()
begun = time.monotonic()
end.wait(60)
print(len(asked), time.monotonic() - begun < 10)
"""


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_a_sleeping_client_is_woken_by_a_signal_that_another_thread_got(number: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, number], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "1 True\n"
