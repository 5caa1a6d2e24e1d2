"""The page Packages on a real overlay, whose packages come from a real index on the loopback."""

from collections.abc import Iterator
from typing import Any

import pytest

from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations import packages, tasks
from tests.package_index import Index, served

PAGE = "screens/packages.py"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with served(tmp_path_factory.mktemp("index")) as made:
        made.wheel("alpha", "2.0", ["beta>=1"])
        made.wheel("beta", "1.1")
        made.wheel("beta", "1.0")
        made.wheel("clash", "1.0", ["numpy<1"])
        made.wheel("gamma", "1.0", ["beta<1.1"])
        made.source("only-source", "3.0")
        yield made


@pytest.fixture
def asked(home: Home, index: Index, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name, value in index.environment().items():
        monkeypatch.setenv(name, value)
    open_ledger(home)
    return home


def look_up(page: Any, home: Home, name: str, client: str = "") -> None:
    """Show the page with what the worker found; to have it look needs a service."""
    task = tasks.run_now(home, "package_look_up", {"name": name, "client": client})
    assert task.state == "done", task.error
    page.app.session_state["package-found"] = task.task_id
    page.app.run()
    assert not page.app.exception


def test_an_empty_overlay_says_what_to_do_first_and_shows_the_platforms_own(show: Any, home: Home) -> None:
    page = show(PAGE)
    assert "Nothing was installed here yet" in page.text
    page.app.toggle(key="package-platform").set_value(True).run()
    own = page.app.dataframe[0].value
    assert "streamlit" in set(own["Package"])
    assert not page.app.button(key="package-look-up").disabled


def test_a_package_is_looked_up_by_name_and_a_stopped_service_is_told(show: Any, asked: Home) -> None:
    page = show(PAGE)
    page.app.text_input(key="package-name").set_value("alpha")
    page.press("package-look-up")
    assert "no service runs" in page.app.toast[0].value
    look_up(page, asked, "alpha")
    assert "alpha 2.0" in page.text
    assert "What alpha does" in page.text
    assert "beta 1.1" in page.text
    page.press("package-install")
    assert "no service runs" in page.app.toast[0].value
    look_up(page, asked, "clash")
    assert "clash 1.0 wants numpy<1" in page.text
    assert "package-install" not in {each.key for each in page.app.button}
    look_up(page, asked, "only-source")
    page.press("package-source")
    assert "runs code of the package" in page.app.text[0].value


def test_what_is_installed_and_what_was_printed_is_shown_and_a_removal_asks(show: Any, asked: Home) -> None:
    tasks.run_now(asked, "package_install", {"names": ["alpha"]})
    page = show(PAGE)
    assert "2 installed here" in page.text
    assert "you asked for it" in page.text
    assert "needed by alpha" in page.text
    assert "Install alpha done" in page.text
    page.press("package-remove-beta")
    assert "beta cannot be removed: alpha needs it" in page.text
    page = show(PAGE)
    page.press("package-remove-alpha")
    assert page.app.toggle(key="package-loose").value
    assert {each.name for each in packages.installed(asked)} == {"alpha", "beta"}


def test_upgrading_all_asks_with_what_it_is_about(show: Any, asked: Home) -> None:
    tasks.run_now(asked, "package_install", {"names": ["alpha"]})
    page = show(PAGE)
    page.press("package-upgrade-all")
    assert "Upgrade alpha 2.0, and what they need?" in page.app.text[0].value
    assert [each.kind for each in tasks.list_tasks(asked)] == ["package_install"]
    page.press("package-upgrade-all-now")
    assert "no service runs" in page.text


def test_what_goes_with_the_platform_but_not_with_what_is_shared_is_offered_to_one_client(
    show: Any, asked: Home
) -> None:
    (asked.clients / "odd.py").touch()
    tasks.run_now(asked, "package_install", {"names": ["beta>=1.1"]})
    page = show(PAGE)
    look_up(page, asked, "gamma")
    assert "gamma 1.0 wants beta<1.1" in page.text
    assert "package-install" not in {each.key for each in page.app.button}
    assert page.app.selectbox(key="package-client").options == ["odd"]
    page.press("package-install-client")
    assert "no service runs" in page.app.toast[0].value
    tasks.run_now(asked, "package_install", {"names": ["gamma"], "client": "odd"})
    page = show(PAGE)
    assert "Environment of odd" in page.text
    assert "Install gamma for odd alone done" in page.text
    page.app.selectbox(key="package-for").set_value("odd").run()
    look_up(page, asked, "alpha", "odd")  # what goes with all clients goes to one as well
    assert page.app.button(key="package-install").label.replace("\\", "") == "Install 2.0 for odd"
    page.press("package-remove-odd-gamma")
    assert "from the environment of odd?" in page.app.text[0].value
    assert page.app.toggle(key="package-loose").label == "Also what nothing else needs: beta"


def test_who_only_looks_sees_what_is_installed_and_can_change_nothing(show: Any, asked: Home) -> None:
    tasks.run_now(asked, "package_install", {"names": ["beta"]})
    page = show(PAGE, role="viewer")
    assert "beta" in page.text
    assert {each.key for each in page.app.button} == set()
