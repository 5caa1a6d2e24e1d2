"""A user changes their own password on the real server's page: the new one opens the door, the old one does not."""

from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection

from quantstrip.operations import users
from tests.integration.web.test_passwords import PASSWORD, log_in, page, read_to_the_end

OTHER = "another horse battery"


@dataclass
class Heard:
    """What the server said until a run of the page ended, or sent the browser elsewhere."""

    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, str] = field(default_factory=dict)
    script: str = ""
    redirect: str = ""


def hear(stream: ClientConnection, until_button: str = "") -> Heard:
    """Listen until a button is there and the run ended, or until a redirect came."""
    heard = Heard()
    while True:
        part = stream.recv(timeout=30)
        assert isinstance(part, bytes)
        message = ForwardMsg()
        message.ParseFromString(part)
        kind = message.WhichOneof("type")
        if kind == "navigation":
            heard.script = message.navigation.page_script_hash
        elif kind == "auth_redirect":
            heard.redirect = message.auth_redirect.url
            return heard
        elif kind == "script_finished" and until_button in heard.buttons:
            return heard
        elif kind == "delta":
            element = message.delta.new_element
            if element.WhichOneof("type") == "text_input":
                heard.fields[element.text_input.label] = element.text_input.id
            elif element.WhichOneof("type") == "button":
                heard.buttons[element.button.label] = element.button.id


def ask_for(stream: ClientConnection, name: str) -> None:
    message = BackMsg()
    message.rerun_script.page_name = name
    stream.send(message.SerializeToString())


def send_form(stream: ClientConnection, heard: Heard, button: str, **values: str) -> None:
    message = BackMsg()
    message.rerun_script.page_script_hash = heard.script
    for label, value in values.items():
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.string_value = heard.fields[label.replace("_", " ")], value
    pressed = message.rerun_script.widget_states.widgets.add()
    pressed.id, pressed.trigger_value = heard.buttons[button], True
    stream.send(message.SerializeToString())


def test_a_viewer_changes_their_password_and_is_logged_out_everywhere(start: Any) -> None:
    server = start()
    users.add_user(server.home, "vic", "viewer", PASSWORD)
    here, elsewhere = log_in(server, "vic").cookie, log_in(server, "vic").cookie
    with page(server, here) as stream:
        ask_for(stream, "users")
        heard = hear(stream, "Change password")
        assert set(heard.buttons) == {"Change password", "Log out"}, "no administration of users"
        send_form(stream, heard, "Change password", Present_password=PASSWORD, New_password=OTHER,
                  The_new_one_again=OTHER)  # fmt: skip
        assert hear(stream, "nothing but the redirect").redirect == "/auth/logout"
        assert read_to_the_end(stream) < 10
    assert [server.request("GET", "/", cookie=cookie).status for cookie in (here, elsewhere)] == [401, 401]
    assert log_in(server, "vic").status == 403
    assert log_in(server, "vic", OTHER).status == 303
    log = (server.home.logs / "dashboard.log").read_text(encoding="utf-8")
    assert "user vic has a new password (by vic)" in log
    assert PASSWORD not in log
    assert OTHER not in log
