"""Stored reports (report, section, item) and mail accounts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, select, update

from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import validate
from quantstrip.ledger.family import Family
from quantstrip.ledger.statements import Insert, Statement, Upsert
from quantstrip.ledger.tables import email_account, report, report_item, report_section

if TYPE_CHECKING:
    import pandas as pd

_REPORT, _SECTION, _ITEM = Insert(report), Insert(report_section), Insert(report_item)
_HAS_REPORT = Statement(lambda: select(report.c.report_id).where(report.c.report_id == bindparam("id")))
_HAS_SECTION = Statement(
    lambda: select(report_section.c.section_id).where(report_section.c.section_id == bindparam("id"))
)
_ALL_REPORTS = Statement(lambda: select(report).order_by(report.c.report_id))
_ONE_REPORT = Statement(lambda: select(report).where(report.c.report_id == bindparam("id")))
_SECTIONS = Statement(
    lambda: (
        select(report_section)
        .where(report_section.c.report_id == bindparam("id"))
        .order_by(report_section.c.section_id)
    )
)
_ITEMS = Statement(
    lambda: select(report_item).where(report_item.c.section_id == bindparam("id")).order_by(report_item.c.item_id)
)
_DROP_ITEMS = Statement(
    lambda: delete(report_item).where(
        report_item.c.section_id.in_(
            select(report_section.c.section_id).where(report_section.c.report_id == bindparam("id"))
        )
    )
)
_DROP_SECTIONS = Statement(lambda: delete(report_section).where(report_section.c.report_id == bindparam("id")))
_DROP_REPORT = Statement(lambda: delete(report).where(report.c.report_id == bindparam("id")))
_A = email_account.c
_ACCOUNTS = Statement(lambda: select(email_account).order_by(_A.email_account_id))
_ACCOUNT_BY_ID = Statement(lambda: select(email_account).where(_A.email_account_id == bindparam("id")))
_ACCOUNT_BY_NAME = Statement(lambda: select(email_account).where(_A.name == bindparam("name")))
_ACCOUNT_DEFAULT = Statement(lambda: select(email_account).where(_A.is_default == 1).limit(1))
_NOT_DEFAULT = Statement(lambda: update(email_account).values(is_default=0))
_MAKE_DEFAULT = Statement(
    lambda: (
        update(email_account).where(_A.name == bindparam("account")).values(is_default=1, updated_at=bindparam("now"))
    )
)
_ACCOUNT_DELETE = Statement(lambda: delete(email_account).where(_A.name == bindparam("account")))
_FIELDS = (
    "provider", "smtp_server", "smtp_port", "use_tls", "username", "password", "from_address", "from_name",
    "is_default", "updated_at", "security", "verify_certificate",
)  # fmt: skip
_ACCOUNT_PUT = Upsert(email_account, ("name",), _FIELDS)


class Reports(Family):
    """Reports of the published structure."""

    def insert_report(
        self,
        name: str,
        date: str | None = None,
        status: str | None = None,
        report_type: str | None = None,
        recipients: str | None = None,
    ) -> int:
        """Start a report; returns its id."""
        row = {"name": validate.words("name", name), "date": validate.day("date", date)}
        return self._add(_REPORT, row | {"status": status, "type": report_type, "recipients": recipients})

    def update_report(
        self,
        report_id: int,
        name: str | None = None,
        date: str | None = None,
        status: str | None = None,
        report_type: str | None = None,
        recipients: str | None = None,
    ) -> None:
        """Change a report; None keeps what is there."""
        given = {
            "name": None if name is None else validate.words("name", name),
            "date": validate.day("date", date), "status": status, "type": report_type,
            "recipients": recipients,
        }  # fmt: skip
        changes = {column: value for column, value in given.items() if value is not None}
        if not changes:
            raise InvalidRecord("nothing to change: every value is None", hint=f"Give one of {', '.join(given)}.")
        with self.store.write() as tx:
            self._must_exist(_HAS_REPORT, "report", report_id)
            statement = update(report).where(report.c.report_id == report_id).values(**changes, update_time=tx.now)
            tx.run(Statement(lambda: statement))

    def get_reports(self, report_id: int | None = None) -> "pd.DataFrame":
        """One report, or all of them."""
        return self._frame(_ALL_REPORTS) if report_id is None else self._frame(_ONE_REPORT, id=report_id)

    def insert_report_section(self, report_id: int, name: str, section_type: str | None = None) -> int:
        """Add a section to a report; returns its id."""
        row = {"report_id": report_id, "name": validate.words("name", name), "type": section_type}
        with self.store.write():
            self._must_exist(_HAS_REPORT, "report", report_id)
            return self._add(_SECTION, row)

    def get_report_sections(self, report_id: int) -> "pd.DataFrame":
        """The sections of a report, in order."""
        return self._frame(_SECTIONS, id=report_id)

    def insert_report_item(self, section_id: int, text: str) -> int:
        """Add an item to a section; returns its id."""
        with self.store.write():
            self._must_exist(_HAS_SECTION, "report section", section_id)
            return self._add(_ITEM, {"section_id": section_id, "text": str(text)})

    def get_report_items(self, section_id: int) -> "pd.DataFrame":
        """The items of a section, in order."""
        return self._frame(_ITEMS, id=section_id)

    def replace_report_sections(self, report_id: int, sections: Sequence[tuple[str, str, Sequence[str]]]) -> None:
        """Give a report these sections, as (name, type, items), in place of those it has; all of them, or nothing.

        Raises:
            UnknownRecord: there is no such report.

        """
        with self.store.write() as tx:
            self._must_exist(_HAS_REPORT, "report", report_id)
            tx.run(_DROP_ITEMS, {"id": report_id})
            tx.run(_DROP_SECTIONS, {"id": report_id})
            for name, kind, items in sections:
                section = self.insert_report_section(report_id, name, kind)
                for item in items:
                    self.insert_report_item(section, item)

    def delete_report(self, report_id: int) -> None:
        """Forget a report with its sections.

        Raises:
            UnknownRecord: there is no such report.

        """
        with self.store.write() as tx:
            self.replace_report_sections(report_id, ())
            tx.run(_DROP_REPORT, {"id": report_id})

    def _add(self, statement: Insert, row: dict[str, Any]) -> int:
        with self.store.write() as tx:
            return int(tx.insert(statement, row | {"create_time": tx.now, "update_time": tx.now}) or 0)

    def _must_exist(self, statement: Statement, what: str, key: int) -> None:
        with self.store.read() as tx:
            if tx.one(statement, {"id": key}) is None:
                raise UnknownRecord(
                    f"no {what} has the id {key!r}", hint=f"Insert the {what} first; its call returns the id."
                )


class EmailAccounts(Family):
    """Mail accounts. ``password`` holds the path of a secret in the settings tree, never the password."""

    def get_all_email_accounts(self) -> "pd.DataFrame":
        """All accounts."""
        return self._frame(_ACCOUNTS)

    def get_email_account_by_id(self, email_account_id: int) -> dict[str, Any] | None:
        """One account, or None."""
        return self._row(_ACCOUNT_BY_ID, id=email_account_id)

    def get_email_account_by_name(self, name: str) -> dict[str, Any] | None:
        """One account, or None."""
        return self._row(_ACCOUNT_BY_NAME, name=name)

    def get_default_email_account(self) -> dict[str, Any] | None:
        """The account that is used when none is named, or None."""
        return self._row(_ACCOUNT_DEFAULT)

    def set_email_account(
        self,
        name: str,
        *,
        smtp_server: str,
        smtp_port: int = 587,
        use_tls: bool = True,
        provider: str | None = None,
        username: str | None = None,
        password_path: str | None = None,
        from_address: str | None = None,
        from_name: str | None = None,
        is_default: bool = False,
        security: str | None = None,
        verify_certificate: bool = True,
    ) -> int:
        """Add or replace an account; returns its id. A new default takes the place of the old one.

        Args:
            password_path: path of the secret in the settings tree.
            security: ``starttls``, ``tls`` or ``none``; None for what port and ``use_tls`` say.
            verify_certificate: False takes any certificate of the server.

        """
        row = {
            "name": validate.words("name", name),
            "provider": provider,
            "smtp_server": validate.words("smtp_server", smtp_server),
            "smtp_port": validate.whole("smtp_port", smtp_port),
            "use_tls": int(use_tls),
            "username": username,
            "password": password_path,
            "from_address": from_address,
            "from_name": from_name,
            "is_default": int(is_default),
            "security": security,
            "verify_certificate": int(verify_certificate),
        }
        with self.store.write() as tx:
            if is_default:
                tx.run(_NOT_DEFAULT)
            tx.run(_ACCOUNT_PUT, row | {"created_at": tx.now, "updated_at": tx.now})
            return int(tx.one(_ACCOUNT_BY_NAME, row)[0])

    def set_default_email_account(self, name: str) -> None:
        """Make an account the one that is used when none is named.

        Raises:
            UnknownRecord: there is no such account.

        """
        with self.store.write() as tx:
            if tx.one(_ACCOUNT_BY_NAME, {"name": name}) is None:
                raise UnknownRecord(
                    f"no mail account is called {name!r}", hint="They are listed by: quantstrip notify accounts"
                )
            tx.run(_NOT_DEFAULT)
            tx.run(_MAKE_DEFAULT, {"account": name, "now": tx.now})

    def delete_email_account(self, name: str) -> None:
        """Forget an account."""
        with self.store.write() as tx:
            if tx.run(_ACCOUNT_DELETE, {"account": name}).rowcount == 0:
                raise UnknownRecord(
                    f"no mail account is called {name!r}", hint="They are listed by: quantstrip notify accounts"
                )
