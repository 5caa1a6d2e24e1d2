"""Notifications: an outbox that loses nothing, mail accounts, channels, and alerts that become messages.

Public as ``send_email`` and ``email_manager``. Importing this room opens nothing and loads neither templates nor TLS.
"""

from quantstrip.notify.manager import EmailManager, email_manager, send_email

__all__ = ["EmailManager", "email_manager", "send_email"]
