"""From files to clients: what loads, and how every failure is told."""

import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from quantstrip.client import describe, load_module
from quantstrip.client.base import ClientBase, check_attributes
from quantstrip.client.context import ClientContext, bound
from quantstrip.client.loader import construct, load_file, load_trace
from quantstrip.errors import ClientLoadError

Write = Callable[..., Path]

GOOD = """
    from quantstrip import ClientBase

    class Client(ClientBase):
        '''Says hello.

        Every day.
        '''
        def __init__(self, *args):
            super().__init__()
            self.display_name = "Good morning"
            self.scheduler.every().day.at("09:30", "America/New_York").do(self.job)

        def job(self):
            print("good morning")
"""


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Write]:
    """Write files into a clients folder; the interpreter's modules and path are as before afterwards."""
    path, modules = sys.path[:], set(sys.modules)

    def write(name: str, text: str) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return file

    yield write
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_a_published_client_loads(write: Write) -> None:
    kind = load_module(write("hello.py", GOOD).parent, "hello")
    client = construct(kind)
    assert (kind.__name__, kind.__module__, client.display_name) == ("Client", "hello", "Good morning")
    assert [job.key for job in client.scheduler.planned()] == ["job every 1 days at 09:30:00 America/New_York"]


def test_helpers_in_packages_beside_the_client_are_importable(write: Write) -> None:
    write("Utils/__init__.py", "")
    write("Utils/calendar_utils.py", "NAME = 'NYSE'")
    folder = write("uses.py", "from Utils import calendar_utils\nfrom quantstrip import ClientBase\n"
                   "class Client(ClientBase):\n    display_name = calendar_utils.NAME\n").parent  # fmt: skip
    assert construct(load_module(folder, "uses")).display_name == "NYSE"


def test_a_strategy_of_the_published_guide_and_its_helper_are_a_client(write: Write) -> None:
    write("guide_side.py", "from core.enums import OrderSide\nSIDE = OrderSide.BUY\n")
    folder = write(
        "guided.py",
        """
        from guide_side import SIDE
        from core.models import Bar, Signal
        from strategies.base import StrategyBase

        class Guided(StrategyBase):
            def __init__(self, symbols=None):
                super().__init__(name="guided", symbols=symbols or ["IBM"])

            def on_bar(self, bar):
                return [Signal(bar.symbol, SIDE, 0.5)]
        """,
    ).parent
    kind = load_module(folder, "guided")
    assert kind.__dict__["strategy"].__name__ == "Guided"


def test_a_client_called_email_shadows_nothing(write: Write) -> None:
    import email

    kind = load_module(write("email.py", GOOD).parent, "email")
    assert kind.__module__ == "client_email"
    assert sys.modules["email"] is email
    assert sys.path[-1] == str(write("x.py", "").parent)


def test_a_client_called_like_a_package_that_is_not_imported_yet_shadows_nothing(write: Write) -> None:
    assert "wave" not in sys.modules
    assert load_module(write("wave.py", GOOD).parent, "wave").__module__ == "client_wave"
    import wave

    assert not hasattr(wave, "Client")


def test_a_package_is_a_client_and_its_modules_import_each_other(write: Write) -> None:
    write("pair_trade/signals.py", "LIMIT = 3")
    folder = write("pair_trade/__init__.py", "from quantstrip import ClientBase\nfrom .signals import LIMIT\n"
                   "class Client(ClientBase):\n    limit = LIMIT\n").parent.parent  # fmt: skip
    assert vars(load_module(folder, "pair_trade"))["limit"] == 3


def test_a_name_with_a_dash_loads(write: Write) -> None:
    assert load_module(write("mean-reversion.py", GOOD).parent, "mean-reversion").__name__ == "Client"


def test_a_class_that_extends_another_of_the_same_file_is_the_client(write: Write) -> None:
    text = GOOD + "\n    class Mine(Client):\n        pass\n"
    assert load_module(write("derived.py", text).parent, "derived").__name__ == "Mine"


def test_an_imported_base_class_is_no_second_client(write: Write) -> None:
    write("shared_base.py", GOOD)
    folder = write("derives.py", "from shared_base import Client\nclass Mine(Client):\n    pass\n").parent
    assert load_module(folder, "derives").__name__ == "Mine"


def test_any_file_runs_in_the_foreground_with_the_clients_folder_behind_it(write: Write, tmp_path: Path) -> None:
    write("Utils/__init__.py", "ANSWER = 42")
    file = write("Test/trial.py", "import Utils\nfrom quantstrip import ClientBase\n"
                 "class Client(ClientBase):\n    answer = Utils.ANSWER\n")  # fmt: skip
    assert vars(load_file(file, "trial", tmp_path))["answer"] == 42


@pytest.mark.parametrize(
    ("text", "message", "hint", "trace"),
    [
        ("def broken(:\n    pass\n", "client.py, line 1", "Correct that line", "SyntaxError"),
        ("x = 1\n", "defines no client class", r"class Client\(ClientBase\)", "ClientLoadError"),
        (
            "from quantstrip import StrategyBase\n\nclass Mine(StrategyBase):\n    def on_bars(self, bar): pass\n",
            "client.py, line 3: Mine has no on_bar, and the file defines no client class",
            "is on_bar meant",
            "",
        ),
        (
            GOOD + GOOD.replace("class Client", "class Other"),
            "2 client classes: Client, Other",
            "files of their own",
            "",
        ),
        ("import pandsa\n", "imports 'pandsa'", "package install pandsa", "ModuleNotFoundError"),
        ("import os.nothing_here\n", "imports 'os.nothing_here'", "helper", "ModuleNotFoundError"),
        ("from os import nothing_here\n", "raised ImportError", "See the trace", "cannot import name"),
        ("prices = {}['SPY']\n", "raised KeyError", "top level", "line 1"),
        ("raise SystemExit(3)\n", "raised SystemExit", "top level", "SystemExit"),
    ],
)
def test_a_file_that_cannot_be_loaded_says_why_and_what_to_do(
    write: Write, text: str, message: str, hint: str, trace: str
) -> None:
    folder = write("client.py", text).parent
    with pytest.raises(ClientLoadError, match=message) as caught:
        load_module(folder, "client")
    assert re.search(hint, caught.value.hint)
    whole = load_trace(caught.value)
    assert trace in whole
    assert caught.value.hint in whole
    assert "client.py" in whole


@pytest.mark.parametrize("line", ["raise ValueError('no account')", "self.accounts['DU1']", "raise SystemExit(1)"])
def test_an_exception_in_init_is_a_load_error_with_the_line(write: Write, line: str) -> None:
    folder = write("client.py", GOOD.replace("super().__init__()", f"super().__init__(); {line}")).parent
    with pytest.raises(ClientLoadError, match=r"Client\(\) raised") as caught:
        construct(load_module(folder, "client"))
    assert line in load_trace(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ClientLoadError, match=r"no ghost\.py"):
        load_module(tmp_path, "ghost")
    with pytest.raises(ClientLoadError, match="no file"):
        load_file(tmp_path / "ghost.py", "ghost", tmp_path)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("error_policy", "retry"), ("missed_runs", "all"), ("mode", "pretend"), ("mode", "backtests")],
)
def test_attributes_that_mean_nothing_are_refused_with_the_choices(attribute: str, value: str) -> None:
    client = type("Client", (ClientBase,), {attribute: value})()
    with pytest.raises(ClientLoadError, match=f"{attribute} is one of .*got '{value}'") as refusal:
        check_attributes(client)
    assert "live" not in refusal.value.hint, "a mistyped 'paper' must not be talked into real money"
    assert ("the setting clients." in refusal.value.hint) == (attribute == "mode")


def test_a_zone_set_on_the_instance_would_do_nothing_and_is_refused() -> None:
    client = ClientBase()
    check_attributes(client)
    client.timezone = "Asia/Tokyo"  # type: ignore[misc]
    with pytest.raises(ClientLoadError, match="after its schedule"):
        check_attributes(client)


def test_a_client_follows_its_own_zone_and_the_settings_mode() -> None:
    kind = type("Client", (ClientBase,), {"timezone": "Asia/Tokyo"})
    with bound(ClientContext(name="tokyo", settings={"mode": "paper"})):
        client = kind()
    assert (str(client.scheduler.zone), client.mode, client.name) == ("Asia/Tokyo", "paper", "tokyo")


@pytest.mark.parametrize(
    ("text", "kind", "class_name", "mode"),
    [
        (GOOD, "client", "Client", "live"),
        ("from quantstrip import StrategyBase\nclass Cross(StrategyBase):\n    pass\n", "strategy", "Cross", "replay"),
        (
            "import quantstrip as qs\nclass Runs(qs.StrategyClient):\n    mode = 'paper'\n",
            "strategy client", "Runs", "paper",
        ),
        ("x = 1\n", "", "", "live"),
        ("df = df.copy()\ndf['open_long'] = False\n", "strategy", "", "replay"),
        ("def on_bar(ctx, bar):\n    pass\n", "strategy", "", "replay"),
        ("class A(ClientBase):\n    mode: str = 'paper'\nclass B(A):\n    pass\n", "client", "B", "live"),
    ],
)  # fmt: skip
def test_a_file_is_described_without_running_it(write: Write, text: str, kind: str, class_name: str, mode: str) -> None:
    found = describe(write("some.py", text + "\nraise SystemExit\n" if not text.startswith("\n") else text))
    assert (found.name, found.kind, found.class_name, found.mode) == ("some", kind, class_name, mode)


def test_a_description_shows_name_and_summary(write: Write) -> None:
    found = describe(write("some.py", GOOD))
    assert (found.display_name, found.summary) == ("Good morning", "Says hello.")
    with pytest.raises(ClientLoadError, match="line 1"):
        describe(write("broken.py", "def broken(:\n"))


def test_the_process_of_a_plain_client_imports_nothing_heavy() -> None:
    code = "import quantstrip.client.main, sys; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-P", "-c", code], text=True).split())
    assert "quantstrip.client.child" in loaded
    assert loaded.isdisjoint({"pandas", "numpy", "streamlit", "alembic", "sqlalchemy.orm", "quantstrip.engine"})
