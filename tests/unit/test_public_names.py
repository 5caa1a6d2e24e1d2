"""The public surface of the package, and what it costs to import."""

import pkgutil
import subprocess
import sys

import pytest

import quantstrip

PUBLIC = {
    "ClientBase",
    "StrategyClient",
    "db_handler",
    "email_manager",
    "send_email",
    "settings",
    "settings_manager",
    "logger",
    "StrategyBase",
    "Allowed",
    "Bar",
    "Instrument",
    "OrderSide",
    "OrderType",
    "Signal",
    "Tick",
    "TimeInForce",
}


def run(program: str) -> str:
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_the_public_names_are_these() -> None:
    assert set(quantstrip.__all__) == PUBLIC
    assert len(quantstrip.__all__) == len(PUBLIC)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_there_and_listed(name: str) -> None:
    assert getattr(quantstrip, name) is not None
    assert name in dir(quantstrip)


def test_settings_and_settings_manager_are_one_object() -> None:
    assert quantstrip.settings is quantstrip.settings_manager


def test_a_name_that_is_not_public_lists_those_that_are() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'ClientBasis'; public names: ClientBase"):
        quantstrip.ClientBasis  # noqa: B018


def test_no_submodule_bears_a_public_name() -> None:
    modules = {module.name for module in pkgutil.iter_modules(quantstrip.__path__)}
    assert "client" in modules
    assert not modules & PUBLIC


def test_importing_the_package_alone_loads_nothing_of_it() -> None:
    loaded = run("import sys, quantstrip; print(sorted(m for m in sys.modules if m.startswith('quantstrip')))")
    assert loaded == "['quantstrip']"


def test_a_clients_imports_load_no_pandas_and_no_screen() -> None:
    heavy = (
        "{'pandas', 'numpy', 'streamlit', 'plotly', 'ibind', 'exchange_calendars', 'tomlkit', 'keyring', 'alembic', "
        "'jinja2', 'smtplib', 'apprise'}"
    )
    names = "ClientBase, db_handler, email_manager, send_email, settings"
    program = f"import sys\nfrom quantstrip import {names}\nprint({heavy} & sys.modules.keys())"
    assert run(program) == "set()"


def test_star_import_gives_the_public_names() -> None:
    names = run("from quantstrip import *; print(sorted(n for n in globals() if not n.startswith('__')))")
    assert names == str(sorted(PUBLIC))
