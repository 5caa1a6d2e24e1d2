"""What the process of a client is given: the machine without limits, and no secret that it did not ask for."""

import resource
from typing import Any

LIMITS = """
    import resource
    from pathlib import Path
    import numpy as np
    from quantstrip import ClientBase

    class Client(ClientBase):
        def on_start(self):
            limits = [resource.getrlimit(kind) for kind in KINDS]
            total = int(np.ones((300, 300)).dot(np.ones((300, 300))).sum())
            Path(TARGET).write_text(repr((limits, total)))
            self.stop_client()
"""
LOOKING = """
    import os, sys
    from pathlib import Path
    from quantstrip import ClientBase, settings

    class Client(ClientBase):
        def on_start(self):
            open_file = Path(f"/proc/{os.getpid()}/environ").read_bytes()
            seen = [dict(os.environ), open_file, sys.argv, settings.items(), vars(self), vars(sys.modules[__name__])]
            Path(TARGET).write_text(repr(seen))
            Path(TARGET + ".asked").write_text(settings.get("broker.password"))
            self.stop_client()
"""


def test_a_client_may_use_as_much_memory_and_time_as_the_service_itself(station: Any, tmp_path: Any) -> None:
    kinds = [
        resource.RLIMIT_AS,
        resource.RLIMIT_DATA,
        resource.RLIMIT_CPU,
        resource.RLIMIT_NPROC,
        resource.RLIMIT_STACK,
    ]
    target = tmp_path / "limits"
    station.deploy("heavy", LIMITS.replace("KINDS", repr(kinds)).replace("TARGET", repr(str(target))))
    code, output = station.run("heavy")
    assert code == 0, output
    assert target.read_text() == repr(([resource.getrlimit(kind) for kind in kinds], 27_000_000))


def test_a_secret_reaches_nobody_who_does_not_ask_for_it_by_name(station: Any, tmp_path: Any) -> None:
    station.settings.set_by_path("broker.password", "s3cr3t-of-the-broker", "secret")
    key = (station.home.settings / "secret.key").read_text().strip()
    target = tmp_path / "seen"
    station.deploy("looking", LOOKING.replace("TARGET", repr(str(target))))
    code, output = station.run("looking")
    assert code == 0, output
    assert "QUANTSTRIP_HOME" in target.read_text(), "it has looked"
    assert (tmp_path / "seen.asked").read_text() == "s3cr3t-of-the-broker"
    assert "s3cr3t" not in target.read_text()
    assert key not in target.read_text()
