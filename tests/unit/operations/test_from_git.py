"""Strategies from a repository: fetched at one commit, with nothing of it run and nothing taken for an option."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from quantstrip.cli import cli
from quantstrip.errors import GitError, TaskRefused
from quantstrip.home import Home
from quantstrip.operations import backtest_run, from_git, git_command, runs, tasks
from quantstrip.operations.runs_verify import verify

STRATEGY = """\
from quantstrip import Signal, StrategyBase
from lots_of_theirs import LOT


class OnceStrategy(StrategyBase):
    timeframe = "1d"

    def __init__(self, symbols=None):
        super().__init__(name="once", symbols=symbols or ["IBM"])
        self.done = False

    def on_bar(self, bar):
        if self.done:
            return []
        self.done = True
        return [Signal(bar.symbol, "BUY", quantity=LOT)]
"""
Git = Callable[..., str]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "theirs"
    (folder / "strategies").mkdir(parents=True)
    (folder / "strategies" / "once.py").write_text(STRATEGY)
    (folder / "strategies" / "lots_of_theirs.py").write_text("LOT = 5\n")
    (folder / "README.md").write_text("Strategies.\n")
    return folder


@pytest.fixture
def git(repository: Path) -> Git:
    def run(*words: str) -> str:
        names = ("-c", "user.name=A Trader", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always")
        done = subprocess.run(
            ["git", *names, *words], cwd=repository, capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout.strip()

    run("init", "--quiet", "--initial-branch=main")
    run("add", ".")
    run("commit", "--quiet", "-m", "Begin")
    return run


def test_a_strategy_is_found_run_and_pinned_to_its_commit(home: Home, repository: Path, git: Git) -> None:
    kept = backtest_run.run_from_git(home, repository.as_uri(), end="2000-04-01", risk="off")
    assert [fill.quantity for fill in kept.result.fills] == [5.0]
    head = git("rev-parse", "HEAD")
    assert runs.get(home, kept.run_id).git == {
        "url": repository.as_uri(), "branch": "", "commit": head, "path": "strategies/once.py",
    }  # fmt: skip
    (repository / "strategies" / "lots_of_theirs.py").write_text("LOT = 6\n")
    git("commit", "--quiet", "-am", "More")
    assert verify(home, kept.run_id).exit_code == 0, "the commit is what it was"
    later = backtest_run.run_from_git(home, repository.as_uri(), branch="main", end="2000-04-01", risk="off")
    assert [fill.quantity for fill in later.result.fills] == [6.0]
    again = backtest_run.run_from_git(home, repository.as_uri(), commit=head, end="2000-04-01", risk="off")
    assert again.run_id == kept.run_id


def test_a_commit_that_was_fetched_needs_no_repository_any_more(home: Home, repository: Path, git: Git) -> None:
    first = from_git.fetch(home, repository.as_uri())
    repository.rename(repository.with_name("gone"))
    assert from_git.fetch(home, repository.as_uri(), commit=first.commit).folder == first.folder
    with pytest.raises(GitError, match="git could not do that"):
        from_git.fetch(home, repository.as_uri())


def test_a_tag_is_as_good_as_a_branch_and_an_older_commit_is_not_the_newest(
    home: Home, repository: Path, git: Git
) -> None:
    git("tag", "-a", "v1", "-m", "One")
    old = git("rev-parse", "HEAD")
    git("commit", "--quiet", "--allow-empty", "-m", "Later")
    assert from_git.fetch(home, repository.as_uri(), branch="v1").commit == old
    assert from_git.fetch(home, repository.as_uri()).commit == git("rev-parse", "HEAD") != old
    with pytest.raises(GitError, match="has no branch or tag other"):
        from_git.fetch(home, repository.as_uri(), branch="other")


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch /tmp/x", "-x", "", "http://example.org/a", "git://example.org/a", "ext::sh -c true",
        "https://me:secret@example.org/a", "https://token@example.org/a", "ssh://-oProxyCommand=true/a",
        "ssh://me:secret@example.org/a", "-oProxyCommand=true@example.org:a", "/etc", "file://host/etc",
        "https:///nowhere", "fd::3", "me@-x:a",
    ],
)  # fmt: skip
def test_an_address_that_is_none_of_the_three_is_refused_before_anything_is_asked(home: Home, url: str) -> None:
    with pytest.raises(GitError):
        from_git.fetch(home, url)
    assert not home.repositories.exists()


@pytest.mark.parametrize("url", ["https://example.org/a.git", "ssh://me@example.org/a", "me@example.org:a/b.git"])
def test_the_ways_that_people_write_addresses_are_taken(url: str) -> None:
    assert from_git.check(url) == (url, "", "")


@pytest.mark.parametrize("branch", ["-x", "--upload-pack=x", "", "a..b", "a b", "a\0b", "/a", "a~1", "a:b"])
def test_a_branch_that_looks_like_an_option_or_is_no_name_is_refused(home: Home, branch: str) -> None:
    with pytest.raises(GitError, match="no name of a branch"):
        from_git.fetch(home, "https://example.org/a", branch=branch)


def test_where_git_is_missing_that_is_said_of_a_branch_too(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for branch in (None, "main"):
        with pytest.raises(GitError, match="git is not installed"):
            from_git.fetch(home, "https://example.org/a", branch=branch)


@pytest.mark.parametrize("commit", ["-x", "HEAD", "abc", "--all", "g" * 40, ""])
def test_a_commit_that_is_not_all_digits_is_refused(home: Home, commit: str) -> None:
    with pytest.raises(GitError, match="is no commit"):
        from_git.fetch(home, "https://example.org/a", commit=commit)


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "-x", "strategies/../../x", ".git/config"])
def test_a_path_that_leads_out_is_refused(home: Home, repository: Path, git: Git, path: str) -> None:
    checkout = from_git.fetch(home, repository.as_uri())
    with pytest.raises(GitError, match="is no path inside"):
        from_git.choose(checkout, path)


def test_files_that_are_not_there_and_choices_that_are_not_clear_are_told(
    home: Home, repository: Path, git: Git
) -> None:
    with pytest.raises(GitError, match=r"has no file other\.py"):
        from_git.choose(from_git.fetch(home, repository.as_uri()), "other.py")
    (repository / "second.py").write_text(STRATEGY)
    git("add", ".")
    git("commit", "--quiet", "-m", "Two")
    with pytest.raises(GitError, match=r"2 files of one strategy each: second\.py, strategies/once\.py"):
        from_git.choose(from_git.fetch(home, repository.as_uri()))
    git("rm", "--quiet", "-r", "second.py", "strategies")
    git("commit", "--quiet", "-m", "None")
    with pytest.raises(GitError, match="no file of one strategy"):
        from_git.choose(from_git.fetch(home, repository.as_uri()))


def test_a_name_alone_is_looked_for_in_the_root_and_in_the_folder_strategies(
    home: Home, repository: Path, git: Git
) -> None:
    (repository / "second.py").write_text(STRATEGY)
    git("add", ".")
    git("commit", "--quiet", "-m", "Two")
    checkout = from_git.fetch(home, repository.as_uri())
    for name, place in {"once": "strategies/once.py", "once.py": "strategies/once.py", "second": "second.py"}.items():
        assert from_git.choose(checkout, name) == checkout.folder / place


def test_a_base_of_their_own_is_no_second_strategy(home: Home, repository: Path, git: Git) -> None:
    base = "from quantstrip import StrategyBase\nclass Base(StrategyBase):\n    def size(self): return 1\n"
    (repository / "strategies" / "base.py").write_text(base)
    (repository / "strategies" / "once.py").write_text(base + "class Mine(Base):\n    def on_bar(self, bar): pass\n")
    (repository / "old.py").write_text("class Mine:\n    def on_bar(self, bar): pass\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "A base")
    assert from_git.choose(from_git.fetch(home, repository.as_uri())).name == "once.py"


def test_no_hook_runs_and_links_are_plain_files(
    home: Home, repository: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    witness, hooks = tmp_path / "ran", tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {witness}\n")
        (hooks / name).chmod(0o755)
    settings = tmp_path / "gitconfig"
    settings.write_text(f"[core]\n\thooksPath = {hooks}\n")
    (repository / "link.py").symlink_to("/etc/passwd")
    git("add", ".")
    git("commit", "--quiet", "-m", "A link")
    monkeypatch.setenv("HOME", str(tmp_path))
    settings.rename(tmp_path / ".gitconfig")
    checkout = from_git.fetch(home, repository.as_uri())
    assert not witness.exists()
    assert (checkout.folder / "link.py").read_text() == "/etc/passwd"
    assert not (checkout.folder / "link.py").is_symlink()
    subprocess.run(["git", "checkout", "--quiet", "-b", "x"], cwd=repository, check=True, timeout=30)
    assert witness.exists(), "the hooks of this test do run where git is asked plainly"


def test_submodules_are_refused_and_nothing_is_kept(home: Home, repository: Path, git: Git) -> None:
    git("submodule", "--quiet", "add", repository.as_uri(), "inner")
    git("commit", "--quiet", "-m", "Inner")
    with pytest.raises(GitError, match="submodule"):
        from_git.fetch(home, repository.as_uri())
    assert [path for path in home.repositories.rglob("*") if path.is_file()] == []


def test_a_repository_that_is_too_large_or_too_slow_is_refused(
    home: Home, repository: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "large.bin").write_bytes(b"0" * 300_000)  # packs to nothing
    git("add", ".")
    git("commit", "--quiet", "-m", "Large")
    monkeypatch.setattr(from_git, "MOST_BYTES", 200_000)
    with pytest.raises(GitError, match="MB is the limit"):
        from_git.fetch(home, repository.as_uri())
    (repository / "large.bin").write_bytes(os.urandom(600_000))
    git("commit", "--quiet", "-am", "Larger")
    monkeypatch.setattr(git_command, "MOST_BYTES", 200_000)
    with pytest.raises(GitError, match="is larger than"):
        from_git.fetch(home, repository.as_uri())
    monkeypatch.setattr(from_git, "SECONDS", -1.0)
    with pytest.raises(GitError, match="took longer"):
        from_git.fetch(home, repository.as_uri())
    assert [path for path in home.repositories.rglob("*") if path.is_file()] == []


def test_a_task_may_name_a_repository_in_the_place_of_a_file(home: Home, repository: Path, git: Git) -> None:
    given = {"git": repository.as_uri(), "end": "2000-04-01", "risk": "off"}
    made = tasks.run_now(home, "backtest", given)
    assert (made.state, made.error) == ("done", "")
    assert runs.get(home, (made.result or {})["run_id"]).git["path"] == "strategies/once.py"
    for wrong in ({"git": "-x"}, {**given, "branch": "-x"}, {**given, "file": str(repository / "README.md")}, {}):
        with pytest.raises((GitError, TaskRefused)):
            tasks.run_now(home, "backtest", wrong)


def test_a_sweep_takes_its_strategy_from_a_repository_too(home: Home, repository: Path, git: Git) -> None:
    (repository / "strategies" / "once.py").write_text(
        STRATEGY.replace("symbols=None)", "symbols=None, lots=1)")
        .replace('timeframe = "1d"', 'timeframe = "1d"\n    parameters = ["lots"]')
        .replace("self.done = False", "self.done = False\n        self.lots = lots", 1)
        .replace("quantity=LOT", "quantity=LOT * self.lots")
    )
    git("commit", "--quiet", "-am", "Lots")
    asked = ["--home", str(home.root), "sweep", "--grid", "lots=1,2", "--end", "2000-04-01", "--risk", "off", "--json"]
    done = CliRunner().invoke(cli, [*asked, "--git", repository.as_uri(), "--path", "once"])
    assert done.exit_code == 0, done.stderr
    assert [point["parameters"] for point in json.loads(done.stdout)["points"]] == [{"lots": 1}, {"lots": 2}]
    for wrong, says in (
        (["--git", "--upload-pack=x"], "is no address of a repository"),
        (["--git", repository.as_uri(), "--branch=-x"], "is no name of a branch"),
        (["--branch", "main", str(repository / "strategies" / "once.py")], "belong to --git URL"),
    ):
        with pytest.raises((GitError, SystemExit, click.UsageError), match=says):
            CliRunner().invoke(cli, [*asked, *wrong], catch_exceptions=False, standalone_mode=False)
