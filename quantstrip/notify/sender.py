"""One attempt at one message: choose the way, send, and record what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from quantstrip.clock import MINUTE, Micros, from_text
from quantstrip.errors import (
    AccountNotFound,
    ConfigError,
    DeliveryFailed,
    LedgerError,
    LoginRefused,
    MessageInvalid,
    MessageRefused,
    QuantstripError,
)
from quantstrip.log import logger
from quantstrip.notify import accounts, retry
from quantstrip.notify.channels import AppriseChannel, url_of
from quantstrip.notify.digest import FAILING
from quantstrip.notify.options import Options, Settings
from quantstrip.ports import Channel, Delivery, Message
from quantstrip.redaction import scrub

if TYPE_CHECKING:
    from quantstrip.ledger import Ledger
    from quantstrip.notify.smtp import SmtpChannel

MAIL = "mail"
LEASE: Micros = 30 * MINUTE
"""How long a claim holds at most; longer than any attempt may take. A sender that died loses its claims at once."""
_ALARMING = 3
Row = Mapping[str, Any]


class Attempt(NamedTuple):
    """What came of one: the message's status, and why it is not sent ("" when it is)."""

    status: str
    words: str


@dataclass
class Sender:
    """Sends claimed messages.

    Attributes:
        owner: this process, as in ``identity``.
        channel_of: makes the way a message takes; the account or channel of its row, unless told otherwise.

    """

    ledger: "Ledger"
    settings: Settings
    owner: str
    channel_of: "Callable[[Row, Options], Channel] | None" = None

    def attempt(self, row: Row, options: Options) -> Attempt:
        """Send a claimed message to those who lack it, and record the outcome."""
        message = message_of(row)
        try:
            channel = (self.channel_of or self._channel)(row, options)
            delivery = channel.send(message)
        except (MessageRefused, MessageInvalid) as error:
            delivery = Delivery([], dict.fromkeys(message.recipients, scrub(error.message)), {})
            return self._settle(row, options, delivery, scrub(str(error)))
        except (DeliveryFailed, AccountNotFound, ConfigError) as error:
            return self._failed(row, options, error)
        except LedgerError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a library raises, the next message must have its turn
            logger.opt(exception=error).error("message {} could not be sent: {}", row["outbox_id"], error)
            return self._failed(row, options, error)
        return self._settle(row, options, delivery, "")

    def _channel(self, row: Row, options: Options) -> Channel:
        if (row["channel"] or MAIL) != MAIL:
            return AppriseChannel(row["channel"], url_of(self.settings, row["channel"]))
        return mail_channel(accounts.find(self.ledger, row["account"] or ""), self.settings, options)

    def _settle(self, row: Row, options: Options, delivery: Delivery, words: str) -> Attempt:
        later = "; ".join(f"{who}: {why}" for who, why in delivery.postponed.items())
        status = self.ledger.settle_message(
            row["outbox_id"],
            self.owner,
            delivered=delivery.delivered,
            refused=delivery.refused,
            error=later,
            next_attempt=self._next(row, options),
        )
        if status == "sent":
            logger.info("message {} is sent: {}", row["outbox_id"], scrub(row["subject"]))
            return Attempt(status, "")
        refused = "; ".join(f"{who}: {why}" for who, why in delivery.refused.items())
        return self._told(row, Attempt(status, words or "; ".join(filter(None, (refused, later)))))

    def _failed(self, row: Row, options: Options, error: Exception) -> Attempt:
        """Nobody has it: later again, and with it all other mail of the account, which would fail as well."""
        words = scrub(error.message if isinstance(error, QuantstripError) else f"{type(error).__name__}: {error}")
        until = self._next(row, options)
        status = self.ledger.settle_message(row["outbox_id"], self.owner, error=words, next_attempt=until)
        if until is not None and (row["channel"] or MAIL) == MAIL and isinstance(error, DeliveryFailed):
            self._postpone(row, until, words)
        hint = error.hint if isinstance(error, QuantstripError) else ""
        alarming = isinstance(error, LoginRefused | AccountNotFound | ConfigError)
        return self._told(row, Attempt(status, f"{words}\n{hint}" if hint else words), alarming=alarming)

    def _postpone(self, row: Row, until: Micros, words: str) -> None:
        account = accounts.find(self.ledger, row["account"] or "")
        self.ledger.postpone_messages(account.name, account.is_default, until, words)

    def _told(self, row: Row, attempt: Attempt, *, alarming: bool = False) -> Attempt:
        logger.warning("message {} is {}: {}", row["outbox_id"], attempt.status, attempt.words)
        if attempt.status == "dead" or alarming or row["attempts"] == _ALARMING:
            channel = row["channel"] or MAIL
            way = row["account"] or MAIL if channel == MAIL else channel
            what = "was given up" if attempt.status == "dead" else "cannot be sent yet"
            body = (
                f"{attempt.words}\n\nMessage {row['outbox_id']}, {row['subject']!r}, to {row['recipients']}. "
                f"See it with: quantstrip notify show {row['outbox_id']}"
            )
            self.ledger.alert(FAILING, f"a message {what} ({way})", scrub(body), rate_key=f"{FAILING}:{way}")
        return attempt

    def _next(self, row: Row, options: Options) -> Micros | None:
        if row["attempts"] >= options.attempts:
            return None
        pause = retry.pause(row["attempts"], options.retry_seconds, options.longest_retry_seconds)
        return self.ledger.store.now() + pause


def mail_channel(account: accounts.Account, settings: Settings, options: Options) -> "SmtpChannel":
    """The way mail of ``account`` takes, with its password.

    Raises:
        LoginRefused: the account wants a password and the settings have none.
        SecretError: it cannot be decrypted.

    """
    from quantstrip.notify.smtp import SmtpChannel  # only a process that sends loads TLS and MIME

    password = settings.get(account.password_path) if account.password_path else ""
    if account.username and not password:
        raise LoginRefused(
            f"authentication failed for account {account.name!r}: no password is set",
            hint=f"Set it: quantstrip settings set {account.password_path or 'PATH'} --type secret",
        )
    return SmtpChannel(account, str(password or ""), options.ca_file, options.timeout_seconds)


def message_of(row: Row) -> Message:
    """The message in a row that was claimed."""
    return Message(
        subject=row["subject"],
        body=row["body"],
        recipients=row["pending"],
        html=row["html"] or "",
        message_id=row["message_id"],
        created=from_text(row["create_time"]),
        addressees=[address for address, _, _ in row["recipients_state"]],
        attachments=row["attachments"],
    )
