"""A message in the form that mail servers take (RFC 5322, MIME)."""

from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from quantstrip import __version__
from quantstrip.clock import to_datetime
from quantstrip.errors import MessageInvalid
from quantstrip.notify.accounts import Account
from quantstrip.notify.addresses import header
from quantstrip.ports import Message


def compose(account: Account, message: Message) -> EmailMessage:
    """The message as mail from ``account``; the same at every attempt, Message-ID and date included.

    Raises:
        MessageInvalid: a header holds a line break, or an attachment has no MIME type.

    """
    # 7bit: text beyond ASCII is encoded, so that servers without 8BITMIME take it too.
    utf8 = beyond_ascii(message.addressees, account.sender)
    # Encoded words end at 75 characters (RFC 2047); a subject that needs none stays on its line, as a fold right behind
    # "Subject:" shows as a blank in some readers.
    width = 78 if beyond_ascii([message.subject], account.sender_name) else 300
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit", utf8=utf8, max_line_length=width))
    try:
        mail["Message-ID"] = header("Message-ID", message.message_id)
        mail["Date"] = format_datetime(to_datetime(message.created))
        mail["From"] = Address(header("the sender's name", account.sender_name), addr_spec=account.sender)
        mail["To"] = ", ".join(message.addressees)
        mail["Subject"] = header("subject", message.subject)
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: keeps holiday answers away
        mail["X-Mailer"] = f"Quantstrip {__version__}"
        mail.set_content(message.body)
        if message.html:
            mail.add_alternative(message.html, subtype="html")
        for attachment in message.attachments:
            main, _, sub = attachment.content_type.partition("/")
            if not main or not sub:
                raise MessageInvalid(f"{attachment.filename} has no MIME type, got {attachment.content_type!r}")
            name = header("an attachment's name", attachment.filename)
            if f'"cid:{name}"' in message.html:  # a picture in the page itself (RFC 2392)
                page = mail.get_body(("related", "html"))
                assert isinstance(page, EmailMessage)  # noqa: S101 - there is HTML, so it has a part
                page.add_related(
                    attachment.content, maintype=main, subtype=sub, cid=f"<{name}>", filename=name, disposition="inline"
                )
                continue
            mail.add_attachment(attachment.content, maintype=main, subtype=sub, filename=name)
    except (ValueError, IndexError) as error:
        if isinstance(error, MessageInvalid):
            raise
        raise MessageInvalid(f"the message cannot be written as mail: {error}") from error
    return mail


def beyond_ascii(texts: Sequence[str], *more: str) -> bool:
    """True when one of the texts is not plain ASCII: an address then needs SMTPUTF8 (RFC 6531)."""
    return not "".join([*texts, *more]).isascii()
