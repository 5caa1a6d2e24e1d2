"""The end-of-day summary: which session is due, what it says, and sending it once."""

import base64
from dataclasses import dataclass
from datetime import date, tzinfo
from pathlib import Path
from typing import Final

from quantstrip.calendars import Calendar, get_calendar
from quantstrip.client.after_close import last_closed
from quantstrip.client.zones import default_zone
from quantstrip.clock import MINUTE, Micros, from_text, system_clock
from quantstrip.errors import ReportError
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.model.enums import Mode
from quantstrip.notify import EmailManager, accounts, addresses
from quantstrip.notify.options import targets
from quantstrip.notify.render import OVERRIDES, Rendered, render
from quantstrip.operations.audit import footer as audit_footer
from quantstrip.operations.clients import list_clients
from quantstrip.operations.eod_page import PICTURE, Page, blocks_of, day_text, local, picture_of, tiles_of
from quantstrip.operations.eod_rows import OWN_PACE, SHOWN_MODES, DayRows, Span, reached, read_day
from quantstrip.operations.ledger import existing_ledger, recorded_modes
from quantstrip.operations.settings import manager_of
from quantstrip.report.files import write_whole
from quantstrip.report.words import counted

CLIENT: Final = "eod_summary"
"""The shipped client; ``clients.eod_summary.notify`` says who gets the summary."""
_SENT: Final = "SELECT COUNT(*) FROM outbox WHERE dedupe_key = ? OR dedupe_key LIKE ? || ' (%'"
_NO_ACCOUNT: Final = "no mail account is set up (add one: quantstrip notify add NAME --provider gmail --from ADDRESS)"
_NOBODY: Final = f"clients.{CLIENT}.notify names nobody"


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be summed up.

    Attributes:
        session: of the exchange, by the wall clock.
        day: whose rows are shown; in a replay the date that its feed has reached, else ``session``.
        closed: False while the session goes on.
        newest: no later session has begun.
        moved: False for a replay without news since the session before: there is no day to sum up.

    """

    mode: str
    calendar: Calendar
    session: date
    day: date
    since: Micros
    until: Micros
    closed: bool
    newest: bool
    moved: bool

    @property
    def key(self) -> str:
        """Of one mode and one day there is one summary, whatever restarts."""
        return f"eod {self.mode} {self.day}"


@dataclass(frozen=True, slots=True)
class Summary:
    """A finished summary; ``picture`` is a PNG."""

    due: Due
    page: Page
    picture: bytes

    @property
    def html(self) -> str:
        """One page that needs no other file."""
        return self.body(f"data:image/png;base64,{base64.b64encode(self.picture).decode()}").html

    def body(self, source: str, overrides: Path | None = None) -> Rendered:
        """Text and HTML, with the chart from ``source``."""
        return render("eod", self.page.values(source), self.page.plain, overrides)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a summary: queued or sent (``file`` is None), or written to ``file``."""

    words: str
    file: Path | None = None


def due_now(home: Home, *, now: Micros | None = None, day: date | None = None, mode: str | None = None) -> Due:
    """The session that closed last, or the one of ``day``.

    Args:
        mode: live, paper, replay or simulation; None for the setting ``eod.mode``, else the first of them with rows.

    Raises:
        ReportError: no such mode, nothing of it, or no session on that day, or it has not begun.
        DataError: no exchange is called as the setting ``eod.calendar`` says.

    """
    ledger, moment = existing_ledger(home), system_clock.now() if now is None else now
    name, delay = terms(home)
    calendar = get_calendar(name)
    chosen = _mode(ledger, mode or str(manager_of(home).get("eod.mode", "")))
    last = last_closed(calendar, moment, delay)
    session = last if day is None or chosen in OWN_PACE else day
    if not calendar.is_session(session) or calendar.open_ts(session) > moment:
        raise ReportError(
            f"{calendar.name} has no session on {session} that has begun",
            hint=f"The last one that is over: {last}. Another exchange: quantstrip settings set eod.calendar NAME",
        )
    until = calendar.close_ts(session) + delay
    since = calendar.close_ts(calendar.previous_session(session)) + delay
    shown, moved = day or session, True
    if chosen in OWN_PACE:
        feed_date, written = reached(ledger, chosen)
        shown = day or (date.fromisoformat(feed_date) if feed_date else session)
        moved = bool(written) and from_text(written) >= since
    newest = shown >= session if chosen not in OWN_PACE else day is None
    newest = newest and calendar.open_ts(calendar.next_session(session)) > moment
    return Due(chosen, calendar, session, shown, since, min(until, moment), until <= moment, newest, moved)


def terms(home: Home) -> tuple[str, Micros]:
    """The exchange that is waited for, and how long after its close, as the settings say."""
    settings = manager_of(home)
    return str(settings.get("eod.calendar", "NYSE")), round(float(settings.get("eod.delay_minutes", 15.0)) * MINUTE)


def summarise(home: Home, due: Due) -> Summary:
    """Build the summary.

    Raises:
        LedgerError: the ledger cannot be read.

    """
    ledger = existing_ledger(home)
    rows = read_day(ledger, Span(due.mode, due.day.isoformat(), due.since, due.until), newest=due.newest)
    zone = default_zone(str(manager_of(home).get("platform.timezone", "")))
    tiles = tiles_of(rows)
    fills = counted(rows.today["fills"] if rows.today else 0, "fill")
    page = Page(
        subject=f"{due.day}, {due.mode}: {tiles[0][1].text} {rows.currency} today, {fills}",
        title=f"End of day, {day_text(due.day)}",
        lead=tuple(_lead(due, zone, rows)),
        tiles=tiles,
        blocks=blocks_of(rows, list_clients(home), zone, due.mode),
        footer=tuple(footer_lines(home, ledger)),
    )
    return Summary(due, page, picture_of(rows, due.mode))


def footer_lines(_home: Home, ledger: Ledger) -> list[str]:
    """Lines at the end of every summary; each is shown as it is, in HTML and in text."""
    return audit_footer(ledger)


def is_done(home: Home, due: Due) -> bool:
    """True when the summary was given to the outbox, or written to its file; or when there is no new day."""
    if not due.moved or file_of(home, due).is_file():
        return True
    return bool(existing_ledger(home).query(_SENT, (due.key, due.key))[1][0][0])


def deliver(home: Home, summary: Summary, *, again: bool = False) -> Delivery:
    """Send the summary to those who are told about ``eod_summary``; without a mail account, write it to a file.

    A second summary of one mode and day is not sent, whichever process asks: its key is written with the message.

    Args:
        again: send it all the same; for a session that goes on the key is left for the one after its close.

    Raises:
        ReportError: the message was refused, or the file cannot be written.

    """
    to = targets(manager_of(home), CLIENT, _recipients(home))
    told = manager_of(home).get(f"/clients/{CLIENT}/notify") != []  # an empty list is nobody
    if not told or not _can_send(home, to):
        home.reports.mkdir(parents=True, exist_ok=True)
        file = write_whole(file_of(home, summary.due), summary.html.encode())
        return Delivery(f"written to {file}: {_NO_ACCOUNT if told else _NOBODY}", file)
    body = summary.body(f"cid:{PICTURE}", home.settings / OVERRIDES)
    sent, answer = EmailManager(home).send(
        f"[Quantstrip] {summary.page.subject}",
        body.html or body.text,
        to or None,
        html=bool(body.html),
        text=body.text,
        attachments=[(PICTURE, summary.picture)],
        key="" if again or not summary.due.closed else summary.due.key,
    )
    if not sent:
        raise ReportError(
            f"the summary of {summary.due.day} was not sent: {answer}", hint="quantstrip notify list shows the outbox."
        )
    return Delivery(answer)


def file_of(home: Home, due: Due) -> Path:
    """Where a summary lies that could not be mailed."""
    return home.reports / f"eod-{due.mode}-{due.day}.html"


def _lead(due: Due, zone: tzinfo, rows: DayRows) -> list[str]:
    close = due.calendar.close_ts(due.session)
    half = ", a half-day" if due.calendar.is_half_day(due.session) else ""
    verb = "closed" if due.closed else "closes"
    lines = [f"Mode {due.mode}. {due.calendar.name} {verb} at {local(close, zone)} {zone}{half}."]
    if due.mode in OWN_PACE:
        lines[0] = f"Mode {due.mode}: the day that the replay has reached. No money moved."
    if not due.closed:
        lines.append("The session is not over: these are figures of so far.")
    lines += map(str, rows.missing)
    unnamed = sorted(set(rows.unpriced) - {one.symbol for one in rows.missing})
    if unnamed:
        lines.append(f"There is no rate {', '.join(unnamed)}: what needs it among open positions is shown as '-'.")
    return lines


def _mode(ledger: Ledger, wanted: str) -> str:
    there = recorded_modes(ledger)
    if wanted and wanted not in map(str, SHOWN_MODES):
        raise ReportError(f"{wanted!r} is no mode", hint=f"There are: {', '.join(map(str, SHOWN_MODES))}")
    return wanted or next(iter(there), str(Mode.LIVE))


def _recipients(home: Home) -> tuple[str, ...]:
    found = manager_of(home).get("notify.recipients", [])
    return tuple(each.strip() for each in (found.split(",") if isinstance(found, str) else found) if each.strip())


def _can_send(home: Home, to: tuple[str, ...]) -> bool:
    if to and addresses.split(to)[1]:
        return True  # a channel needs no account
    return bool(accounts.names(existing_ledger(home)))
