"""Ways to reach a person: one contract for mail, chats and the twin in memory; webhooks with a real HTTP server."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from quantstrip.config import SettingsManager
from quantstrip.errors import DeliveryFailed, MessageInvalid
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.notify import EmailManager, accounts
from quantstrip.notify.channels import AppriseChannel
from quantstrip.notify.memory import MemoryChannel
from quantstrip.notify.notifier import Notifier
from quantstrip.notify.options import options
from quantstrip.notify.sender import mail_channel
from quantstrip.operations import notifications
from quantstrip.ports import Attachment, Channel, Message
from tests.ports import free_port

from .conftest import Mailbox, Server

TOKEN = "s3cr3t-t0ken-value"

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # apprise's own import


class Webhook:
    """A real HTTP server that keeps what is posted to it and answers ``status``."""

    def __init__(self) -> None:
        self.status = 200
        self.posts: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.status == 200:
                    outer.posts.append(json.loads(body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"json://bot:{TOKEN}@127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    made = Webhook()
    yield made
    made.server.shutdown()
    made.server.server_close()


def message(*recipients: str) -> Message:
    who = recipients or ("a@example.com",)
    return Message("Grüße", "Body ✓\n", who, message_id="<1@test>", addressees=who)


class Way:
    """A channel with a handle on its other end."""

    def __init__(self, channel: Channel, received: Callable[[], list[str]], fail: Callable[[], None]) -> None:
        self.channel, self.received, self.fail = channel, received, fail


@pytest.fixture(params=["memory", "smtp", "apprise"])
def way(
    request: pytest.FixtureRequest,
    serve: Callable[..., Server],
    add_account: Callable[..., None],
    ledger: Ledger,
    settings: SettingsManager,
    webhook: Webhook,
) -> Way:
    if request.param == "memory":
        memory = MemoryChannel()

        def trouble() -> None:
            memory.trouble = DeliveryFailed("down")

        return Way(memory, lambda: [each.subject for each in memory.messages], trouble)
    if request.param == "smtp":
        server = serve(box=Mailbox())
        add_account("home", server.port)
        mail = mail_channel(accounts.find(ledger), settings, options(settings))
        return Way(
            mail,
            lambda: [str(each["Subject"]) for each in server.box.mails],
            lambda: setattr(server.box, "data", "451 no"),
        )
    return Way(
        AppriseChannel("hook", webhook.url),
        lambda: [post["title"] for post in webhook.posts],
        lambda: setattr(webhook, "status", 503),
    )


class TestContract:
    def test_what_is_sent_arrives_and_every_recipient_is_answered_for(self, way: Way) -> None:
        delivery = way.channel.send(message("a@example.com", "b@example.com"))
        assert (list(delivery.delivered), delivery.refused, delivery.postponed) == (
            ["a@example.com", "b@example.com"], {}, {},
        )  # fmt: skip
        assert way.received() == ["Grüße"]
        assert way.channel.name

    def test_sending_again_is_allowed(self, way: Way) -> None:
        way.channel.send(message())
        way.channel.send(message())
        assert way.received() == ["Grüße", "Grüße"]

    def test_what_cannot_be_sent_now_is_a_delivery_that_failed_and_nothing_arrived(self, way: Way) -> None:
        way.fail()
        with pytest.raises(DeliveryFailed):
            way.channel.send(message())
        assert way.received() == []


def test_an_alert_reaches_a_webhook_and_the_mailbox_of_its_client(
    serve: Callable[..., Server],
    add_account: Callable[..., None],
    ledger: Ledger,
    settings: SettingsManager,
    webhook: Webhook,
) -> None:
    server = serve()
    add_account("home", server.port)
    settings.set_by_path("channels.phone", webhook.url, "secret")
    settings.set_by_path("clients.trend.notify", ["desk@example.com", "phone"], "list")
    ledger.alert("job_error", "trend: job failed", "Traceback ...", client="trend")
    Notifier(ledger, settings, settings.home).run_once()
    (post,) = webhook.posts
    assert post["title"] == "[Quantstrip] trend: job failed"
    assert "Traceback ..." in post["message"]
    assert [who for who, _ in server.box.taken] == [["desk@example.com"]]


def test_a_webhook_that_fails_is_tried_again_and_its_token_is_shown_nowhere(
    ledger: Ledger, settings: SettingsManager, webhook: Webhook, manager: EmailManager, home: Home
) -> None:
    settings.set_by_path("channels.phone", webhook.url, "secret")
    webhook.status = 500
    ok, words = manager.send("s", "b", "phone")
    assert not ok
    assert words.startswith("channel 'phone' failed: ")
    webhook.status = 200
    ledger.hurry_messages()
    Notifier(ledger, settings, settings.home).run_once()
    assert [post["title"] for post in webhook.posts] == ["s"]
    assert ledger.message_counts() == {"sent": 1}
    for text in (words, str(ledger.alerts()), str(ledger.messages()), settings.home.settings_file.read_text()):
        assert TOKEN not in text


def test_a_service_that_is_down_is_said_so_and_a_url_that_is_none_is_dead_at_once(
    settings: SettingsManager, manager: EmailManager, ledger: Ledger
) -> None:
    settings.set_by_path("channels.down", f"json://127.0.0.1:{free_port()}/", "secret")
    settings.set_by_path("channels.wrong", "no url at all", "secret")
    assert "channel 'down' failed" in manager.send("s", "b", "down")[1]
    ok, words = manager.send("s", "b", "wrong")
    assert not ok
    assert words.startswith("the URL of channel 'wrong' is none that apprise knows")
    assert ledger.message_counts() == {"queued": 1, "dead": 1}
    with pytest.raises(MessageInvalid, match="is none that apprise knows"):
        AppriseChannel("wrong", "nonsense://x").send(message())


def test_a_channel_is_tested_by_name(settings: SettingsManager, webhook: Webhook, home: Home) -> None:
    settings.set_by_path("channels.phone", webhook.url, "secret")
    assert notifications.send_test(home, "phone") == "sent through channel phone"
    assert notifications.list_channels(home) == ["phone"]
    assert [post["title"] for post in webhook.posts] == ["Quantstrip: test message"]


def test_a_file_that_a_channel_cannot_carry_is_named(webhook: Webhook) -> None:
    with_file = message()._replace(attachments=[Attachment("report.xlsx", "application/x", b"x")])
    AppriseChannel("phone", webhook.url).send(with_file)
    assert "attached in the outbox: report.xlsx" in webhook.posts[0]["message"]
