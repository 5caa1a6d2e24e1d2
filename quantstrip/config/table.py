"""The settings that the platform reads: one table of path, type, default, bounds and meaning.

Reading, ``settings set``, listings, ``settings.example.toml`` and ``docs/settings.md`` all come from it (the last two
by ``scripts/render_settings.py``). In a path, ``NAME`` stands for any client.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from quantstrip.config.bounds import (
    anything,
    at_least,
    between,
    hosts,
    is_address,
    is_currency,
    is_delays,
    is_time,
    is_zone,
    limit,
    more_than,
    names,
    one_of,
    places,
    texts,
)
from quantstrip.config.paths import Parts, split
from quantstrip.config.values import ValueType
from quantstrip.model import TIMEFRAMES

CLIENTS = "clients"
NAME = "NAME"
_LEVELS = ("TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL")
_MODES = ("live", "paper", "replay", "simulation")
_FEEDS = ("replay", "history")
_GAPS = ("refuse", "accept")
_PROFILES = ("NATIVE", "CASH_ONLY", "OFF")


@dataclass(frozen=True, slots=True)
class Known:
    """One setting of the platform.

    Attributes:
        path: dotted; ``NAME`` stands for the name of a client.
        types: what it may be; text given for it is read as the first that fits.
        default: None where the client's class has one.
        help: what it means, in a sentence or two.
        expected: what a value must be, after "must be".
        accepts: True for a value, of one of ``types``, that fulfils ``expected``.

    """

    path: str
    types: tuple[ValueType, ...]
    default: Any
    help: str
    expected: str = ""
    accepts: Callable[[Any], bool] = anything

    @property
    def kind(self) -> str:
        """Its type or types, as shown to people."""
        return " or ".join(self.types)

    @property
    def parts(self) -> Parts:
        """The path's names."""
        return split(self.path)

    def path_for(self, name: str) -> str:
        """The path with the client's name in place of ``NAME``."""
        return self.path.replace(f"{CLIENTS}.{NAME}", f"{CLIENTS}.{name}") if name else self.path


_TEXT, _INT, _FLOAT = (ValueType.TEXT,), (ValueType.INT,), (ValueType.FLOAT,)
_BOOL, _LIST, _TABLE = (ValueType.BOOL,), (ValueType.LIST,), (ValueType.DICT,)
_LIMIT = (ValueType.FLOAT, ValueType.TEXT)

_PLATFORM = (
    Known("platform.timezone", _TEXT, "", "Zone of the schedule, of log lines and of log rotation.",
          'an IANA zone such as "America/New_York", or empty for the machine\'s', is_zone),
    Known("platform.reporting_currency", _TEXT, "USD", "Currency in which reports add up.",
          'a currency code such as "USD"', is_currency),
    Known("dashboard.port", _INT, 8051, "Port of the dashboard on 127.0.0.1.",
          "a port from 1 to 65535", between(1, 65535)),
    Known("dashboard.address", _TEXT, "127.0.0.1",
          "Address that the dashboard listens on besides 127.0.0.1, for other machines; 0.0.0.0 is every one of this "
          "machine. Needs a user with a password, or OIDC, and TLS: docs/access.md.",
          "an IP address", is_address),
    Known("dashboard.hosts", _LIST, [],
          "Names by which browsers elsewhere reach the dashboard; behind a proxy with its scheme: https://quant.example.",
          "a list of host names, or of https://NAME", hosts),
    Known("dashboard.tls_certificate", _TEXT, "",
          "File (PEM) with the certificate for other machines, below the home or absolute."),
    Known("dashboard.tls_key", _TEXT, "", "File (PEM) with its private key, below the home or absolute."),
    Known("dashboard.plain_http", _BOOL, False,
          "May passwords and pages cross the network readable? For networks in which every machine is yours."),
    Known("dashboard.idle_hours", _FLOAT, 12.0,
          "A user's login ends after so many hours without a click; the token's holder stays in.",
          "from 0.01 to 8760 hours", between(0.01, 8760)),
    Known("dashboard.session_hours", _FLOAT, 168.0, "A user's login ends after so many hours, whatever they do.",
          "from 0.01 to 8760 hours", between(0.01, 8760)),
    Known("oidc.metadata_url", _TEXT, "",
          "Where the provider describes itself: https://.../.well-known/openid-configuration. Empty is no OIDC."),
    Known("oidc.client_id", _TEXT, "", "What the provider calls this dashboard."),
    Known("oidc.client_secret", (ValueType.SECRET, ValueType.TEXT), "",
          "What proves to the provider that it is this dashboard. A secret."),
    Known("oidc.label", _TEXT, "single sign-on", "The provider's name on the login page."),
    Known("oidc.claim", _TEXT, "email",
          "What the provider says of a person that is the user's name here, such as email, preferred_username or sub.",
          "the name of a claim", bool),
    Known("oidc.scopes", _TEXT, "openid email profile", "What the provider is asked for."),
    Known("service.heartbeat_seconds", _FLOAT, 2.0, "Seconds between two heartbeats of a client.",
          "from 0.1 to 3600 seconds", between(0.1, 3600)),
    Known("service.heartbeat_stale_seconds", _FLOAT, 30.0,
          "A client is restarted when its heartbeat is older than this many seconds.",
          "from 0.5 to 86400 seconds", between(0.5, 86400)),
    Known("service.stop_seconds", _FLOAT, 20.0,
          "Seconds a client may take to finish its running job and stop, before it is killed.",
          "from 0 to 3600 seconds", between(0, 3600)),
    Known("service.start_wait_seconds", _FLOAT, 10.0,
          "Seconds that a command which starts a client waits to see what becomes of it.",
          "from 0 to 600 seconds", between(0, 600)),
    Known("service.startup_seconds", _FLOAT, 300.0,
          "Seconds a client may take to be loaded, before it is killed and started again.",
          "from 1 to 86400 seconds", between(1, 86400)),
    Known("service.restart_delays", _LIST, [0, 1, 2, 5, 15],
          "Pause before each restart of a client that crashed, in seconds. After the last one it is given up.",
          "a list of seconds, none negative, at least one", is_delays),
    Known("service.restart_window_seconds", _FLOAT, 300.0,
          "A client that ran this many seconds without a crash starts again with the first pause.",
          "0 or more seconds", at_least(0)),
    Known("logs.level", _TEXT, "INFO", "Least level that is written.", f"one of {', '.join(_LEVELS)}",
          one_of(*_LEVELS)),
    Known("logs.retention_days", _INT, 30, "Days a rotated log is kept.", "1 or more days", at_least(1)),
    Known("logs.web_retention_days", _INT, 7, "Days the dashboard's error log is kept.", "1 or more days", at_least(1)),
    Known("logs.max_megabytes", _INT, 50,
          "Most space one stream takes on disk, rotated logs included, in megabytes. The oldest are removed first.",
          "1 or more megabytes", at_least(1)),
    Known("ledger.audit", _BOOL, True,
          "Is each write of orders, fills and positions linked to the audit chain? See docs/audit.md."),
    Known("ledger.job_retention_days", _INT, 90, "Days the records of finished job runs are kept.",
          "1 or more days", at_least(1)),
    Known("data.order", _LIST, ["store", "folder", "download"],
          "Where backtests look for the bars of a symbol, one after the other; what is not named is not asked.",
          "a list of store, folder and download", places),
    Known("data.folder", _TEXT, "", "Folder with SYMBOL.csv or SYMBOL.parquet files, below the home or absolute; empty "
          "is the home's data/bars."),
    Known("data.feeds", _LIST, [], "Feeds that a backtest may fetch missing bars from: yfinance, or ccxt:EXCHANGE. "
          "Empty fetches nothing unasked.", "a list of feeds", texts),
    Known("data.attempts", _INT, 5, "So often is a feed asked that does not answer.", "from 1 to 100", between(1, 100)),
    Known("data.retry_seconds", _FLOAT, 1.0, "Seconds before a feed is asked again, the first time; then twice as long "
          "each time, a minute at most.", "from 0 to 60 seconds", between(0, 60)),
    Known("worker.parallel", _INT, 1, "Most backtests and sweeps that run at once.",
          "from 1 to 64", between(1, 64)),
    Known("worker.reports", _INT, 2, "Most reports, mails and exports that are made at once, beside the backtests.",
          "from 1 to 64", between(1, 64)),
    Known("worker.memory_megabytes", _INT, 0,
          "Most memory a task may use, in megabytes; it fails where it needs more. 0 is nine tenths of the machine's.",
          "0 or more megabytes", at_least(0)),
    Known("worker.cancel_seconds", _FLOAT, 10.0,
          "Seconds a task that is cancelled may take to end by itself, before it is killed.",
          "from 0 to 3600 seconds", between(0, 3600)),
    Known("worker.keep_days", _INT, 90, "Days that finished tasks and the files they wrote are kept.",
          "1 or more days", at_least(1)),
    Known("worker.trials", _INT, 4, "Most clients that run as a simulation or are rehearsed at once, beside the tasks.",
          "from 1 to 64", between(1, 64)),
    Known("worker.trial_megabytes", _INT, 2000,
          "Most memory one client on trial may use, in megabytes; it fails where it needs more. 0 is no limit.",
          "0 or more megabytes", at_least(0)),
    Known("worker.trial_minutes", _FLOAT, 480.0, "A simulation is ended after so many minutes, unless it was asked for "
          "with another number.", "from 0.01 to 100000 minutes", between(0.01, 100000)),
    Known("notify.recipients", _LIST, [],
          "Who is told about clients that name nobody: addresses, and names of channels. Empty is the default "
          "account's own address.", "a list of addresses and names of channels", texts),
    Known("notify.batch_seconds", _FLOAT, 60.0, "Alerts of so many seconds become one message.",
          "from 0 to 86400 seconds", between(0, 86400)),
    Known("notify.alerts_per_hour", _INT, 12,
          "Most messages about alerts in an hour; what is above waits and is told together.",
          "1 or more", at_least(1)),
    Known("notify.muted", _LIST, ["deploy_refused"], "Kinds of alerts that are shown, but not sent.",
          "a list of kinds of alerts", texts),
    Known("notify.attempts", _INT, 48, "A message that failed so often is given up until a person sends it again.",
          "from 1 to 1000", between(1, 1000)),
    Known("notify.retry_seconds", _FLOAT, 30.0, "Pause after the first failed attempt; it doubles each time.",
          "from 0.1 to 86400 seconds", between(0.1, 86400)),
    Known("notify.longest_retry_seconds", _FLOAT, 3600.0, "Longest pause between two attempts.",
          "from 0.1 to 86400 seconds", between(0.1, 86400)),
    Known("notify.timeout_seconds", _FLOAT, 20.0, "Seconds that one answer of a mail server may take.",
          "from 1 to 300 seconds", between(1, 300)),
    Known("notify.attachment_megabytes", _FLOAT, 10.0,
          "Most that the attachments of one message may hold together, in megabytes.",
          "from 0 to 25 megabytes", between(0, 25)),
    Known("notify.keep_days", _INT, 30, "Days that sent messages are kept.", "1 or more days", at_least(1)),
    Known("notify.ca_file", _TEXT, "",
          "File (PEM) of certificate authorities trusted besides the system's, for a mail server of your own."),
)  # fmt: skip

_SHIPPED = (
    Known("eod.calendar", _TEXT, "NYSE", "Exchange after whose close the day is summed up: a MIC, or NYSE, LSE, 24/7.",
          "the name of an exchange", bool),
    Known("eod.delay_minutes", _FLOAT, 15.0, "Minutes from that close to the summary.",
          "from 0 to 720 minutes", between(0, 720)),
    Known("eod.mode", _TEXT, "", "Which mode is summed up; empty is the first of live, paper and replay with rows.",
          f"one of {', '.join(_MODES)}, or empty", one_of(*_MODES, "")),
    Known("marks.folder", _TEXT, "", "Folder of SYMBOL.csv files that closes are taken from first, below the home or "
          "absolute; empty is data/bars."),
    Known("marks.delay_minutes", _FLOAT, 5.0, "Minutes from an exchange's close to the writing of its closes.",
          "from 0 to 720 minutes", between(0, 720)),
    Known("backup.at", _TEXT, "03:00", "When the ledger is copied each day, in the platform's zone.",
          'a time such as "03:00"', is_time),
    Known("backup.folder", _TEXT, "", "Where copies go, below the home or absolute; empty is data/backups. Another "
          "disk is better."),
    Known("backup.keep_daily", _INT, 7, "Days of which the last copy is kept.", "0 or more", at_least(0)),
    Known("backup.keep_weekly", _INT, 4, "Weeks of which the last copy is kept.", "0 or more", at_least(0)),
    Known("backup.keep_monthly", _INT, 12, "Months of which the last copy is kept.", "0 or more", at_least(0)),
)  # fmt: skip

_CLIENT = (
    Known("clients.NAME.mode", _TEXT, None, "Whose money moves. Strategy clients take replay and simulation.",
          f"one of {', '.join(_MODES)}", one_of(*_MODES)),
    Known("clients.NAME.notify", (ValueType.LIST, ValueType.TEXT), None,
          "Who is told about this client: addresses, and names of channels; an empty list is nobody.",
          "a list of addresses and names of channels, or text with commas between", texts),
    Known("clients.NAME.strategy", _TEXT, None, "A strategy's file, beside the client's.", "the path of a file", bool),
    Known("clients.NAME.symbols", (ValueType.LIST, ValueType.TEXT), None, "What to trade.",
          'a list of names such as ["AAPL", "MSFT"], or AAPL,MSFT', names),
    Known("clients.NAME.feed", _TEXT, None, "Where bars come from: the history in replay_seconds, or all at once.",
          f"one of {', '.join(_FEEDS)}", one_of(*_FEEDS)),
    Known("clients.NAME.cash", _FLOAT, None,
          "The strategy's allocation, in the reporting currency; that of its form where it is not set.",
          "money of at least 0.01", at_least(0.01)),
    Known("clients.NAME.parameters", _TABLE, None, "The strategy's parameters, by name. They add to the class's."),
    Known("clients.NAME.quantity", _FLOAT, None, "Units of an entry that names none.",
          "a number of units above 0", more_than(0)),
    Known("clients.NAME.replay_seconds", _FLOAT, None, "How long the replay of the whole history takes.",
          "0 or more seconds", at_least(0)),
    Known("clients.NAME.warmup", _INT, None,
          "Bars of each symbol, the first of its history, that only warm indicators up.", "0 or more bars",
          at_least(0)),
    Known("clients.NAME.virtual_legs", _BOOL, None, "May a symbol be held long and short at once, on its two legs?"),
    Known("clients.NAME.bars", _TEXT, None,
          "Folder of SYMBOL.csv or SYMBOL.parquet files, below the home or absolute; store is the home's bar store; "
          "empty is the sample."),
    Known("clients.NAME.timeframe", _TEXT, None,
          "Of the bars; empty is the strategy's own, else the only one that the files have.",
          f"one of {', '.join(TIMEFRAMES)}, or empty", one_of(*TIMEFRAMES, "")),
    Known("clients.NAME.gaps", _TEXT, None, "What becomes of bars with missing sessions.",
          f"one of {', '.join(_GAPS)}", one_of(*_GAPS)),
    Known("clients.NAME.calendar", _TEXT, None,
          "Exchange whose sessions the bars follow; empty where they follow none."),
    Known("clients.NAME.risk", (ValueType.DICT, ValueType.TEXT), None,
          "A risk profile, or a table with a profile and the limits that differ from it.",
          f"one of {', '.join(_PROFILES)}, or a table of limits",
          lambda value: isinstance(value, dict) or value.upper() in _PROFILES),
    Known("clients.NAME.risk.profile", _TEXT, None, "The profile whose other limits hold.",
          f"one of {', '.join(_PROFILES)}", lambda value: value.upper() in _PROFILES),
    Known("clients.NAME.risk.name", _TEXT, None, "What the run calls these limits."),
    *(Known(f"clients.NAME.risk.{name}", _LIMIT, None, help_, '0 or more, or "off"', limit) for name, help_ in (
        ("max_order_value", "Money one opening order may be worth."),
        ("max_symbol_weight", "Value of one symbol's position, as a fraction of equity."),
        ("max_total_weight", "Gross value of all positions, as a fraction of equity."),
        ("min_cash_ratio", "Cash left after a buy, as a fraction of equity."),
        ("max_daily_loss", "Loss since the session before, as a fraction of equity; halts entries for the session."),
        ("max_drawdown", "Loss since the highest equity, as a fraction; halts entries until a person clears it."),
        ("max_price_deviation", "Move of the last known price since the decision, as a fraction."),
        ("duplicate_seconds", "Same symbol, side and quantity within less than this many seconds is a duplicate."),
    )),
    *(Known(f"clients.NAME.risk.{name}", _BOOL, None, help_) for name, help_ in (
        ("allow_margin", "May gross value exceed leverage times equity?"),
        ("allow_short", "May a sell open a short position, or flip to one?"),
        ("allow_long", "May a buy open a long position, or flip to one?"),
        ("trading_hours", "Are orders refused while the exchange is closed?"),
    )),
    Known("clients.NAME.risk.leverage", _FLOAT, None,
          "Gross value as a multiple of equity while margin is not allowed.", "0 or more", at_least(0)),
    Known("clients.NAME.costs", _TABLE, None, "What trading costs, where it differs from the native costs."),
    *(Known(f"clients.NAME.costs.{name}", _FLOAT, None, help_, "0 or more", at_least(0)) for name, help_ in (
        ("slippage_bps", "Market and stop orders fill this many basis points (1/100 %) worse."),
        ("commission_per_share", "Money per unit."),
        ("commission_rate", "Fraction of the traded value: 0.001 is 0.1 %."),
        ("minimum_commission", "Money per fill at least."),
    )),
)  # fmt: skip

KNOWN: tuple[Known, ...] = (*_PLATFORM, *_SHIPPED, *_CLIENT)
"""Every setting that the platform reads, in the order in which they are shown."""
