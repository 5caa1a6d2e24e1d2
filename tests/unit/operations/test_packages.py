"""Packages in a home's overlay: a real pip, asking a real index on the loopback that the tests fill."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantstrip.errors import PackageConflict, PackageError, PackageMissing, TaskRefused
from quantstrip.home import Home
from quantstrip.operations import package_changes, package_lookup, packages, tasks
from quantstrip.operations.package_tasks import InstallArguments, RemoveArguments, UpgradeArguments
from quantstrip.operations.task_progress import Progress
from quantstrip.overlay import client_of, current, environments, place_of
from tests.package_index import Index, served


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with served(tmp_path_factory.mktemp("index")) as made:
        made.wheel("alpha", "1.0")
        made.wheel("alpha", "2.0", ["beta>=1"])
        made.wheel("beta", "1.0")
        made.wheel("beta", "1.1")
        made.wheel("gamma", "1.0", ["beta<1.1"])
        made.wheel("clash", "1.0", ["numpy<1"])
        made.wheel("shadow", "1.0", modules={"json/__init__.py": "", "click.py": "", "shadow_own.py": ""})
        made.wheel("qs-part-one", "1.0", modules={"qs_space/one.py": "NAME = 1\n"})
        made.wheel("qs-part-two", "1.0", modules={"qs_space/two.py": "NAME = 2\n"})
        made.wheel("stuck", "1.0")
        made.source("only-source", "3.0")
        yield made


@pytest.fixture
def home(made_home: Home, index: Index, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name, value in index.environment().items():
        monkeypatch.setenv(name, value)
    return made_home


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, index: Index) -> Path:
    """An overlay with alpha, which brought beta, and one half of a namespace: to be copied, for pip takes its time."""
    made = Home(tmp_path_factory.mktemp("template") / "home").create()
    with pytest.MonkeyPatch.context() as changed:
        for name, value in index.environment().items():
            changed.setenv(name, value)
        install(made, "alpha", "qs-part-one")
    return made.packages


@pytest.fixture
def with_alpha(home: Home, template: Path) -> Home:
    shutil.copytree(template, home.packages, dirs_exist_ok=True)
    return home


def install(home: Home, *names: str, source: bool = False) -> None:
    package_changes.install(home, InstallArguments(list(names), source), home.tasks / "1", Progress())


def remove(home: Home, *names: str, leftovers: bool = True) -> None:
    package_changes.remove(home, RemoveArguments(list(names), leftovers), home.tasks / "1", Progress())


def there(home: Home) -> dict[str, str]:
    return {each.name: each.version for each in packages.installed(home)}


def imported(home: Home, code: str) -> str:
    """What a process prints that sees the home's overlay."""
    boot = (
        "import pathlib; from quantstrip import overlay; from quantstrip.home import Home; "
        f"overlay.use(Home(pathlib.Path({str(home.root)!r})))"
    )
    command = [sys.executable, "-P", "-c", f"{boot}\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def test_what_is_installed_can_be_imported_with_what_it_needs_and_says_why_it_is_there(with_alpha: Home) -> None:
    assert there(with_alpha) == {"alpha": "2.0", "beta": "1.1", "qs-part-one": "1.0"}
    asked = {each.name: (each.asked, each.needed_by) for each in packages.installed(with_alpha)}
    assert asked == {"alpha": ("alpha", ()), "beta": ("", ("alpha",)), "qs-part-one": ("qs-part-one", ())}
    assert imported(with_alpha, "import alpha, beta; print(alpha.VERSION, beta.VERSION)") == "2.0 1.1"


def test_an_upgrade_of_one_leaves_the_rest_and_a_removal_takes_what_nothing_else_needs(home: Home) -> None:
    install(home, "alpha<2", "beta==1.0")
    assert there(home) == {"alpha": "1.0", "beta": "1.0"}
    with pytest.raises(PackageError, match="gone is not installed here"):
        package_changes.upgrade(home, UpgradeArguments(["gone"]), home.tasks / "1", Progress())
    install(home, "alpha", "beta")  # asked for without a bound now, and what is there will do
    package_changes.upgrade(home, UpgradeArguments(["alpha"]), home.tasks / "1", Progress())
    assert there(home) == {"alpha": "2.0", "beta": "1.0"}
    package_changes.upgrade(home, UpgradeArguments([]), home.tasks / "1", Progress())
    assert there(home) == {"alpha": "2.0", "beta": "1.1"}
    with pytest.raises(PackageError, match="beta cannot be removed: alpha needs it"):
        remove(home, "beta")
    remove(home, "alpha")
    assert there(home) == {"beta": "1.1"}  # it was asked for


def test_what_came_along_goes_with_what_brought_it_or_stays_when_it_is_to(with_alpha: Home) -> None:
    assert packages.leftovers(with_alpha, ["alpha"]) == ["beta"]
    remove(with_alpha, "alpha", leftovers=False)
    assert {each.name: each.asked for each in packages.installed(with_alpha)} == {
        "beta": "beta", "qs-part-one": "qs-part-one"
    }  # fmt: skip
    remove(with_alpha, "beta", "qs-part-one")
    assert there(with_alpha) == {}


def test_a_conflict_says_who_wants_what_and_changes_nothing(with_alpha: Home) -> None:
    before = current(with_alpha)
    with pytest.raises(PackageConflict, match=r"clash 1\.0 wants numpy<1; the platform has numpy \d") as told:
        install(with_alpha, "clash")
    assert "its own packages stay as they are" in told.value.message
    with pytest.raises(PackageError, match="the platform's own and stays as it is; numpy<1 was asked for"):
        install(with_alpha, "numpy<1")
    with pytest.raises(PackageError, match="clients can import it already"):
        install(with_alpha, "numpy")
    with pytest.raises(PackageError, match=r"gamma 1\.0 wants beta<1\.1"):
        install(with_alpha, "gamma", "beta>=1.1")
    assert current(with_alpha) == before


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("nowhere-at-all", PackageError, "the index has no package nowhere-at-all"),
        ("alpha==9", PackageError, r"it has alpha 1\.0, 2\.0"),
        ("evil @ file:///tmp/evil.whl", PackageError, "asked for by its name"),
        ("--index-url=x", PackageError, "asked for by its name"),
        ("../folder", PackageError, "asked for by its name"),
    ],
)
def test_what_cannot_be_installed_is_refused_in_words(
    home: Home, name: str, error: type[PackageError], words: str
) -> None:
    with pytest.raises(error, match=words):
        install(home, name)
    assert there(home) == {}


def test_code_of_a_source_package_runs_only_when_that_is_asked_for(
    home: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PackageMissing, match="no wheel for this Python and machine"):
        install(home, "only-source")
    assert "the code of the package ran" not in capfd.readouterr().out
    with pytest.raises(PackageError):
        install(home, "only-source", source=True)
    assert "the code of the package ran" in capfd.readouterr().out


def test_the_platforms_own_modules_come_first_and_what_is_hidden_is_told(
    home: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    install(home, "shadow")
    said = capfd.readouterr().out
    assert "shadow brings a module json; Python has one of that name" in said
    assert "shadow brings a module click; click has one of that name" in said
    assert "shadow_own;" not in said
    code = "import click, json, sys; print(any('.versions' in m.__file__ for m in (click, json)))"
    assert imported(home, code) == "False"
    install(home, "beta")  # pip itself is not misled either
    assert set(there(home)) == {"shadow", "beta"}


def test_packages_that_share_a_namespace_are_put_together_and_taken_apart(with_alpha: Home) -> None:
    install(with_alpha, "qs-part-two")
    code = "import qs_space.one, qs_space.two; print(qs_space.one.NAME + qs_space.two.NAME)"
    assert imported(with_alpha, code) == "3"
    remove(with_alpha, "qs-part-one")
    assert imported(with_alpha, "import qs_space.two; print(qs_space.two.NAME)") == "2"


def test_a_running_process_keeps_the_version_it_began_with(with_alpha: Home) -> None:
    code = (
        "import pathlib, sys; from quantstrip import overlay; from quantstrip.home import Home; "
        f"overlay.use(Home(pathlib.Path({str(with_alpha.root)!r}))); print('ready', flush=True); sys.stdin.readline(); "
        "import alpha; print(alpha.VERSION)"
    )
    with subprocess.Popen(
        [sys.executable, "-P", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        for name in ("alpha", "qs-part-one"):  # more changes than old versions are kept
            remove(with_alpha, name, leftovers=False)
        assert running.communicate("go\n", timeout=60)[0] == "2.0\n"
    assert there(with_alpha) == {"beta": "1.1"}
    remove(with_alpha, "beta")
    kept = sorted(int(path.name) for path in with_alpha.package_versions.iterdir() if path.name.isdigit())
    assert kept == [3, 4]  # nobody uses the others any more


def test_an_install_that_is_killed_leaves_what_was_there_and_the_next_one_works(with_alpha: Home, index: Index) -> None:
    before = there(with_alpha)
    index.waiting.clear()
    code = (
        "import pathlib; from quantstrip.home import Home; from quantstrip.operations import tasks; "
        f"tasks.run_now(Home(pathlib.Path({str(with_alpha.root)!r})), 'package_install', {{'names': ['stuck']}})"
    )
    process = subprocess.Popen([sys.executable, "-P", "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert index.waiting.wait(60), "it never asked for the file"
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    assert there(with_alpha) == before
    assert imported(with_alpha, "import alpha; print(alpha.VERSION)") == "2.0"
    install(with_alpha, "gamma")
    assert there(with_alpha) == before | {"beta": "1.0", "gamma": "1.0"}
    assert not [path for path in with_alpha.package_versions.iterdir() if path.is_dir() and not path.name.isdigit()]


def test_a_second_change_at_the_same_time_is_refused(home: Home) -> None:
    from quantstrip.operations.package_versions import changing

    with changing(place_of(home)), pytest.raises(PackageError, match="are being changed already"):
        install(home, "alpha")


def test_an_index_that_does_not_answer_is_told_as_such(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    with pytest.raises(PackageError, match="the package index cannot be reached"):
        package_lookup.look_up(home, "alpha")


def test_a_look_up_says_what_an_install_would_bring_without_installing(home: Home) -> None:
    found = package_lookup.look_up(home, "Alpha")
    assert (found.name, found.version, found.summary) == ("alpha", "2.0", "What alpha does")
    assert found.versions == ("2.0", "1.0")
    assert found.brings == ("beta 1.1",)
    assert there(home) == {}
    source = package_lookup.look_up(home, "only_source")
    assert source.source_only
    assert source.versions == ("3.0",)
    conflict = package_lookup.look_up(home, "clash")
    assert "clash 1.0 wants numpy<1" in conflict.problem
    assert not conflict.source_only


def test_a_look_up_as_a_task_finds_the_same_and_can_be_cancelled_while_the_index_is_asked(home: Home) -> None:
    done = tasks.run_now(home, "package_look_up", {"name": "beta"})
    found = package_lookup.found_by(done)
    assert (found.name, found.version, found.versions, found.brings) == ("beta", "1.1", ("1.1", "1.0"), ())

    def heard(progress: Progress) -> None:
        if progress.note == "asking the index":
            tasks.cancel(home, done.task_id + 1)
            progress.cancelled = True

    assert tasks.run_now(home, "package_look_up", {"name": "alpha"}, heard=heard).state == "cancelled"
    with pytest.raises(PackageError, match="asked for by its name"):
        tasks.run_now(home, "package_look_up", {"name": "../alpha"})


def test_as_a_task_it_records_what_came_of_it_and_why_it_failed(home: Home) -> None:
    done = tasks.run_now(home, "package_install", {"names": ["beta==1.0"]})
    assert (done.state, done.result) == ("done", {"installed": ["beta 1.0"], "removed": [], "hidden": []})
    failed = tasks.run_now(home, "package_install", {"names": ["clash"]})
    assert failed.state == "failed"
    assert failed.error.startswith("these do not go together: clash 1.0 wants numpy<1")
    with pytest.raises(TaskRefused, match="at least one"):
        tasks.run_now(home, "package_remove", {"names": []})
    assert packages.asked_in(current(home)) == {"beta": "beta==1.0"}


# The environment of one client


def code_of(home: Home, *names: str) -> None:
    for name in names:
        (home.clients / f"{name}.py").write_text("import gamma\n")


def own(home: Home, client: str, *names: str) -> tasks.Task:
    return tasks.run_now(home, "package_install", {"names": list(names), "client": client})


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory, index: Index) -> Path:
    """An overlay with beta 1.1 for all clients, and gamma, which wants an older one, for the client odd alone."""
    made = Home(tmp_path_factory.mktemp("split") / "home").create()
    code_of(made, "odd")
    with pytest.MonkeyPatch.context() as changed:
        for name, value in index.environment().items():
            changed.setenv(name, value)
        install(made, "beta>=1.1", "qs-part-one")
        task = own(made, "odd", "gamma")
    assert task.result is not None, task.error
    assert task.result["left_behind"] == ["qs-part-one"]
    return made.packages


@pytest.fixture
def with_odd(home: Home, split: Path) -> Home:
    shutil.copytree(split, home.packages, dirs_exist_ok=True)
    code_of(home, "odd", "even")
    return home


def seen_by(home: Home, client: str, code: str) -> str:
    """What a process of a client prints."""
    boot = (
        "import pathlib; from quantstrip import overlay; from quantstrip.home import Home; "
        f"overlay.use(Home(pathlib.Path({str(home.root)!r})), {client!r})"
    )
    command = [sys.executable, "-P", "-c", f"{boot}\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def test_a_conflict_with_what_is_shared_is_told_with_the_offer_of_an_environment_for_one_client(
    with_odd: Home,
) -> None:
    with pytest.raises(PackageConflict, match=r"gamma 1\.0 wants beta<1\.1") as told:
        install(with_odd, "gamma")
    assert "quantstrip package install gamma --client NAME" in told.value.hint
    with pytest.raises(PackageConflict) as told:  # no environment helps: the platform's own are in each
        install(with_odd, "clash")
    assert "--client" not in told.value.hint


def test_a_client_with_an_environment_sees_it_in_the_place_of_what_is_shared_and_the_others_see_no_difference(
    with_odd: Home,
) -> None:
    code = "import beta; from importlib.util import find_spec as f; print(beta.VERSION, f('gamma') is None)"
    assert [seen_by(with_odd, client, code) for client in ("odd", "even")] == ["1.0 False", "1.1 True"]
    assert seen_by(with_odd, "odd", "import importlib.util as u; print(u.find_spec('qs_space'))") == "None"
    platforms = "import numpy; print('packages' in numpy.__file__.split('site-')[0])"
    assert seen_by(with_odd, "odd", platforms) == "False"
    assert environments(with_odd) == ["odd"]
    assert {whose: sorted(each.name for each in found) for whose, found in packages.everywhere(with_odd).items()} == {
        "": ["beta", "qs-part-one"], "odd": ["beta", "gamma"]
    }  # fmt: skip


def test_the_platforms_own_stay_in_an_environment_too(with_odd: Home) -> None:
    task = own(with_odd, "odd", "clash")
    assert "clash 1.0 wants numpy<1; the platform has numpy" in task.error
    assert "--client" not in task.error
    with pytest.raises(PackageError, match="the platform's own and stays as it is"):
        own(with_odd, "odd", "numpy<1")


@pytest.mark.parametrize("client", ["nobody", "../odd", "odd/../odd"])
def test_only_a_client_that_is_there_has_an_environment(with_odd: Home, client: str) -> None:
    before = sorted(str(path) for path in with_odd.packages.rglob("*"))
    for kind in ("package_install", "package_upgrade", "package_remove"):
        task = tasks.run_now(with_odd, kind, {"names": ["gamma"], "client": client})
        assert "could have an environment" in task.error
        assert "even, odd" in task.error
    assert (
        "even has no environment"
        in tasks.run_now(with_odd, "package_remove", {"names": ["gamma"], "client": "even"}).error
    )
    assert sorted(str(path) for path in with_odd.packages.rglob("*")) == before


def test_with_its_last_package_an_environment_goes_and_the_client_sees_what_is_shared(with_odd: Home) -> None:
    assert packages.leftovers(with_odd, ["gamma"], "odd") == ["beta"]
    task = tasks.run_now(with_odd, "package_remove", {"names": ["gamma"], "client": "odd"})
    assert task.state == "done", task.error
    assert environments(with_odd) == []
    assert not (with_odd.client_packages / "odd").exists()
    assert seen_by(with_odd, "odd", "import beta; print(beta.VERSION)") == "1.1"


def test_a_file_of_the_clients_folder_is_its_client_wherever_it_is_asked_from(with_odd: Home, tmp_path: Path) -> None:
    folder = with_odd.clients / "whole"
    folder.mkdir()
    (folder / "__init__.py").touch()
    found = [with_odd.clients / "odd.py", folder / "__init__.py", folder, tmp_path / "odd.py"]
    assert [client_of(with_odd, each) for each in found] == ["odd", "whole", "whole", ""]
