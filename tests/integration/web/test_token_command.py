"""``quantstrip token --rotate`` beside a server that runs."""

import json
import subprocess
import sys
from typing import Any

from quantstrip.operations import access


def test_the_token_is_renewed_by_a_command_while_the_server_runs_and_every_login_ends(start: Any) -> None:
    server = start()
    cookie, old = server.login(), access.token(server.home)
    assert server.request("GET", "/", cookie=cookie).status == 200
    command = [sys.executable, "-m", "quantstrip", "--home", str(server.home.root), "token", "--rotate", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    token = json.loads(done.stdout)["url"].partition("token=")[2]
    assert token != old
    assert server.request("GET", "/", cookie=cookie).status == 401
    assert server.request("GET", f"/?token={old}").status == 403
    assert server.request("GET", f"/?token={token}").status == 303
