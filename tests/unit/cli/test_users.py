"""``quantstrip user``, as a person types it."""

import json

from quantstrip.home import Home
from quantstrip.operations import users
from tests.unit.cli.conftest import Run

PASSWORD = "correct horse battery"


def test_a_user_is_added_listed_changed_and_removed(quantstrip: Run, home: Home) -> None:
    done = quantstrip("user", "add", "ann", "--role", "operator", "--password-stdin", given=f"{PASSWORD}\n")
    assert (done.returncode, done.stdout) == (0, "ann may log in, as operator\n")
    quantstrip("user", "add", "o@example.com", "--oidc")
    rows = json.loads(quantstrip("user", "list", "--json").stdout)
    assert [(row["name"], row["role"], row["login"]) for row in rows] == [
        ("ann", "operator", "password"),
        ("o@example.com", "viewer", "oidc"),
    ]
    assert "argon2" not in quantstrip("user", "list").stdout
    stamp = users.read_users(home)["ann"].stamp
    assert quantstrip("user", "role", "ann", "admin").stdout == "ann is admin now\n"
    assert quantstrip("user", "password", "ann", given="another horse battery").returncode == 0
    assert users.read_users(home)["ann"].stamp != stamp
    assert json.loads(quantstrip("user", "remove", "ann", "--json").stdout) == {"name": "ann"}
    quantstrip("user", "remove", "o@example.com")
    assert "There are no users" in quantstrip("user", "list").stdout


def test_what_is_refused_says_why_and_shows_no_password(quantstrip: Run) -> None:
    done = quantstrip("user", "add", "ann", given="tooshort")
    assert done.returncode == 1
    assert "12 to 256 signs, this one has 8" in done.stderr
    assert "tooshort" not in done.stdout + done.stderr
    assert quantstrip("user", "add", "ann", "--role", "king").returncode == 2


def test_listening_elsewhere_is_refused_before_anything_starts(quantstrip: Run, home: Home) -> None:
    done = quantstrip("up", "--address", "0.0.0.0", "--port", "18999")
    assert done.returncode == 1
    assert "would listen on 0.0.0.0, where nobody can log in" in done.stderr
    assert "user add NAME --role admin" in done.stderr
    quantstrip("user", "add", "ann", "--role", "admin", given=PASSWORD)
    done = quantstrip("up", "--address", "0.0.0.0", "--port", "18999")
    assert done.returncode == 1
    assert "without TLS" in done.stderr
    assert quantstrip("up", "--address", "example.com").returncode == 2
