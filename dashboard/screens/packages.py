"""Packages: what clients can import beside the platform's own; look-up, install, upgrade, remove.

The index is asked only when a button is pressed, and by the server.
"""

from typing import Any, Final

import streamlit as st

from components import dialogs, empty, frame, markup, output, package_rows, roles, service_state, waiting
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import package_lookup, packages, tasks
from quantstrip.operations.package_lookup import Found
from quantstrip.operations.tasks import Task

_FOUND: Final = "package-found"
_NAME: Final = "package-name"
_KINDS: Final = {"package_install": "Install", "package_upgrade": "Upgrade", "package_remove": "Remove"}
_LOOKED_AT: Final = 200


def main(home: Home) -> None:
    """Show the page."""
    with frame.boundary():
        there = packages.everywhere(home)
        mine = there[""]
        frame.title("Packages", markup.chip(f"{len(mine)} installed here", "info" if mine else "idle"))
        frame.say_notice()
        with st.container(key="package-said"):
            answers = frame.ledger_answers(home)
            if answers and roles.may("admin"):
                service_state.needed(home, "worker", "so no package can be installed, upgraded or removed")
        dialogs.show(
            {
                "package-remove": ("Remove a package", lambda subject: _remove(home, *_parts(subject))),
                "package-all": ("Upgrade all packages", lambda _: _upgrade_all(home)),
                "package-source": ("Build from source", lambda subject: _build(home, *_parts(subject))),
            }
        )
        wide, narrow = st.columns([1.6, 1], gap="medium")
        with wide:
            change = _last_change(home) if answers else None
            busy = change is not None and not change.over
            for client, found in there.items():
                _installed(home, found, client, busy=busy)
            with frame.boundary():
                package_rows.platform_table(packages.platform())
        with narrow:
            if roles.may("admin"):
                _look_up(home, [client for client in there if client], busy=busy)
            if change is not None:
                with st.container(border=True, key="package-change"):
                    output.follow(home, change, _title(change))


def _installed(home: Home, mine: list[packages.Package], client: str, *, busy: bool) -> None:
    """What is installed for all clients, or what one has in its place."""
    if client:
        frame.section(f"Environment of {client}", "it sees these in the place of the shared packages")
    else:
        frame.section("Installed for your clients", "the platform's own come first in every process")
    if not mine:
        st.html(empty.no_packages())
        return
    if roles.may("admin") and not client:
        st.button("Upgrade all", icon=":material/upgrade:", key="package-upgrade-all", disabled=busy,
                  on_click=dialogs.ask, args=("package-all",))  # fmt: skip
    for each in mine:
        key = f"{client}-{each.key}" if client else each.key
        with st.container(horizontal=True, vertical_alignment="center", key=f"item-package-{key}"):
            st.html(package_rows.row(each), width="stretch")
            if roles.may("admin"):
                st.button("Upgrade", key=f"package-upgrade-{key}", disabled=busy, on_click=_change,
                          args=(home, "package_upgrade", {"names": [each.name], "client": client}))  # fmt: skip
                st.button("Remove", key=f"package-remove-{key}", disabled=busy, on_click=dialogs.ask,
                          args=("package-remove", f"{client} {each.name}"))  # fmt: skip


def _parts(subject: str) -> tuple[str, str]:
    """The client of a dialog, "" for all of them, and the package."""
    client, _, name = subject.partition(" ")
    return client, name


def _look_up(home: Home, environments: list[str], *, busy: bool) -> None:
    frame.section("Find a package", "by its exact name")
    client = ""
    if environments:
        client = st.selectbox("For", ["", *environments], key="package-for", format_func=_for_whom)
    with st.form("package-look", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name", key=_NAME, placeholder="polars, or polars<2", label_visibility="collapsed")
        asked = st.form_submit_button("Look up", icon=":material/search:", key="package-look-up")
    if asked:
        waiting.drop(home, _FOUND)
        waiting.ask(home, _FOUND, "package_look_up", {"name": name.strip(), "client": client}, by="Packages page")
        st.rerun()
    if _FOUND not in st.session_state:
        st.html(markup.tag("p", markup.text(
            "The package index is asked when you press Look up or Install, by this machine, and never otherwise."
        ), "qs-soft"))  # fmt: skip
        return
    if task := waiting.show(home, _FOUND, "Nothing was found"):
        found = package_lookup.found_by(task)
        with st.container(border=True, key="package-found-box"):
            st.html(package_rows.found(found))
            _offer(home, str(task.arguments["name"]), str(task.arguments["client"]), found, busy=busy)


def _for_whom(client: str) -> str:
    return f"the environment of {client}" if client else "all clients"


def _offer(home: Home, wanted: str, client: str, found: Found, *, busy: bool) -> None:
    """What can be done with a package that was found."""
    if found.source_only:
        st.button("Build from source", icon=":material/build:", key="package-source", disabled=busy,
                  on_click=dialogs.ask, args=("package-source", f"{client} {wanted}"))  # fmt: skip
    elif found.alone:
        _offer_environment(home, wanted, busy=busy)
    elif not found.problem and found.version != found.here:
        st.button(f"Install {markup.plain(found.version)}" + (f" for {client}" if client else ""), type="primary",
                  icon=":material/download:", key="package-install", disabled=busy, on_click=_change,
                  args=(home, "package_install", {"names": [wanted], "client": client}))  # fmt: skip


def _offer_environment(home: Home, wanted: str, *, busy: bool) -> None:
    """It does not go with what is shared: one client can have it, in the place of that."""
    st.text(
        "One client can have it, in an environment of its own: from its next start it sees what is installed there in "
        "the place of the packages of all clients. The platform's own stay as they are for it too."
    )
    clients = packages.clients(home)
    if not clients:
        st.text("There is no client yet.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        client = st.selectbox("For the client", clients, key="package-client")
        st.button("Install for this client", icon=":material/download:", key="package-install-client", type="primary",
                  disabled=busy, on_click=_change,
                  args=(home, "package_install", {"names": [wanted], "client": client}))  # fmt: skip


def _remove(home: Home, client: str, name: str) -> None:
    """Ask, with what would go too."""
    loose = packages.leftovers(home, [name], client)
    if client:
        st.text(
            f"Remove {name} from the environment of {client}? A client that imports it fails from its next start. With "
            "the last package the environment goes, and the client sees what is shared."
        )
    else:
        st.text(f"Remove {name}? Clients that import it fail from their next start.")
    too = bool(loose) and st.toggle(
        f"Also what nothing else needs: {markup.plain(', '.join(loose))}", value=True, key="package-loose"
    )
    if dialogs.buttons("Remove", key="package-remove-now", danger=True):
        tasks.submit(home, "package_remove", {"names": [name], "leftovers": too, "client": client}, by="Packages page")
        dialogs.done(f"{name} is being removed")


def _upgrade_all(home: Home) -> None:
    """Ask, with what it is about; which versions there are is only known when the index is asked."""
    mine = packages.installed(home)
    asked = [f"{each.name} {each.version}" for each in mine if each.asked]
    st.text(
        f"Upgrade {', '.join(asked)}, and what they need? Each goes to the newest version that the others and the "
        "platform go with; all of them change, or none. Clients run the new versions from their next start on."
    )
    if dialogs.buttons("Upgrade all", key="package-upgrade-all-now"):
        roles.require("admin")
        tasks.submit(home, "package_upgrade", {"names": []}, by="Packages page")
        dialogs.done("The packages are being upgraded")


def _build(home: Home, client: str, name: str) -> None:
    """Ask: to build is to run what the package brings."""
    st.text(
        f"There is no wheel of {name} that fits. It can be built from its source: that runs code of the package on "
        "this machine, with your rights, before you have used any of it. Build only what you trust."
    )
    if dialogs.buttons("Build and install", key="package-source-now", danger=True):
        tasks.submit(home, "package_install", {"names": [name], "source": True, "client": client}, by="Packages page")
        dialogs.done(f"{name} is being built")


def _change(home: Home, kind: str, arguments: dict[str, Any]) -> None:
    roles.require("admin")
    waiting.drop(home, _FOUND)
    try:
        tasks.submit(home, kind, arguments, by="Packages page")
    except QuantstripError as error:
        frame.keep_notice(str(error), failed=True)


def _last_change(home: Home) -> Task | None:
    """The newest task that changed packages, or does."""
    return next((each for each in tasks.list_tasks(home, limit=_LOOKED_AT) if each.kind in _KINDS), None)


def _title(task: Task) -> str:
    names = task.arguments.get("names") or ["all"]
    client = task.arguments.get("client")
    return f"{_KINDS[task.kind]} {', '.join(names)}" + (f" for {client} alone" if client else "")


main(frame.home())
