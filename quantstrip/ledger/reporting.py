"""The reporting currency: a setting that the views must know, so it is a row of the database too."""

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select, text

from quantstrip.errors import InvalidRecord, QuantstripError
from quantstrip.home import Home
from quantstrip.ledger import validate
from quantstrip.ledger.family import Family
from quantstrip.ledger.statements import Statement
from quantstrip.ledger.tables import reporting
from quantstrip.log import logger
from quantstrip.model import minor_digits

if TYPE_CHECKING:
    from quantstrip.ledger.ledger import Ledger

SETTING = "platform.reporting_currency"
_GET = Statement(lambda: select(reporting.c.currency).where(reporting.c.reporting_id == bindparam("one", 1)))
_SET = Statement(
    lambda: text(
        "INSERT INTO reporting (reporting_id, currency, digits, update_time) VALUES (1, :currency, :digits, :now) "
        "ON CONFLICT (reporting_id) DO UPDATE SET currency = excluded.currency, digits = excluded.digits, "
        "update_time = excluded.update_time"
    )
)


class ReportingCurrency(Family):
    """What reports add up in."""

    def reporting_currency(self) -> str:
        """The currency that views convert into."""
        with self.store.read() as tx:
            found = tx.one(_GET, {"one": 1})
        return "USD" if found is None else str(found[0])

    def set_reporting_currency(self, currency: str) -> None:
        """Let views convert into ``currency``; nothing is written when they do already.

        Raises:
            InvalidRecord: it is no currency code, such as EUR.

        """
        code = validate.currency(currency)
        if code is None:
            raise InvalidRecord(
                f"a reporting currency is a code such as EUR, got {currency!r}", hint=f"Change the setting {SETTING}."
            )
        if self.reporting_currency() != code:
            with self.store.write() as tx:
                tx.run(_SET, {"currency": code, "digits": minor_digits(code), "now": tx.now})


def follow_setting(ledger: "Ledger", home: Home) -> None:
    """Bring the row in line with the setting; a setting that cannot be read leaves it as it is."""
    from quantstrip.config import SettingsManager

    try:
        ledger.set_reporting_currency(SettingsManager(home).get(SETTING, "USD"))
    except QuantstripError as error:
        logger.warning("reports stay in {}: {}", ledger.reporting_currency(), error)
