"""Each page with each role: whose it is not is told so, and a viewer is shown nothing that acts.

What a page does not show cannot be done either: Streamlit takes clicks for nothing but what it has put on the page.
"""

import re
from typing import Any, Final

import pytest
from streamlit.testing.v1 import AppTest

from quantstrip.bars import sample_folder
from quantstrip.home import Home, asset
from quantstrip.ledger.outbox import NewMessage
from quantstrip.operations import clients, users
from quantstrip.operations.data_import import import_bars
from quantstrip.operations.notifications import put_account
from quantstrip.operations.roles import ROLES, allows

SCREENS: Final = sorted(path.stem for path in (asset("dashboard") / "screens").glob("*.py"))
CLIENT: Final = "from quantstrip import ClientBase\n\nclass Client(ClientBase):\n    pass\n"
ACTING: Final = ("button", "menu_button", "file_uploader", "data_editor", "chat_input", "camera_input", "audio_input")
LOOKING: Final = re.compile(
    r"""(?x)
    log-out                                                 # one's own login
    | (open|page-open|message|alert|open-alert)-.*          # opens what is there
    | .*-(older|newer|previous|next|refresh|back)           # turns pages, reads again
    | log-(jump|live|pause|end)                             # the log's view
    | report-open-.* | bt-open-.* | bt-compare | bt-back    # opens results
    | packages?-look-up                                     # asks what a name is
    | own-password.*                                        # one's own password
    """
)
VIEWS: Final[dict[str, list[dict[str, Any]]]] = {
    "maintenance": [
        {"maintenance-tabs": name} for name in ("Tasks", "Health", "Backups", "End of day", "Reconciliation", "Audit")
    ],
    "notifications": [{"note-tabs": name} for name in ("Inbox", "Alerts", "Accounts", "Recipients")],
    "monitor": [{"monitor-tabs": name} for name in ("Running clients", "Problems")],
    "journal": [{"journal-list": "Entries and corrections"}, {"journal-list": "All fills"}],
    "reporting": [{"report-part": name} for name in ("Overview", "Trades", "Stored reports")],
    "market": [{"market-tabs": name} for name in ("Stored", "Import", "Download")],
    "validation": [{"later-seen-validation": True}],
    "client": [{"client-tabs": name} for name in ("Log", "Jobs", "Orders and PnL", "Versions", "Processes", "Alerts")],
}
"""What of a page is behind a choice: each is looked at."""
DECIDING: Final = re.compile(
    r"""(?x)
    (add|edit|remove)-(account|channel).* | default-.* | told-.*  # how people are reached
    | .*-Redeploy-.* | remove-client.* | start-.*                 # what runs at all
    | package-.*(install|remove|upgrade|source).*
    | sql-write.* | static-(add|change|remove).*                  # rows that are no trades
    | (add|remove)-user.* | user-(role|password).*                # who may open the dashboard
    """
)
"""What an admin alone is shown."""
ACTS: Final = {
    "backtest": "bt-run",
    "market": "market-delete",
    "validation": "check-run",
    "monitor": "card-Start-mine",
    "client": "page-Start-mine",
    "journal": "journal-trade",
    "maintenance": "backup-now",
    "notifications": "add-account-",
    "settings": "settings-import",
    "sql": "sql-save-as",
    "python": "python-new",
    "users": "remove-user-ann",
}
"""Something that an admin is shown there: lest the test find nothing because it looks at nothing."""


@pytest.fixture
def lively(traded: Any, home: Home) -> Any:
    """A home in which every page has something to act on."""
    path = home.clients / "mine.py"
    path.write_text(CLIENT, encoding="utf-8")
    clients.deploy(home, path)
    import_bars(home, sample_folder() / "IBM.csv")
    ledger = traded.ledger
    users.add_user(home, "ann", "admin", "correct horse battery")
    ledger.queue_message(NewMessage("<1@t>", ["you@example.com"], "Hello", "Body", "", client="mine"))
    ledger.alert("deploy_refused", "mine was refused", "Trace", client="mine")
    put_account(home, "mail", password=None, server="localhost", port=2525, security="none", username="",
                from_address="me@example.com")  # fmt: skip
    return traded


def declared() -> dict[str, str]:
    from components.roles import PAGES

    return dict(PAGES)


def visit(page: Any, screen: str) -> AppTest:
    """Go to a page by its address, whatever the navigation shows."""
    app: AppTest = page.app
    if screen == "client":
        app.query_params["name"] = "mine"
    app.switch_page(f"screens/{screen}.py").run()
    assert not app.exception
    return app


def controls(app: AppTest) -> set[str]:
    """The keys of everything on the page that can be pressed, or that takes something in."""
    return {str(each.key or getattr(each, "label", "")) for kind in ACTING for each in app.get(kind)}


def seen(app: AppTest, screen: str) -> set[str]:
    """The controls of a page in each of its views."""
    found = controls(app)
    for view in VIEWS.get(screen, []):
        for key, value in view.items():
            app.session_state[key] = value
        app.run()
        assert not app.exception
        found |= controls(app)
    return found


def test_each_page_says_who_may_open_it_and_a_new_one_cannot_be_opened_before_it_does(show: Any) -> None:
    assert sorted(declared()) == SCREENS
    assert set(declared().values()) <= set(ROLES)


@pytest.mark.parametrize("role", [*ROLES, ""])
def test_each_page_opens_for_its_role_and_says_to_others_what_is_needed(lively: Any, show: Any, role: str) -> None:
    page = show("app.py", role=role)
    for screen, needed in declared().items():
        app = visit(page, screen)
        refused = f"This needs the role {needed}" in page.text
        assert refused == (not allows(role, needed)), screen
        if refused:
            assert controls(app) <= {"log-out"}, screen


def test_a_viewer_is_shown_nothing_that_acts_an_operator_nothing_that_decides_and_an_admin_all(
    lively: Any, show: Any
) -> None:
    viewer, admin = show("app.py", role="viewer"), show("app.py", role="admin")
    for screen, needed in declared().items():
        if allows("viewer", needed):
            found = seen(visit(viewer, screen), screen)
            assert {key for key in found if not LOOKING.fullmatch(key)} == set(), screen
    operator = show("app.py", role="operator")
    for screen in ("monitor", "client", "notifications", "packages", "sql", "users"):
        found = seen(visit(operator, screen), screen)
        assert {key for key in found if DECIDING.fullmatch(key)} == set(), screen
    for screen, act in ACTS.items():
        assert act in seen(visit(admin, screen), screen), screen


def test_no_control_is_merely_disabled_for_a_role_as_a_browser_that_lies_could_press_it() -> None:
    by_role = re.compile(r"disabled=[^,)\n]*\b(may|roles)\b")
    found = [path.name for path in asset("dashboard").rglob("*.py") if by_role.search(path.read_text(encoding="utf-8"))]
    assert found == []
    assert by_role.search('st.button("Delete", disabled=not may)')


def test_secrets_are_shown_to_nobody(lively: Any, home: Home, show: Any) -> None:
    stored = users.read_users(home)["ann"].password
    page = show("app.py", role="admin")
    for screen in ("settings", "notifications", "users"):
        app = visit(page, screen)
        everything = page.markup + "".join(str(each) for each in app.main)
        assert stored not in everything
        assert "argon2" not in everything
