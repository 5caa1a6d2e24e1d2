"""``quantstrip file, check, diff, versions``: what is printed, for people and for programs."""

import json

import pytest

from quantstrip.home import Home
from quantstrip.operations import files

from .conftest import Run


def test_a_source_is_made_changed_renamed_removed_and_brought_back(quantstrip: Run, home: Home) -> None:
    assert "clients/mine.py is made" in quantstrip("file", "new", "clients/mine.py").stdout
    taken = quantstrip("file", "new", "clients/mine.py")
    assert (taken.returncode, "there is a file mine.py already" in taken.stderr) == (1, True)

    shown = json.loads(quantstrip("file", "show", "clients/mine.py", "--json").stdout)
    assert shown["text"] == quantstrip("file", "show", "clients/mine.py").stdout
    assert (
        quantstrip("file", "save", "clients/mine.py", "-", "--over", shown["digest"], given="x = 1\n").returncode == 0
    )
    late = quantstrip("file", "save", "clients/mine.py", "-", "--over", shown["digest"], given="x = 2\n")
    assert (late.returncode, "changed meanwhile" in late.stderr) == (1, True)
    assert quantstrip("file", "save", "clients/mine.py", "-", given="x = 3\n").returncode == 0
    assert quantstrip("file", "show", "clients/mine.py").stdout == "x = 3\n"

    assert quantstrip("file", "rename", "clients/mine.py", "clients/yours.py").returncode == 0
    assert "quantstrip file restore" in quantstrip("file", "remove", "clients/yours.py").stdout
    (deleted,) = json.loads(quantstrip("file", "restore", "--json").stdout)
    assert deleted["path"] in quantstrip("file", "restore").stdout
    assert quantstrip("file", "restore", deleted["id"]).stdout == "clients/yours.py is back\n"
    assert files.read(home, "clients/yours.py").text == "x = 3\n"


@pytest.mark.parametrize("path", ["../settings/settings.toml", "/etc/passwd", "settings/settings.toml"])
def test_what_lies_outside_is_refused(quantstrip: Run, path: str) -> None:
    for words in (
        ("show", path),
        ("new", path),
        ("save", path, "-"),
        ("remove", path),
        ("rename", path, "clients/x.py"),
    ):
        done = quantstrip("file", *words)
        assert (done.returncode, "is refused" in done.stderr) == (1, True), words


def test_a_check_tells_places_and_fails_where_something_will_not_work(quantstrip: Run, home: Home) -> None:
    quantstrip("file", "new", "clients/mine.py")
    good = quantstrip("check", "mine")
    assert (good.returncode, good.stdout) == (0, f"{home.clients / 'mine.py'}: no findings\n")
    quantstrip("file", "save", "clients/mine.py", "-", given="import os\nprint(undefinedd)\n")
    bad = quantstrip("check", "mine")
    assert bad.returncode == 1
    assert f"{home.clients / 'mine.py'}:2:7: error: Undefined name `undefinedd` (ruff F821)" in bad.stdout.splitlines()
    found = json.loads(quantstrip("check", "mine", "--json").stdout)["findings"]
    assert [each["severity"] for each in found] == ["info", "warning", "error"]


def test_versions_and_differences_are_listed(quantstrip: Run) -> None:
    never = quantstrip("diff", "mine")
    assert (never.returncode, "is not deployed" in never.stderr) == (1, True)
    quantstrip("file", "new", "clients/mine.py", "--template", "empty")
    quantstrip("deploy", "mine", "--no-start")
    assert "nothing differs" in quantstrip("diff", "mine").stdout
    quantstrip("file", "save", "clients/mine.py", "-", given="x = 1\n")
    shown = quantstrip("diff", "mine").stdout.splitlines()
    assert shown[1:] == ["+++ source/mine.py", "@@ -0,0 +1 @@", "+x = 1"]
    (marked,) = [line.split(None, 2) for line in quantstrip("file", "list").stdout.splitlines() if "differs" in line]
    assert marked == ["clients/mine.py", "6", "differs from deployed"]
    quantstrip("deploy", "mine", "--no-start")
    newest, oldest = json.loads(quantstrip("versions", "mine", "--json").stdout)
    assert (newest["current"], oldest["change"]) == (True, "mine.py +0 -1")
    listed = quantstrip("versions", "mine").stdout.splitlines()
    assert listed[1].split()[:2] == ["*", newest["code_hash"]]
    between = json.loads(quantstrip("diff", "mine", "--to", oldest["code_hash"][:6], "--json").stdout)
    assert between["files"][0]["lines"][-1] == {"sign": "-", "text": "x = 1"}
