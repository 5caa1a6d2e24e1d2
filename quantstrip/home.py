"""Where things are: the one module that builds paths.

A *home* holds a user's ``clients/ settings/ logs/ data/ packages/``. Which home is used: an explicit folder, else
``QUANTSTRIP_HOME``, else the nearest marker upward from the working folder, else the user's data folder.
"""

import hashlib
import os
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from quantstrip.errors import HomeError

MARKER = ".quantstrip-home"
VARIABLE = "QUANTSTRIP_HOME"
ALLOW_SYNCED = "QUANTSTRIP_ALLOW_SYNCED"
_SOCKET_LIMIT = 100  # sun_path holds 108 bytes, supervisord appends a suffix while it binds
_SYNCED_NAMES = (
    "dropbox",
    "onedrive",
    "google drive",
    "googledrive",
    "icloud",
    "nextcloud",
    "owncloud",
    "mobile documents",
)
_SYNCED_MARKERS = (".dropbox", ".stfolder", ".sync_journal.db", ".owncloudsync.log", "desktop.ini.onedrive")


@dataclass(frozen=True, slots=True)
class Home:
    """The folders and files of one home; building a ``Home`` touches no disk."""

    root: Path

    @property
    def clients(self) -> Path:
        """Sources of the user's clients."""
        return self.root / "clients"

    @property
    def settings(self) -> Path:
        """Settings file, key file and the recorded choice of where the key lives."""
        return self.root / "settings"

    @property
    def settings_file(self) -> Path:
        """The typed settings tree."""
        return self.settings / "settings.toml"

    @property
    def users_file(self) -> Path:
        """Users of the dashboard, with the hashes of their passwords. Owner only."""
        return self.settings / "users.json"

    @property
    def logs(self) -> Path:
        """One stream per client, plus service and dashboard."""
        return self.root / "logs"

    @property
    def data(self) -> Path:
        """The ledger, deployed versions, run-time files, bars."""
        return self.root / "data"

    @property
    def packages(self) -> Path:
        """Overlay of packages a user installed for their clients."""
        return self.root / "packages"

    @property
    def package_versions(self) -> Path:
        """``packages/.versions/NUMBER/`` holds all that is installed after a change; running processes keep theirs."""
        return self.packages / ".versions"

    @property
    def package_pointer(self) -> Path:
        """Names the version of the overlay that counts; replaced at once."""
        return self.packages / ".current"

    @property
    def client_packages(self) -> Path:
        """``packages/.clients/NAME/`` holds what one client has in the overlay's place: versions and a pointer."""
        return self.packages / ".clients"

    @property
    def queries(self) -> Path:
        """The user's own query files, made with the first of them."""
        return self.root / "queries"

    @property
    def database(self) -> Path:
        """The ledger's SQLite file."""
        return self.data / "quantstrip.db"

    @property
    def backups(self) -> Path:
        """Copies made by ``db backup``."""
        return self.data / "backups"

    @property
    def reports(self) -> Path:
        """Reports that are written to files, such as end-of-day summaries where no mail account is set up."""
        return self.data / "reports"

    @property
    def tasks(self) -> Path:
        """``tasks/ID/`` holds what a task wrote: its result and what it printed."""
        return self.data / "tasks"

    @property
    def runs(self) -> Path:
        """``runs/RUN/`` holds a backtest that is kept: its code, what it was asked, its result."""
        return self.data / "runs"

    @property
    def repositories(self) -> Path:
        """``repositories/NAME/COMMIT/`` holds strategies' repositories that were fetched."""
        return self.data / "repositories"

    @property
    def bars(self) -> Path:
        """The bar store."""
        return self.data / "bars"

    @property
    def uploads(self) -> Path:
        """``uploads/TOKEN/NAME`` holds a file that a browser handed over, until it is taken in."""
        return self.data / "uploads"

    @property
    def trash(self) -> Path:
        """``trash/ID/`` holds a source file that was deleted in the dashboard, to be brought back."""
        return self.data / "trash"

    @property
    def drafts(self) -> Path:
        """What was typed in the dashboard and is not saved, and the queries that were run there. Owner only."""
        return self.data / "drafts"

    @property
    def deployed(self) -> Path:
        """``deployed/NAME/HASH/`` holds each deployed version of a client."""
        return self.data / "deployed"

    @property
    def run(self) -> Path:
        """Run-time files: generated supervisor configuration, locks, pid files, the token. Owner only."""
        return self.data / "run"

    @property
    def locks(self) -> Path:
        """One lock file per client and one for the service."""
        return self.run / "locks"

    @property
    def supervisor_config(self) -> Path:
        """The generated supervisord configuration."""
        return self.run / "supervisord.conf"

    @property
    def programs(self) -> Path:
        """Generated supervisord program sections, one file a client."""
        return self.run / "programs"

    @property
    def token_file(self) -> Path:
        """The dashboard's login token."""
        return self.run / "token"

    @property
    def ended_logins_file(self) -> Path:
        """Logins that were ended by their users before their time."""
        return self.run / "ended-logins.json"

    @property
    def service_file(self) -> Path:
        """What runs here: port and pid of the service, as JSON."""
        return self.run / "service.json"

    @property
    def socket(self) -> Path:
        """The supervisor's control socket; outside the home when the path would be too long for one."""
        inside = self.run / "supervisor.sock"
        if len(os.fsencode(inside)) <= _SOCKET_LIMIT:
            return inside
        base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return base / f"quantstrip-{_user_id()}" / f"{digest}.sock"

    def exists(self) -> bool:
        """True when the folder carries the home marker."""
        return (self.root / MARKER).is_file()

    def create(self) -> "Home":
        """Make the folders and the marker; a home that is there already is left as it is.

        Raises:
            HomeError: the folder is not writable or lies in a synchronised folder.

        """
        self.check_place()
        if self.data.is_dir():
            self.check_writable()  # first, so that a home one may not write to is left as it is
        try:
            for folder in (
                self.clients,
                self.settings,
                self.logs,
                self.data,
                self.packages,
                self.backups,
                self.bars,
                self.deployed,
            ):
                folder.mkdir(parents=True, exist_ok=True)
            for folder in (self.run, self.locks, self.programs, self.socket.parent):
                private_folder(folder)
            marker = self.root / MARKER
            if not marker.exists():
                marker.write_text("This folder is a Quantstrip home.\n", encoding="utf-8")
        except OSError as error:
            raise HomeError(
                f"the home {self.root} cannot be written: {error.strerror or error}",
                hint="Choose a folder you own with --home DIR, or give yourself write access to this one.",
            ) from error
        self.check_writable()
        return self

    def check_writable(self) -> None:
        """Raise ``HomeError`` unless files can be made in the home's data folder."""
        try:
            with tempfile.TemporaryFile(dir=self.data):
                pass
        except OSError as error:
            raise HomeError(
                f"the home {self.root} is not writable: {error.strerror or error}",
                hint="Choose a folder you own with --home DIR, or give yourself write access to this one.",
            ) from error

    def check_place(self) -> None:
        """Raise ``HomeError`` when the home lies in a folder that a program keeps in step with other machines.

        SQLite's write-ahead log is three files that must change together; a synchroniser that copies or
        restores one of them alone corrupts the ledger.
        """
        if os.environ.get(ALLOW_SYNCED) == "1":
            return
        found = synchronised_by(self.root)
        if found is not None:
            raise HomeError(
                f"the home {self.root} lies in a synchronised folder ({found}): copying a database that is being "
                "written damages it",
                hint=f"Choose a local folder with --home DIR. If this is no synchronised folder, set {ALLOW_SYNCED}=1.",
            )


def find_home(explicit: str | Path | None = None, *, start: Path | None = None) -> Home:
    """The home to use: ``explicit``, else the environment, else a marker upward of ``start``, else the user's own.

    The result need not exist; see ``Home.exists``.
    """
    chosen = explicit or os.environ.get(VARIABLE)
    if chosen:
        return Home(Path(chosen).expanduser().resolve())
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / MARKER).is_file():
            return Home(folder)
    return Home(user_data() / "home")


def demo_home() -> Home:
    """The demo's own home, so that demo trades never mix with real ones."""
    return Home(user_data() / "demo")


def user_data() -> Path:
    """The user's data folder for this program."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return (base / "quantstrip").resolve()


def user_cache() -> Path:
    """Where what can be computed again is kept between processes; may be removed at any time."""
    if sys.platform == "win32":
        return user_data() / "cache"
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (base / "quantstrip").resolve()


def asset(folder: str) -> Path:
    """A shipped folder: ``dashboard``, ``service``, ``schema``, ``clients``, ``examples`` or ``settings``.

    Installed, they lie in ``quantstrip/_assets``; in a checkout, beside the package.
    """
    package = Path(__file__).resolve().parent
    installed = package / "_assets" / folder
    return installed if installed.is_dir() else package.parent / folder


def synchronised_by(path: Path) -> str | None:
    """The name of the synchronised folder ``path`` lies in, or None."""
    for folder in (path, *path.parents):
        name = folder.name.lower()
        if any(name == known or name.startswith((f"{known} ", f"{known}-")) for known in _SYNCED_NAMES):
            return folder.name
        marker = next((m for m in _SYNCED_MARKERS if (folder / m).exists()), None)
        if marker is not None:
            return f"{folder} holds {marker}"
    return None


def private_folder(folder: Path) -> None:
    """Make ``folder`` readable by its owner only.

    Raises:
        HomeError: it is a symbolic link, or belongs to another user: in a shared temporary folder anyone could have
            made it first, and would hold what we put into it.

    """
    folder.mkdir(parents=True, exist_ok=True)
    if folder.is_symlink():
        raise HomeError(f"{folder} is a symbolic link, expected a folder of your own", hint="Remove the link.")
    if hasattr(os, "getuid") and folder.stat().st_uid not in (os.getuid(), 0):
        raise HomeError(
            f"{folder} belongs to another user (uid {folder.stat().st_uid})",
            hint="Run as the user who owns the home, or choose another one with --home DIR.",
        )
    if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) != stat.S_IRWXU:
        folder.chmod(stat.S_IRWXU)


def _user_id() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
