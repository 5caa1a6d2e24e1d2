"""Names of processes: who has taken work must be known to live, or not to."""

import os
import subprocess
import sys
import time

import pytest

from quantstrip.notify.identity import lives, sender_of


def test_this_process_lives_under_one_name_however_often_it_is_asked() -> None:
    assert sender_of() == sender_of(os.getpid())
    assert lives(sender_of())


def test_a_process_lives_until_it_ends_also_while_its_parent_has_not_looked() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = sender_of(child.pid)
    assert lives(name)
    child.kill()
    deadline = time.monotonic() + 20
    while lives(name):  # it is a zombie now: nobody has waited for it
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.communicate()
    assert not lives(name)
    with pytest.raises(ProcessLookupError):
        sender_of(child.pid)


OTHERS = ("", ":", "me", "{me}", "{me}:", "{me}:1.000", "0:1", "0x:1")


@pytest.mark.parametrize("name", OTHERS)
def test_another_process_that_has_its_number_now_is_not_it(name: str) -> None:
    assert not lives(name.format(me=os.getpid()))


def test_two_processes_name_a_third_alike() -> None:
    code = "from quantstrip.notify.identity import sender_of; print(sender_of(int(input())))"
    asked = subprocess.run(
        [sys.executable, "-c", code], input=str(os.getpid()), capture_output=True, text=True, check=True
    )
    assert asked.stdout.strip() == sender_of()
