"""What the code editor offers, taken from the objects themselves."""

import subprocess
import sys

import pytest

import quantstrip
from quantstrip.editor import Completion
from quantstrip.operations.completions import python_completions, sql_completions
from quantstrip.operations.sql_schema import Column, Relation

PYTHON = {each.label: each for each in python_completions()}


def members(path: str) -> set[str]:
    return {label.removeprefix(f"{path}.") for label in PYTHON if label.startswith(f"{path}.")}


def test_every_public_name_is_offered_alone_and_as_a_member_of_the_package() -> None:
    assert set(quantstrip.__all__) | {"quantstrip"} == {label for label in PYTHON if "." not in label}
    assert members("quantstrip") == set(quantstrip.__all__)
    assert all(PYTHON[name].info for name in quantstrip.__all__)


def test_no_name_is_offered_twice() -> None:
    assert len(python_completions()) == len(PYTHON)


@pytest.mark.parametrize(
    "name", ["ClientBase", "StrategyClient", "StrategyBase", "Signal", "Bar", "settings", "email_manager"]
)
def test_the_public_members_of_a_public_name_are_offered_and_no_private_one(name: str) -> None:
    owner = getattr(quantstrip, name)
    inherited = set(dir(tuple))
    public = {each for each in dir(owner) if not each.startswith("_")} - inherited
    assert public <= members(name)
    assert not [label for label in PYTHON if any(part.startswith("_") for part in label.split("."))]


def test_a_method_comes_with_its_signature_and_the_first_line_about_it() -> None:
    assert PYTHON["settings.get"] == Completion(
        "settings.get", "method", "(path, default=None)", PYTHON["settings.get"].info
    )
    assert PYTHON["settings.get"].info.startswith("The value at path, else default")
    long = PYTHON["db_handler.insert_order"]
    assert long.detail.startswith("(order_id=None")
    assert long.detail.endswith("...")
    assert "client_reference=None" in long.info
    assert PYTHON["logger.info"].detail == "(message, *args, **kwargs)"


def test_what_an_object_gets_when_it_is_made_is_offered_with_what_the_class_says_of_it() -> None:
    assert PYTHON["ClientBase.scheduler"].info == "schedule syntax, on the platform's clock and zone."
    assert PYTHON["StrategyBase.symbols"].info == "what it watches and trades."
    assert {"every", "cancel_job", "clear"} <= members("ClientBase.scheduler")
    assert {"day", "monday", "seconds", "at", "do", "tag"} <= members("ClientBase.scheduler.every()")


def test_a_choice_offers_its_values_alone() -> None:
    assert members("OrderSide") == {"BUY", "SELL"}
    assert members("TimeInForce") == {"GTC", "DAY", "BAR"}
    assert "count" not in members("Signal")  # what every tuple has


def test_to_offer_the_ledgers_functions_opens_no_ledger() -> None:
    program = (
        "import quantstrip.operations.completions as c, quantstrip; found = c.python_completions();"
        "assert any(each.label == 'db_handler.insert_execution' for each in found);"
        "assert vars(quantstrip.db_handler) == {}, vars(quantstrip.db_handler)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_tables_and_views_are_offered_with_their_columns_as_members() -> None:
    column = Column("symbol", "text", "what is held")
    found = sql_completions(
        [Relation("v_positions", True, "What is held.", (column,)), Relation("mine", False, "", ())]
    )
    assert found == (
        Completion("v_positions", "view", "", "What is held."),
        Completion("v_positions.symbol", "column", "text", "what is held"),
        Completion("mine", "table"),
    )
