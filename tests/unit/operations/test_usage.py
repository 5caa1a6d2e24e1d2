"""What a process uses: recent use apart from the mean since its start, and nothing that is not known."""

import subprocess
import sys
import time

from quantstrip.operations.usage import usage

BUSY = """
import sys, time
print("begun", flush=True)
end = time.monotonic() + 3
while time.monotonic() < end:
    pass
print("done", flush=True)
sys.stdin.read()
"""


def test_recent_use_falls_when_the_work_is_over_while_the_mean_still_tells_of_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        memory, _, first = usage(process.pid)
        assert memory > 1
        assert first is None, "one look says nothing of now"
        time.sleep(1.6)
        busy = usage(process.pid)[2]
        assert busy is not None
        assert busy > 5, "a busy machine gives it some of a core at least"
        process.stdout.readline()
        time.sleep(1.6)
        usage(process.pid)
        time.sleep(1.6)
        _, mean, now = usage(process.pid)
        assert now is not None
        assert now < 5 < mean
    finally:
        process.kill()
        process.communicate()
    assert usage(process.pid) == (0.0, 0.0, None)


def test_without_a_process_there_is_nothing() -> None:
    assert usage(0) == (0.0, 0.0, None)
