"""Mail through an SMTP server: encrypted, with its certificate checked, and never longer than its time.

What each answer means follows RFC 5321, 4.2.1: 4xx may go well later, 5xx never will.
"""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from quantstrip.errors import DeliveryFailed, LoginRefused, MessageRefused, ServerUnreachable
from quantstrip.notify.accounts import Account, checked
from quantstrip.notify.compose import beyond_ascii, compose
from quantstrip.ports import Delivery, Message
from quantstrip.redaction import scrub

TIMEOUT_SECONDS = 20.0
"""How long one answer of a server may take."""
_TOTAL_SECONDS = 60.0
_SLOWEST = 20_000  # bytes a second of a message that is still moving
_READY = 220
_PERMANENT = 500
_LOGIN = {530, 534, 535, 538}  # RFC 4954: log in first, by another method, rightly, or encrypted
_LOCAL_NAME = "[127.0.0.1]"  # asking for the machine's own name may wait for DNS, and tells it to strangers


@dataclass(frozen=True, slots=True)
class SmtpChannel:
    """Sends mail from one account.

    Attributes:
        password: "" for a server without login.
        ca_file: certificates trusted besides the system's, PEM; "" for none.
        timeout_seconds: how long one answer may take.
        total_seconds: how long an attempt may take; large messages get more.

    """

    account: Account
    password: str = ""
    ca_file: str = ""
    timeout_seconds: float = TIMEOUT_SECONDS
    total_seconds: float = _TOTAL_SECONDS

    @property
    def name(self) -> str:
        """The account's."""
        return self.account.name

    def send(self, message: Message) -> Delivery:
        """Hand the message over to the server, for ``message.recipients``.

        Raises:
            LoginRefused: authentication failed.
            ServerUnreachable: could not connect, the connection broke, or the certificate is not trusted.
            MessageRefused: the server refused sender or content for good.
            MessageInvalid: the account or the message cannot be used.

        """
        account = checked(self.account)
        mail = compose(account, message)
        data = mail.as_bytes()
        options = ["SMTPUTF8"] if beyond_ascii(message.addressees, account.sender) else []
        with self._errors(), self._connection(self.total_seconds + len(data) / _SLOWEST) as server:
            if options and not server.has_extn("SMTPUTF8"):
                raise MessageRefused(
                    f"{account.place} takes no addresses beyond ASCII, and one of {', '.join(message.recipients)} is",
                    hint="Write to an address in ASCII, or use an account whose server takes others (SMTPUTF8).",
                )
            try:
                refused = server.sendmail(account.sender, list(message.recipients), data, options)
            except smtplib.SMTPRecipientsRefused as error:
                # Nobody has it; those who were not asked about, because the server hung up, may get it later.
                unasked = dict.fromkeys(message.recipients, (421, b"the server ended the connection"))
                refused = unasked | error.recipients
            return _delivery(message, refused)

    @contextmanager
    def _connection(self, seconds: float) -> Iterator[smtplib.SMTP]:
        server = self._client()
        watchdog = threading.Timer(seconds, _cut, args=[server])
        watchdog.daemon = True
        watchdog.start()
        try:
            code, words = server.connect(self.account.server, self.account.port)
            if code != _READY:
                raise smtplib.SMTPConnectError(code, words)
            if self.account.security == "starttls":
                server.starttls(context=self._context())
            if self.account.username:
                server.ehlo_or_helo_if_needed()
                server.login(self.account.username, self.password)
            yield server
            with suppress(OSError, smtplib.SMTPException):  # it has the message: how it says goodbye changes nothing
                server.quit()
        finally:
            watchdog.cancel()
            server.close()

    def _client(self) -> smtplib.SMTP:
        if self.account.security == "tls":
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                timeout=self.timeout_seconds, local_hostname=_LOCAL_NAME, context=self._context()
            )
        else:
            client = smtplib.SMTP(timeout=self.timeout_seconds, local_hostname=_LOCAL_NAME)
        client._host = self.account.server  # type: ignore[attr-defined]  # what its TLS checks the certificate for
        return client

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.ca_file:
            try:
                context.load_verify_locations(self.ca_file)
            except OSError as error:
                raise ServerUnreachable(
                    f"the certificates in {self.ca_file} cannot be read: {error}",
                    hint="See the setting notify.ca_file.",
                ) from error
        if not self.account.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what the library raises into what is to be done about it."""
        place = f"could not connect to {self.account.place}"
        try:
            yield
        except smtplib.SMTPAuthenticationError as error:
            raise self._login_refused(_said(error)) from error
        except smtplib.SMTPNotSupportedError as error:
            if "STARTTLS" in str(error):
                raise ServerUnreachable(
                    f"{place}: it offers no STARTTLS", hint="Use the port and the security that its maker names."
                ) from error
            raise self._login_refused(str(error)) from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            if error.smtp_code in _LOGIN:
                raise self._login_refused(_said(error)) from error
            kind = MessageRefused if error.smtp_code >= _PERMANENT else DeliveryFailed
            raise kind(f"{self.account.place} did not take the message: {_said(error)}") from error
        except smtplib.SMTPResponseException as error:
            raise ServerUnreachable(f"{place}: {_said(error)}") from error
        except smtplib.SMTPException as error:
            raise ServerUnreachable(f"{place}: {scrub(str(error)) or type(error).__name__}") from error
        except UnicodeEncodeError as error:
            raise self._login_refused("user name and password must be ASCII") from error
        except ssl.SSLCertVerificationError as error:
            raise ServerUnreachable(
                f"{place}: its certificate is not trusted ({error.verify_message})",
                hint="Check the server's name. For a server of your own, put its certificate authority into a file and "
                "name it in the setting notify.ca_file.",
            ) from error
        except TimeoutError as error:
            raise ServerUnreachable(f"{place}: no answer within {self.timeout_seconds:g} s") from error
        except OSError as error:
            raise ServerUnreachable(f"{place}: {error.strerror or error}") from error

    def _login_refused(self, why: str) -> LoginRefused:
        who = self.account.username or "nobody"
        return LoginRefused(
            f"authentication failed for account {self.account.name!r} (user {who}): {why}",
            hint="Set the password again: quantstrip notify add NAME ... (many providers want an app password).",
        )


def _delivery(message: Message, refused: Mapping[str, tuple[int, bytes]]) -> Delivery:
    never = {who: _words(code, text) for who, (code, text) in refused.items() if code >= _PERMANENT}
    later = {who: _words(code, text) for who, (code, text) in refused.items() if code < _PERMANENT}
    return Delivery([who for who in message.recipients if who not in refused], never, later)


def _said(error: smtplib.SMTPResponseException) -> str:
    return _words(error.smtp_code, error.smtp_error)


def _words(code: int, text: bytes | str) -> str:
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    return scrub(f"{code} {' '.join(said.split())}"[:500])


def _cut(server: smtplib.SMTP) -> None:
    """End a connection whose other end answers, but so slowly that its time is over."""
    channel = server.sock
    if channel is not None:
        with suppress(OSError):
            # The plain socket's own: closing TLS in order would wait for the other end, which is what is not wanted.
            socket.socket.shutdown(channel, socket.SHUT_RDWR)
