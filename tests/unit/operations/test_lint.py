"""What is wrong with a client before it runs: ruff's findings, Python's, and what the loader would say."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantstrip.client.base import check_attributes
from quantstrip.client.loader import construct, load_file
from quantstrip.errors import QuantstripError
from quantstrip.home import asset
from quantstrip.ledger import Ledger
from quantstrip.operations import lint

HEAD = "from quantstrip import ClientBase, StrategyBase, StrategyClient\n"
GOOD = HEAD.replace(", StrategyBase, StrategyClient", "") + (
    "\n\nclass Client(ClientBase):\n    def __init__(self, *args):\n        super().__init__()\n"
    "        self.scheduler.every(5).seconds.do(self.job)\n\n    def job(self):\n        pass\n"
)


def found(text: str, path: str = "clients/mine.py") -> list[tuple[int, str, str]]:
    return [(each.line, each.severity, each.source) for each in lint.check(path, text).findings]


def words(text: str, source: str = "client") -> list[str]:
    return [each.message for each in lint.check("clients/mine.py", text).findings if each.source == source]


def test_a_good_client_has_no_findings_and_so_has_everything_that_ships() -> None:
    assert found(GOOD) == []
    shipped = [
        *asset("examples").glob("*.py"),
        *asset("examples").glob("templates/*.py"),
        *asset("clients").glob("*.py"),
    ]
    assert len(shipped) > 10
    for path in shipped:
        assert [each for each in found(path.read_text(encoding="utf-8")) if each[1] != "info"] == [], path


def test_a_strategy_of_another_form_knows_its_forms_names_and_no_others() -> None:
    kline = "class Strategy(IStrategy):\n    def run(self, context: BacktestContext, kline: Kline, params: dict):\n"
    assert found(f"{kline}        calculate_sma([], 3)\n") == []
    assert found(f"{kline}        calculate_wma([], 3)\n") == [(3, "error", "ruff F821")]
    assert found("df['buy'] = df['close'] > params['level']\n") == []


@pytest.mark.parametrize(
    ("line", "severity", "source"),
    [
        ("import os", "warning", "ruff F401"),
        ("print(undefinedd)", "error", "ruff F821"),
        ("try:\n    pass\nexcept:\n    pass", "warning", "ruff E722"),
        ("def f(x=[]):\n    return x", "warning", "ruff B006"),
        ("'%s' % (1, 2)", "error", "ruff F507"),
        ("from datetime import datetime\ndatetime.now()", "info", "ruff DTZ005"),
    ],
)
def test_mistakes_are_found_with_how_grave_they_are(line: str, severity: str, source: str) -> None:
    assert (severity, source) in [each[1:] for each in found(line + "\n", "clients/tests/x.py")]


@pytest.mark.parametrize("text", ["x = " + "1" * 200 + "\n", "if 1:\n\tx = 1   \n", "x = 1", "l = 1\n"])
def test_how_a_text_is_laid_out_is_its_authors(text: str) -> None:
    assert found(text, "clients/tests/x.py") == []


@pytest.mark.parametrize(
    "text", ["x = (\n", "  x = 1\n", "return 1\n", "def f():\n    nonlocal x\n", "x = 1 1\n", "(" * 500]
)
def test_what_does_not_compile_stops_a_deployment_and_is_said_once(text: str) -> None:
    report = lint.check("clients/mine.py", text)
    assert len(report.stops) == 1
    assert not any(each.source == "ruff" for each in report.findings)
    place = report.stops[0]
    assert (place.line, place.column) < (place.end_line, place.end_column)


def test_columns_count_characters_also_behind_letters_of_several_bytes() -> None:
    text = HEAD.replace("StrategyBase, ", "").replace(", StrategyClient", "") + (
        "class Client(ClientBase):\n    mode = 'läuft'; missed_runs = 'sometimes'\n"
    )
    marks = [(each.column, each.end_column) for each in lint.check("clients/mine.py", text).findings
             if each.source == "client"]  # fmt: skip
    line = text.splitlines()[2]
    assert marks == [
        (line.index("'läuft'") + 1, line.index("'läuft'") + 8),
        (line.index("'sometimes'") + 1, line.index("'sometimes'") + 12),
    ]


def test_it_is_not_run() -> None:
    assert found("raise SystemExit('it ran')\n", "clients/tests/x.py") == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("class A(ClientBase): pass\nclass B(ClientBase): pass", "a file is one client"),
        ("class A(StrategyBase):\n    def on_bar(self, bar): pass\nclass B(StrategyBase):\n"
         "    def on_bar(self, bar): pass", "one strategy a file"),
        ("class A(ClientBase):\n    def __init__(self): pass", "call super().__init__()"),
        ("class A(ClientBase):\n    def __init__(self, name):\n        super().__init__()", "made without arguments"),
        ("class A(ClientBase):\n    error_policy = 'retry'", "error_policy is one of"),
        ("class A(StrategyBase): pass", "has no on_bar"),
        ("X = 1", "no client and no strategy"),
        ("class A(ClientBase):\n    def job(self): pass\n    def __init__(self):\n        super().__init__()\n"
         "        self.scheduler.every(5).seconds.do(self.job())", "write .do(self.job)"),
    ],
)  # fmt: skip
def test_what_the_loader_would_say_is_said_before(body: str, said: str) -> None:
    assert said in " ".join(words(HEAD + body + "\n"))


@pytest.fixture
def _clean_modules() -> Iterator[None]:
    path, modules = sys.path[:], set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("case_"):
            del sys.modules[name]


CASES = {
    "good": "class A(ClientBase): pass",
    "renamed": "import quantstrip as q\nclass A(q.ClientBase): pass",
    "chain": "class Base(ClientBase):\n    mode = 'paper'\nclass A(Base): pass",
    "two": "class A(ClientBase): pass\nclass B(ClientBase): pass",
    "chained_two": "class Base(ClientBase): pass\nclass A(Base): pass\nclass B(Base): pass",
    "strategy": "class A(StrategyBase):\n    def __init__(self):\n        super().__init__('a', ['X'])\n"
                "    def on_bar(self, bar): pass",
    "two_strategies": "class A(StrategyBase):\n    def on_bar(self, bar): pass\nclass B(StrategyBase):\n"
                      "    def on_bar(self, bar): pass",
    "arguments": "class A(ClientBase):\n    def __init__(self, x):\n        super().__init__()",
    "default": "class A(ClientBase):\n    def __init__(self, x=1):\n        super().__init__()",
    "policy": "class A(ClientBase):\n    missed_runs = 'always'",
    "conditional": "if True:\n    class A(ClientBase): pass",
}  # fmt: skip


@pytest.mark.usefixtures("_clean_modules")
@pytest.mark.parametrize("name", CASES)
def test_it_agrees_with_the_loader(name: str, tmp_path: Path) -> None:
    text = HEAD + CASES[name] + "\n"
    file = tmp_path / f"case_{name}.py"
    file.write_text(text, encoding="utf-8")
    try:
        check_attributes(construct(load_file(file, f"case_{name}", tmp_path)))
        loads = True
    except QuantstripError:
        loads = False
    report = lint.check("clients/mine.py", text)
    assert loads == (not [each for each in report.findings if each.severity == "error"])


@pytest.mark.usefixtures("_clean_modules")
@pytest.mark.parametrize("template", ["client", "strategy", "strategy_client"])
def test_every_template_loads_as_it_is(template: str, tmp_path: Path) -> None:
    shutil.copy(asset("examples") / "ma_cross.py", tmp_path)
    name = f"case_{template}"
    file = tmp_path / f"{name}.py"
    shutil.copy(asset("examples") / "templates" / f"{template}.py", file)
    client = construct(load_file(file, name, tmp_path))
    check_attributes(client)
    assert bool(client.scheduler.planned()) == (template == "client")


def test_what_a_template_asks_of_the_ledger_is_there(ledger: Ledger) -> None:
    asked = re.findall(r'run_query\("([^"]+)"', (asset("examples") / "templates/client.py").read_text(encoding="utf-8"))
    assert asked
    for sql in asked:
        assert ledger.query(sql)[1] == []


def test_a_class_whose_base_is_imported_from_elsewhere_gets_the_benefit_of_the_doubt() -> None:
    assert words("from helpers import Base\n\n\nclass Client(Base):\n    pass\n") == []
