"""The process of a rehearsal: loads the client at the rehearsed time, runs its span, and writes down what came of it.

``rehearsal.jsonl`` in the task's folder: the span first, then a line for each run of a job, the end last.
"""

import json
import os
import signal
from collections.abc import Mapping
from datetime import datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Any, Final

from quantstrip import overlay
from quantstrip.client.base import ClientBase, check_attributes
from quantstrip.client.context import ClientContext, bound
from quantstrip.client.ending import Ending
from quantstrip.client.loader import construct, load_file, load_trace
from quantstrip.client.rehearsal import Ended, Limits, Rehearsal, bars_span
from quantstrip.client.rehearsed_jobs import WRITTEN, JobSeen
from quantstrip.client.rehearsed_time import Journey, RehearsedClock
from quantstrip.client.strategy import StrategyClient
from quantstrip.client.zones import default_zone, localize, wall_time, zone_of
from quantstrip.clock import Micros, from_datetime, system_clock
from quantstrip.config import settings
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.log import close_stream, logger, open_configured
from quantstrip.model import ExitCode, Mode

_BARS_DAYS: Final = 30


class Rehearsing:
    """Rehearses the client in ``file``; ``QUANTSTRIP_HOME`` names its own ``home``.

    Args:
        asked: JSON: ``start``, ``end`` (text or null), ``most_jobs``, ``seconds``.

    """

    def __init__(self, home: Home, name: str, file: Path, asked: str) -> None:
        self._home, self._name, self._file = home, name, file
        self._asked: Mapping[str, Any] = json.loads(asked)
        self._written = (home.root.parent / WRITTEN).open("a", encoding="utf-8")
        self._rehearsal: Rehearsal | None = None
        self._zone = default_zone(str(settings.get("platform.timezone", "")))
        self._clock = RehearsedClock()

    def run(self) -> int:
        """Rehearse; returns the exit code."""
        open_configured(self._home, self._name, settings, console=True, capture_output=True)
        ledger = open_ledger(self._home)
        run_id = ledger.start_client_run(self._name, os.getpid(), "", Mode.SIMULATION)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        try:
            ended = self._rehearse(ledger, run_id)
        except QuantstripError as error:
            trace = load_trace(error)
            logger.error("client {} cannot be rehearsed: {}\n{}", self._name, error, trace)
            ended = Ended(Ending("load_error", ExitCode.LOAD_ERROR, trace), 0, "")
        ending = ended.ending
        ledger.end_client_run(run_id, ending.outcome, int(ending.exit_code), ending.trace)
        self._write({"ended": {"reached": ended.reached, "note": ended.note, "outcome": ending.outcome}})
        self._written.close()
        close_stream()
        return int(ending.exit_code)

    def _rehearse(self, ledger: Ledger, run_id: int) -> Ended:
        asked = self._asked
        given = moment_of(asked["start"], self._zone) if asked["start"] else system_clock.now()
        with Journey(given) as journey:
            overlay.use(self._home, self._name)
            kind = load_file(self._file, self._name, self._home.clients)
            self._zone = zone_of(kind.timezone) if kind.timezone else self._zone
            start, end = self._span(kind)
            journey.go(start)
            self._write({"start": start, "end": end, "zone": str(self._zone)})
            limits = Limits(int(asked["most_jobs"]), float(asked["seconds"]))
            self._rehearsal = Rehearsal(lambda: self._make(kind), ledger, journey, self._told, run_id, limits)
            return self._rehearsal.run(end)

    def _make(self, kind: type[ClientBase]) -> ClientBase:
        context = ClientContext(
            name=self._name,
            clock=self._clock,
            zone=self._zone,
            home=self._home,
            settings=settings.items(f"clients.{self._name}"),
            rehearsed=True,
        )
        with bound(context):
            client = construct(kind)
            check_attributes(client)
            client._prepare()
        return client

    def _span(self, kind: type[ClientBase]) -> tuple[Micros, Micros]:
        """What to rehearse: what is asked for, else the last month of a strategy's bars, else the next week."""
        if self._asked["start"]:
            return moment_of(self._asked["start"], self._zone), moment_of(self._asked["end"], self._zone, end=True)
        if issubclass(kind, StrategyClient):
            client = self._make(kind)
            assert isinstance(client, StrategyClient)  # noqa: S101 - it is made of one
            last = bars_span(client)[1]
            day = wall_time(last, self._zone).date() - timedelta(days=_BARS_DAYS)
            return localize(datetime.combine(day, time()), self._zone), last
        today = wall_time(system_clock.now(), self._zone).date()
        monday = today + timedelta(days=7 - today.weekday())
        begin, end = (datetime.combine(monday + timedelta(days=days), time()) for days in (0, 7))
        return localize(begin, self._zone), localize(end, self._zone) - 1

    def _told(self, seen: JobSeen) -> None:
        self._write({"job": seen})

    def _write(self, line: Mapping[str, Any]) -> None:
        self._written.write(json.dumps(line) + "\n")
        self._written.flush()

    def _stop(self, *_: object) -> None:
        if self._rehearsal is None:
            raise SystemExit(ExitCode.STOPPED)
        self._rehearsal.stop()


def moment_of(text: str, zone: tzinfo, *, end: bool = False) -> Micros:
    """A date or a moment as it is asked for; of a date the first instant, or the last one where it is the ``end``.

    Raises:
        ValueError: it is neither.

    """
    value = datetime.fromisoformat(text)
    if value.tzinfo is not None:
        return from_datetime(value)
    if len(text.strip()) <= len("2026-01-17") and end:
        return localize(value + timedelta(days=1), zone) - 1
    return localize(value, zone)
