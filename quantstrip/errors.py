"""One exception tree; each error says what was expected, what came and what to do.

::

    QuantstripError                what the system does about it
    ├── ConfigError
    │   ├── SettingsError          the settings file or a value is refused; nothing is written
    │   ├── SecretError            a key is missing, wrong or readable by others; no secret is shown
    │   └── DataSourceError        an ODBC data source is missing, another home's, or not as it should be
    │       └── DriverMissing      ODBC or its SQLite driver is not installed; says how to install it
    ├── HomeError                  the home is missing, not writable or unsafe; nothing is started
    ├── LedgerError
    │   ├── InvalidRecord          a row is refused before it reaches the database
    │   ├── UnknownRecord          a name or an id that is not in the ledger
    │   ├── SchemaMismatch         database older or newer than the program; nothing is read or written
    │   ├── QueryStopped           a person stopped a query; nothing was changed
    │   └── LedgerBusy             another process held the database longer than the busy timeout
    ├── SandboxError               untrusted code was refused, or took more than it may; nothing of it is kept
    │   └── SandboxMissing         this machine cannot hold untrusted code; it is not run
    ├── ReportError                a report could not be made or written; what was there is untouched
    ├── GitError                   a repository is refused or cannot be had; nothing of it is kept
    ├── RunError                   a kept run is not there, or not as it was kept; nothing is changed
    ├── DataError                  bars that would make a result wrong; the run does not start
    ├── FeedError                  a feed gave no bars; those that are stored stay
    │   ├── FeedRefused            it knows no such symbol or timeframe, or is not installed; asking again is no use
    │   └── FeedUnreachable        no answer, or asked too often; tried again some times with growing pauses
    ├── StrategyError
    │   ├── StrategyLoadError      the file holds no usable strategy; recorded, not retried
    │   ├── StrategyFault          the strategy raised; its client's error policy decides
    │   └── LookAheadFound         its decisions change when later bars are taken away; no run of it is kept
    ├── ClientError
    │   ├── ClientLoadError        recorded with its trace, not restarted
    │   ├── ClientNotStarted       it ended as soon as it was started; its trace is recorded
    │   ├── ClientNotFound         no client of that name; names that exist are listed
    │   ├── ClientBusy             a copy runs already: the second one ends at once
    │   ├── JobRefused             the client does not run or has no such job; nothing is asked of it
    │   └── SimulationRefused      a client on trial wants the network or the real home; it is not let
    ├── ServiceError
    │   ├── ServiceNotRunning      the command needs the service; says how to start it
    │   ├── ServiceRunning         a second service on one home is refused
    │   └── PortInUse              the dashboard's port is taken; another can be chosen
    ├── TaskError                  long work did not end well; what it had begun is not kept
    │   ├── TaskRefused            no such kind, or arguments that do not fit it; nothing is queued
    │   └── TaskCancelled          a person took the task back, or its worker ends; it stops at once
    ├── FileError                  a file of the home is refused, gone or unreadable; nothing is written
    │   └── FileChanged            it is no longer what was opened; nothing is overwritten unasked
    ├── PackageError               a package could not be looked up, installed or removed; the overlay is as it was
    │   ├── PackageMissing         the index has none of that name that can be installed here
    │   └── PackageConflict        it does not go together with what is installed; who wants what is told
    ├── BrokerError
    │   ├── OrderRefused           the broker or a rule refused; recorded as a rejection
    │   ├── StatementError         a statement cannot be read, or is of another account; nothing is booked from it
    │   └── BrokerUnreachable      retried by the caller's policy; no order is sent twice
    └── NotifyError
        ├── AccountNotFound        no mail account or channel of that name, or none at all
        ├── MessageInvalid         an address, a header or an attachment is refused; nothing is written
        ├── MessageRefused         a server refused the message for good; it is kept, to be seen and sent again
        └── DeliveryFailed         it cannot be sent now; tried again with growing pauses
            ├── LoginRefused       the account's user name or password is wrong
            └── ServerUnreachable  no connection, a broken one, or one whose other end is not who it says

A boundary (command line, page) shows ``str(error)`` as one readable message; the log keeps the trace.
"""


class QuantstripError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        message: what was expected and what came.
        hint: what the user can do about it; shown on its own line.

    Example:
        >>> print(QuantstripError("port 8051 is in use", hint="choose another with --port"))
        port 8051 is in use
        choose another with --port

    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class ConfigError(QuantstripError):
    """Settings or secrets could not be used."""


class SettingsError(ConfigError):
    """A settings file or value is refused; the old file stays whole."""


class SecretError(ConfigError):
    """A secret or its key cannot be used safely."""


class DataSourceError(ConfigError):
    """An ODBC data source could not be set up, found or trusted; other sources are untouched."""


class DriverMissing(DataSourceError):
    """ODBC itself, or its driver for SQLite, is not on this machine."""


class HomeError(QuantstripError):
    """The home folder is missing, not writable, or in an unsafe place."""


class LedgerError(QuantstripError):
    """The ledger refused an operation; nothing was written."""


class InvalidRecord(LedgerError, ValueError):
    """A value of a row is impossible (NaN price, zero quantity, unknown state)."""


class UnknownRecord(LedgerError, LookupError):
    """A name or an id that is not in the ledger."""


class SchemaMismatch(LedgerError):
    """The database's version is not the program's."""


class QueryStopped(LedgerError):
    """A person stopped a query."""


class LedgerBusy(LedgerError):
    """The database stayed locked by another process."""


class SandboxError(QuantstripError):
    """Untrusted code was refused, or took more time, memory or words than it may."""


class SandboxMissing(SandboxError):
    """The machine has nothing that could hold untrusted code."""


class ReportError(QuantstripError):
    """A report could not be made, found or written."""


class GitError(QuantstripError):
    """A repository of strategies is refused, or cannot be fetched."""


class RunError(QuantstripError):
    """A kept run is not there, or is not as it was kept."""


class DataError(QuantstripError, ValueError):
    """Market data that would make a result wrong."""


class FeedError(QuantstripError):
    """A feed of bars gave none."""


class FeedRefused(FeedError):
    """A feed has no such bars, or cannot be used; asking again would not help."""


class FeedUnreachable(FeedError):
    """A feed did not answer, or was asked too often; asking again may help."""


class StrategyError(QuantstripError):
    """A strategy could not be loaded or raised while running."""


class StrategyLoadError(StrategyError):
    """The file holds no usable strategy."""


class StrategyFault(StrategyError):
    """The strategy raised while handling an event."""


class LookAheadFound(StrategyError):
    """A strategy decides on what is not known yet at the bar's close: its results would be a lie."""


class ClientError(QuantstripError):
    """A client could not be loaded, found or controlled."""


class ClientLoadError(ClientError):
    """The client's file cannot be imported or its class cannot be constructed."""


class ClientNotStarted(ClientError):
    """The client was started and could not be loaded, or failed before it lived."""


class ClientNotFound(ClientError, LookupError):
    """No client of that name is known here."""


class ClientBusy(ClientError):
    """Another process already runs this client."""


class SimulationRefused(ClientError, PermissionError):
    """A client on trial tried what only a real one may: a connection, or a change to the real home."""


class JobRefused(ClientError):
    """A job cannot be run now: the client does not run, or it has no such job."""


class ServiceError(QuantstripError):
    """The background service could not do what was asked."""


class ServiceNotRunning(ServiceError):
    """The command needs the service, and it does not run."""


class ServiceRunning(ServiceError):
    """A service already runs on this home."""


class PortInUse(ServiceError):
    """The dashboard's port is taken."""


class TaskError(QuantstripError):
    """Long work failed, or did not come to its end."""


class TaskRefused(TaskError, ValueError):
    """No task can be made of this: its kind is unknown, or its arguments do not fit."""


class TaskCancelled(TaskError):
    """The task is to end now; raised where it reports its progress."""


class FileError(QuantstripError):
    """A file of the home is refused, gone, no text or cannot be written; nothing was changed."""


class FileChanged(FileError):
    """A file is no longer what was opened; whoever saves sees the difference first."""


class PackageError(QuantstripError):
    """A package could not be looked up, installed or removed; nothing was changed."""


class PackageMissing(PackageError, LookupError):
    """The index has no package of that name, or none that this Python could use."""


class PackageConflict(PackageError):
    """What a package wants does not go together with what is installed."""


class BrokerError(QuantstripError):
    """A broker refused or could not be reached."""


class OrderRefused(BrokerError):
    """The order was refused; it is recorded as a rejection."""


class StatementError(BrokerError):
    """A broker's statement cannot be used; nothing was written."""


class BrokerUnreachable(BrokerError):
    """The broker did not answer."""


class NotifyError(QuantstripError):
    """A message could not be written or sent."""


class AccountNotFound(NotifyError, LookupError):
    """No mail account or channel of that name is there, or none at all."""


class MessageInvalid(NotifyError, ValueError):
    """An address, a header or an attachment of a message is refused; nothing was written."""


class MessageRefused(NotifyError):
    """A server refused a message for good; trying again would not help."""


class DeliveryFailed(NotifyError):
    """A message cannot be sent now; it is tried again."""


class LoginRefused(DeliveryFailed):
    """A mail server does not know the account's user name and password."""


class ServerUnreachable(DeliveryFailed):
    """A server does not answer, or is not who it says."""
