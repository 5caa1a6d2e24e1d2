"""The parts of the page Maintenance beside the tasks: health, backups, the day's end, reconciliation, the audit."""

from typing import Any, Final

import pandas as pd
import streamlit as st

from components import frame, markup, notes, output, service_state, task_list, times
from components.markup import Column, Html
from quantstrip.clock import from_text, system_clock
from quantstrip.home import Home
from quantstrip.operations import audit, backup, doctor, eod, maintenance, reconciliation, service
from quantstrip.operations.doctor import Check
from quantstrip.operations.maintenance import BackupFile

_FOUND: Final = "health-found"
_SHOWN: Final = 30
_MODES: Final = ("", "live", "paper", "replay", "simulation")


def health(home: Home) -> None:
    """Whether the service runs, and what the doctor finds when it is asked."""
    service_state.told(home, service.status(home, clients=False))
    frame.say_notice()
    if st.button("Check now", icon=":material/stethoscope:", key="health-check", type="primary"):
        with st.spinner("Looking at everything the platform needs; a large ledger takes a while..."):
            st.session_state[_FOUND] = (doctor.checks(home), system_clock.now())
    if _FOUND not in st.session_state:
        st.html(markup.notice("info", markup.text(
            "The check looks at Python, the packages, the home, the disk, the settings, the ledger, the login and the "
            "service. It changes nothing."
        )))  # fmt: skip
        return
    found, when = st.session_state[_FOUND]
    wrong = sum(not each.ok and not each.optional for each in found)
    words = f"{wrong} of {len(found)} need something" if wrong else f"All is well: {len(found)} were looked at"
    st.html(markup.notice("bad" if wrong else "good", markup.text(f"{words}, {times.moment(when)}.")))
    columns = [Column("Check"), Column("State"), Column("Found, and what to do")]
    rows = [(each.name, _state(each), _finding(each)) for each in found]
    st.html(markup.table(columns, rows, label="Checks", none="Nothing was looked at"))


def backups(home: Home) -> None:
    """What there is, making one, looking one through; and how to go back to one."""
    found = maintenance.backups(home)
    last = task_list.newest(home, "backup", "backup_verify")
    busy = last is not None and not last.over
    st.button("Make one now", icon=":material/backup:", key="backup-now", type="primary", disabled=busy,
              on_click=task_list.submit, args=(home, "backup", {}))  # fmt: skip
    if last is not None:
        with st.container(border=True, key="backup-last"):
            name = last.arguments.get("name", "")
            output.follow(home, last, f"Verify {name}" if name else "Backup", role="operator")
            if last.result is not None:
                st.html(_copy(dict(last.result)))
    frame.section("Backups", f"{len(found)} in {backup.folder_of(home)}" if found else "")
    if not found:
        words = "There is no backup yet. Make one now; the service makes one by itself on its schedule."
        st.html(markup.notice("warn", markup.text(words)))
    for number, each in enumerate(found[:_SHOWN]):
        with st.container(horizontal=True, vertical_alignment="center", key=f"item-backup-{number}"):
            st.html(_backup(each), width="stretch")
            st.button("Verify", key=f"backup-verify-{number}", disabled=busy, on_click=task_list.submit,
                      args=(home, "backup_verify", {"name": each.name}))  # fmt: skip
    _restoring(home, found[0].name if found else "NAME")


def end_of_day(home: Home) -> None:
    """The session that closed last, the summaries that were sent, and sending one."""
    due = eod.due_now(home)
    done = "was given out" if eod.is_done(home, due) else "was not sent"
    st.html(markup.facts([("Session that closed last", f"{due.day}, {due.mode}"), ("Its summary", done)]))
    with st.form("eod-form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        day = st.date_input("Session", value=None, key="eod-day", format="YYYY-MM-DD", width=180,
                            min_value=times.EARLIEST, help="Empty is the one that closed last")  # fmt: skip
        mode = st.selectbox("Mode", _MODES, key="eod-mode", format_func=lambda name: name or "as set", width=150)
        again = st.checkbox("Send again", key="eod-again", help="Also where it was sent already", width="content")
        if st.form_submit_button("Send the summary", icon=":material/send:", key="eod-run"):
            asked = {"day": day.isoformat() if day else None, "mode": mode or None, "again": again}
            task_list.submit(home, "end_of_day", asked)
            st.rerun()
    last = task_list.newest(home, "end_of_day")
    if last is not None:
        with st.container(border=True, key="eod-last"):
            output.follow(home, last, f"Summary of {last.arguments.get('day') or 'the last session'}", role="operator")
            if last.result is not None:
                st.html(markup.text(f"{last.result['day']}, {last.result['mode']}: {last.result['answer']}"))
    frame.section("Last summaries")
    found = maintenance.summaries(home)
    if not found:
        st.html(markup.notice("info", markup.text("No summary is among the newest messages.")))
    for each in found:
        with st.container(key=f"item-summary-{each.id}"):
            st.html(notes.message(each))
    frame.link("notifications", "Open Notifications", icon=":material/mail:")


def reconciled(home: Home) -> None:
    """The comparisons with the broker that were made, and what each found."""
    rows = reconciliation.past(home)
    if rows:
        columns = [
            Column("No.", numeric=True),
            Column("Made (UTC)"),
            Column("Accounts"),
            Column("Matched", numeric=True),
            Column("Taken over", numeric=True, minor=True),
            Column("Left", numeric=True),
            Column("Source", minor=True),
        ]
        names = ("accounts", "executions_matched", "taken_over", "open_differences", "source")
        shown = [
            (row["reconciliation_id"], str(row["create_time"])[:19], *(row[name] for name in names)) for row in rows
        ]
        st.html(markup.table(columns, shown, label="Reconciliations", none=""))
        numbers = [row["reconciliation_id"] for row in rows]
        number = st.selectbox("What it found", numbers, key="reconciliation", width=220)
        differences = pd.DataFrame(reconciliation.found(home, number))
        if differences.empty:
            st.html(markup.notice("good", markup.text("No difference: ledger and broker agreed.")))
        else:
            kept = ["outcome", "kind", "account", "symbol", "reference", "what", "ours", "theirs", "taken_over"]
            st.dataframe(differences[kept], hide_index=True, width="stretch")
    else:
        st.html(markup.notice("info", markup.text("The ledger was not compared with a broker's statement yet.")))
    st.html(_commands(
        "Compare on the command line: statements are files that are not kept, and what was missed is booked there.",
        f"quantstrip --home {home.root} reconcile flex FILE.xml",
        f"quantstrip --home {home.root} reconcile positions",
    ))  # fmt: skip


def audited(home: Home) -> None:
    """The chain's head, and what the last verification found."""
    head = audit.head(home)
    on = markup.chip("on" if head.is_on else "off", "good" if head.is_on else "warn")
    st.html(markup.facts([("Audit", on), ("Head", markup.tag("code", markup.text(head.head or "no chain yet")))]))
    st.html(markup.tag("p", markup.text(
        "Keep the head elsewhere: with it, a chain whose end was cut off is found too."
    ), "qs-soft"))  # fmt: skip
    _acts(home)
    last = task_list.newest(home, "audit_verify")
    with st.form("audit-form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        since = st.date_input("Written since (UTC)", value=None, key="audit-since", format="YYYY-MM-DD", width=180)
        recorded = st.text_input("A head you wrote down", key="audit-recorded", placeholder="SEQUENCE:MAC")
        if st.form_submit_button("Verify", icon=":material/verified_user:", key="audit-verify"):
            asked = {"since": since.isoformat() if since else None, "recorded": recorded.strip() or None}
            task_list.submit(home, "audit_verify", asked)
            st.rerun()
    if last is None:
        st.html(markup.notice("info", markup.text("No verification was made from here yet.")))
        return
    with st.container(border=True, key="audit-last"):
        output.follow(home, last, "Last verification", role="operator")
        if last.result is not None:
            st.html(_verification(dict(last.result)))


def _acts(home: Home) -> None:
    """What people changed, when that is asked for: among millions of links it takes a moment to find."""
    if not st.toggle("What people wrote by SQL, and changed of static data and users", key="audit-acts"):
        return
    with st.spinner("Reading the audit..."):
        found = audit.acts(home, _SHOWN)
    columns = [Column("When"), Column("Who"), Column("Rows"), Column("What")]
    rows = [
        (times.moment(from_text(each.time)), each.by or each.user, each.rows_in_words or each.kind, each.what)
        for each in found
    ]
    st.html(markup.table(columns, rows, label="What people changed", none="Nothing since the audit tells of it"))


def _verification(result: dict[str, Any]) -> Html:
    """What was checked, what is not covered, and the first thing that is wrong."""
    if not result["head"]:
        return markup.notice("warn", markup.text(
            "There is no audit chain: nothing is covered. If there was one before, all of its links were removed."
        ))  # fmt: skip
    lines = [f"{result['rows']:,} rows and {result['links']:,} links were checked. Head: {result['head']}"]
    lines += [f"Not covered: {gap}." for gap in result["gaps"]]
    lines += [f"Not covered: {count:,} rows of {table}." for table, count in result["uncovered"].items()]
    lines += [
        f"Not covered: {count:,} rows of {table} changed while the audit was off."
        for table, count in result["changed_while_off"].items()
    ]
    wrong = result["problem"]
    if wrong is None:
        first = "Everything that is covered is as the platform wrote it."
    else:
        first = f"Found: {wrong['kind']}. {wrong['what']}"
        place = f"{wrong['table']}, link {wrong['sequence']}" if wrong["table"] else f"link {wrong['sequence']}"
        lines = [f"Where: {place}", f"To do: {wrong['todo']}", *lines]
    said = markup.join(*(markup.tag("div", markup.text(line), "qs-hint") for line in lines))
    strong = markup.tag("strong", markup.text(first))
    return markup.notice("bad" if wrong else "good", markup.join(strong, said))


def _copy(result: dict[str, Any]) -> Html:
    if result["problems"]:
        return markup.notice("bad", markup.text(f"Not sound: {'; '.join(result['problems'])}"))
    books = "its books agree" if result["books_checked"] else "its books were not checked: it has another schema"
    words = f"Sound: version {result['version']}, {result['rows']:,} rows, {books}."
    where = markup.tag("div", markup.text(result["path"]), "qs-hint")
    return markup.notice("good", markup.join(markup.text(words), where))


def _backup(each: BackupFile) -> Html:
    facts = f"{times.moment(each.made)} · {each.size / 1e6:,.1f} MB"
    return markup.join(markup.tag("b", markup.text(each.name)), markup.tag("div", markup.text(facts), "qs-item-facts"))


def _restoring(home: Home, name: str) -> None:
    frame.section("Going back to a backup")
    st.html(_commands(
        "Restore on the command line: the service must be down, for it would go on writing into the file that is put "
        "aside, and this page is served by it. The ledger that was there is kept beside the restored one.",
        f"quantstrip --home {home.root} down",
        f"quantstrip --home {home.root} db restore {name}",
        f"quantstrip --home {home.root} up",
    ))  # fmt: skip


def _commands(why: str, *commands: str) -> Html:
    steps = markup.join(*(markup.tag("li", markup.tag("code", markup.text(each))) for each in commands))
    return markup.notice("info", markup.join(markup.text(why), markup.tag("ol", steps)))


def _state(check: Check) -> Html:
    if check.ok:
        return markup.chip("good", "good")
    return markup.chip("optional", "warn") if check.optional else markup.chip("wrong", "bad")


def _finding(check: Check) -> Html:
    found = markup.tag("span", markup.text(check.message), "qs-wrap")
    if check.ok or not check.hint:
        return found
    return markup.join(found, markup.tag("div", markup.tag("span", markup.text(check.hint), "qs-wrap"), "qs-hint"))
