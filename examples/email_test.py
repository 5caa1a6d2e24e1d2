"""Sends one mail and one summary, says what became of them, and ends itself: to see that notifications work.

They go to those who are told about this client: ``clients.email_test.notify`` in the settings, else
``notify.recipients``, else the default account's own address. Set an account up first, then run it:

    quantstrip notify add home --provider gmail --from you@gmail.com
    quantstrip run examples/email_test.py
"""

from quantstrip import ClientBase, email_manager, logger, send_email


class Client(ClientBase):
    def __init__(self, *args):
        super().__init__()
        self.display_name = "Email test"
        self.scheduler.every(1).seconds.do(self.job)

    def job(self):
        # In a client a message is queued and the call returns at once: a strategy never waits for a mail server.
        # The notifier of the running service sends it; without a service: quantstrip notify drain
        ok, message = send_email("Test from a client", "If you read this, notifications work.")
        logger.info("mail: {} ({})", "on its way" if ok else "not sent", message)

        # Any dict, signal, dataclass or DataFrame becomes a small table, as HTML and as plain text.
        ok, message = email_manager.send_summary({"symbol": "SPY", "position": 100, "price": 412.48}, "Test summary")
        logger.info("summary: {} ({})", "on its way" if ok else "not sent", message)
        self.stop_client()
