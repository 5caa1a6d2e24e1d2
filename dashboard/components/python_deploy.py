"""Deploy and roll back: the difference to what runs first, then the version changes at once or not at all."""

from typing import Final

import streamlit as st

from components import dialogs, differences, frame, markup, times
from components.markup import Html, Tone
from quantstrip.editor import Mark
from quantstrip.home import Home
from quantstrip.operations import clients, versions
from quantstrip.operations.versions import Preview, Version

_MOST_MARKS: Final = 20
_TONES: Final[dict[str, Tone]] = {"error": "bad", "warning": "warn", "info": "info"}


def show(home: Home) -> None:
    """Show the one that is open."""
    dialogs.show(
        {
            "python-deploy": ("Deploy", lambda path: deploy(home, versions.preview_file(home, path))),
            "python-rollback": ("Roll back", lambda name: roll_back(home, name)),
        },
        width="large",
    )


def deploy(home: Home, seen: Preview) -> None:
    """What would change, what is wrong with it, and the button."""
    moved = dialogs.changed(seen.code_hash)
    st.html(_head(seen))
    for file, report in seen.findings.items():
        if report.findings:
            st.html(_findings(file, report.findings))
        if report.incomplete:
            st.html(markup.notice("warn", markup.text(report.incomplete)))
    if seen.comparison.same:
        words = "Nothing differs from the version that is deployed. Deploying restarts it."
        st.html(markup.notice("info", markup.text(words)))
    differences.show(seen.comparison.files, label="From what is deployed to what would be")
    if seen.refused:
        st.html(markup.notice("bad", markup.text(seen.refused)))
        return
    run = st.toggle("Run it at once", value=True, key="python-deploy-run",
                    help="Otherwise what runs goes on, until it is restarted.")  # fmt: skip
    pressed = dialogs.buttons("Deploy", key="python-deploy-now")
    if pressed and moved:
        words = "The files changed while you looked: nothing was deployed, this is the difference now"
        frame.keep_notice(words, failed=True)
    elif pressed:
        with st.spinner(f"Deploying {markup.plain(seen.name)}"):
            made = clients.deploy(home, seen.source, start=run, expect=seen.code_hash)
        after = "and runs" if made.started else "; it starts with the service" if run else "; it runs after a restart"
        dialogs.done(f"{made.name}: version {made.code_hash[:8]} is deployed {after}".replace(" ;", ";"))


def roll_back(home: Home, name: str) -> None:
    """The versions, what going back to one would change, and the button."""
    known = versions.versions(home, name)
    current = next((each for each in known if each.current), None)
    older = {each.code_hash: each for each in known if not each.current and each.stored}
    if current is not None:
        st.html(markup.facts([("Deployed now", _label(current))]))
    if not older:
        st.html(
            markup.notice("info", markup.text("There is no other version yet: each deployment keeps the one before."))
        )
        return
    chosen = st.radio(
        "Go back to", list(older), key="python-rollback-to", format_func=lambda each: _label(older[each]),
        captions=[markup.plain(each.change) for each in older.values()],
    )  # fmt: skip
    if not chosen:
        return
    differences.show(versions.difference(home, name, new=chosen).files, label="From what is deployed to that version")
    if dialogs.buttons(f"Roll back to {chosen[:8]}", key="python-rollback-now"):
        with st.spinner(f"Rolling {markup.plain(name)} back"):
            made = clients.rollback(home, name, chosen)
        dialogs.done(f"{name}: version {made.code_hash[:8]} {'runs' if made.started else 'is deployed'} again")


def _head(seen: Preview) -> Html:
    facts: list[tuple[str, object]] = [
        ("Client", seen.name),
        ("Deployed now", seen.current[:8] or "nothing yet"),
        ("Would be", seen.code_hash[:8] or markup.DASH),
        ("Files", ", ".join(seen.files) or markup.DASH),
    ]
    return markup.facts(facts)


def _findings(file: str, found: tuple[Mark, ...]) -> Html:
    rows = [
        markup.tag("li", markup.join(markup.chip(each.severity, _TONES[each.severity]),
                   markup.text(f" {file}:{each.line}: {each.message} "),
                   markup.tag("small", markup.text(each.source), "qs-soft")))
        for each in found[:_MOST_MARKS]
    ]  # fmt: skip
    if len(found) > _MOST_MARKS:
        rows.append(markup.tag("li", markup.text(f"and {len(found) - _MOST_MARKS} more")))
    return markup.tag("ul", markup.join(*rows), "qs-findings")


def _label(version: Version) -> str:
    note = f" ({version.note})" if version.note else ""
    return f"{times.moment(version.last)}, {version.code_hash[:8]}{note}"
