"""What a screen says when there is nothing to show yet: what to do first."""

import streamlit as st

from components import frame, markup, roles
from quantstrip.home import Home
from quantstrip.operations.service_health import Part


def no_clients(home: Home) -> None:
    """No client was ever deployed here."""
    steps = _steps(
        "No client is deployed yet",
        [
            markup.text("On the page Python, New makes a client or a strategy; Deploy shows it and starts it."),
            markup.text("It appears here, with its state, its log and its errors."),
            markup.join(
                markup.text("In a terminal: save it in "), _code(home.clients), markup.text(", then "),
                _code(f"quantstrip --home {home.root} deploy NAME"), markup.text("."),
            ),
        ],
    )  # fmt: skip
    _leading(steps, "python", "Make a client on the page Python", ":material/code:")


def no_file(home: Home) -> markup.Html:
    """No file is open in the editor."""
    return _steps(
        "Open a file, or begin with one of your own",
        [
            markup.join(markup.text("New makes a client or a strategy from a template, in "), _code(home.clients),
                        markup.text(".")),
            markup.text("Try it: Run as simulation, and Rehearse, touch no real order and no real ledger."),
            markup.text("Deploy shows the difference to what runs, and keeps the version before to roll back to."),
        ],
    )  # fmt: skip


def no_problems() -> markup.Html:
    """Nothing failed."""
    return markup.notice(
        "good", markup.text("No problems: every client that was started loaded and runs as it should.")
    )


def nothing_recorded() -> None:
    """The ledger holds no strategy run."""
    steps = _steps(
        "Nothing was traded yet",
        [
            markup.text("A strategy's orders and fills appear here as soon as its client records the first one."),
            markup.join(
                markup.text("To see one work on recorded prices first, run it on the page Backtest; in a terminal, "),
                _code("quantstrip up --demo"),
                markup.text(" shows two at work."),
            ),
        ],
    )
    _leading(steps, "backtest", "Try a strategy on the page Backtest", ":material/query_stats:")


def no_curve() -> markup.Html:
    """No equity and no closed trade: nothing to draw."""
    return markup.tag("div", markup.text("The curve begins with the first recorded bar or closed trade."), "qs-blank")


def no_logs(home: Home) -> None:
    """Nothing ran here yet."""
    steps = _steps(
        "Nothing was logged yet",
        [
            markup.join(
                markup.text("Start the service on Home; in a terminal: "), _code(f"quantstrip --home {home.root} up"),
                markup.text("."),
            ),
            markup.text("Its log, the dashboard's and one for each client appear here, and can be followed live."),
        ],
    )  # fmt: skip
    _leading(steps, "home", "Start the service on Home", ":material/space_dashboard:")


def no_accounts() -> markup.Html:
    """Nobody can be reached."""
    return _steps(
        "Nobody is told anything yet",
        [
            markup.text("Under Accounts, add the mail account that messages are to come from, or a channel."),
            markup.text("Send a test message with it."),
            markup.text("Under Recipients, say who is told; without that, the account's own address is."),
        ],
    )


def no_packages() -> markup.Html:
    """Nothing was installed for clients."""
    return _steps(
        "Nothing was installed here yet",
        [
            markup.text("Look a package up by its exact name."),
            markup.text("Install it: what it prints meanwhile is shown, and the platform's own packages stay."),
            markup.text("Your clients can import it from their next start on."),
        ],
    )


def no_bars() -> markup.Html:
    """No bars are stored."""
    return _steps(
        "No bars are stored yet",
        [
            markup.text("Under Import, hand a CSV or Parquet file over, name one of this machine, or take the sample "
                        "that ships; what is found in it is shown before anything is kept."),
            markup.text("Under Download, name symbols and the feeds to ask."),
            markup.text("Backtests, sweeps and replays then read the store; until then they run on the sample."),
        ],
    )  # fmt: skip


_BOXES = {
    "all": "Nothing was written yet. What your clients send, and alerts about what went wrong, appears here.",
    "waiting": "Nothing waits to be sent.",
    "failed": "Nothing failed.",
    "sent": "Nothing was sent yet.",
    "put aside": "Nothing was discarded, and no simulation wrote a message.",
}


def no_messages(box: str) -> markup.Html:
    """A box without messages."""
    return markup.notice("good" if box == "failed" else "info", markup.text(_BOXES[box]))


def no_alerts() -> markup.Html:
    """Nothing went wrong."""
    return markup.notice("good", markup.text("No alerts: nothing went wrong that you should know of."))


def no_entries(mode: str, *, filtered: bool, fills: bool) -> markup.Html:
    """Nothing was entered, or nothing fits the filters."""
    if filtered:
        return markup.notice("info", markup.text(f"No entry in mode {mode} fits these filters. Empty one of them."))
    if fills:
        return markup.notice("info", markup.text(f"No fill was recorded in mode {mode}."))
    return _steps(
        f"Nothing was entered or corrected in mode {mode} yet",
        [
            markup.text("Enter a trade that was made elsewhere, or take over a position that you hold already."),
            markup.text("Look at what it changes, then book it: it counts in every report like any other."),
            markup.text("Is a fill of a client wrong? Choose All fills, and correct it there."),
        ],
    )


def service_stopped(home: Home, means: str = "so no client runs") -> markup.Html:
    """The service does not run; ``means`` says what does not happen meanwhile, and what to do, to who may do it."""
    way = "Press Start the service" if roles.may("admin") else "An admin can start it on this page"
    return markup.notice(
        "warn",
        markup.join(
            markup.tag("strong", markup.text(f"The service is not running, {means}. ")),
            markup.text(f"{way}; in a terminal: "),
            _code(f"quantstrip --home {home.root} up"),
        ),
    )


def part_missing(part: Part) -> markup.Html:
    """A part of the service does not run."""
    return markup.notice(
        "warn",
        markup.join(
            markup.tag("strong", markup.text(f"The {part.name} is not running ({part.state.lower()}): ")),
            markup.text(f"{part.means}. Its last words are in "),
            _code(part.words_in),
        ),
    )


def no_such_client(home: Home, name: str, *, was: bool) -> None:
    """The client of the address is not deployed: it was removed, perhaps while it was shown, or never was."""
    if not was:
        words = f"No client {name!r} is deployed, and none of that name ever ran."
        st.html(markup.notice("warn", markup.text(words)))
        return
    steps = _steps(
        f"{name} is no longer deployed",
        [
            markup.text("What it did stays in the ledger, and its log and its versions stay where they are."),
            markup.join(
                markup.text("To bring it back, press Deploy on the page Python; in a terminal: "),
                _code(f"quantstrip deploy {name}"),
                markup.text("."),
            ),
        ],
    )
    file = _own_file(home, name)
    label = f"Open {file}" if file else "Open the page Python"
    _leading(steps, "python", label, ":material/code:", **({"file": file} if file else {}))


def _leading(steps: markup.Html, page: str, label: str, icon: str, **query: str) -> None:
    """The steps, and the link to the page of the first one for those who may open that."""
    st.html(steps)
    if roles.may(roles.PAGES[page]):
        frame.link(page, label, icon=icon, **query)


def _own_file(home: Home, name: str) -> str:
    """The file of a client as the Python page knows it; "" where it is gone, or lies elsewhere."""
    paths = (f"clients/{name}.py", f"clients/{name}/__init__.py")
    return next((path for path in paths if (home.root / path).is_file()), "")


def _steps(title: str, steps: list[markup.Html]) -> markup.Html:
    items = markup.join(*(markup.tag("li", step) for step in steps))
    return markup.notice("info", markup.join(markup.tag("strong", markup.text(title)), markup.tag("ol", items)))


def _code(value: object) -> markup.Html:
    return markup.tag("code", markup.text(value))
