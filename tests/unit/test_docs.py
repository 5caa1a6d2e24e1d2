"""What README and docs say is so: their links, commands and code, and the tests that docs/failures.md names."""

import ast
import re
import shlex
import textwrap
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import click
import pytest

from quantstrip.cli import COMMANDS, cli
from quantstrip.ledger import Ledger

ROOT = Path(__file__).parents[2]
FAILURES = ROOT / "docs/failures.md"
PAGES = sorted(
    {*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")}
)
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
SHELL = {"sh", "bash", "shell", "console"}


def name(page: object) -> str:
    return str(page.relative_to(ROOT)) if isinstance(page, Path) else ""


def fenced(page: Path, *languages: str) -> list[str]:
    """The code blocks of a page in one of ``languages``, without their indentation."""
    text = page.read_text(encoding="utf-8")
    return [textwrap.dedent(body) for _, language, body in FENCE.findall(text) if language in languages]


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


# The tests that show each answer


def cases_in(path: Path) -> set[str]:
    """The tests that a file defines, as pytest names them."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            inside = [part for part in node.body if isinstance(part, ast.FunctionDef)]
            found |= {f"{node.name}::{part.name}" for part in inside if part.name.startswith("test_")}
    return found


def rows_of_failures() -> list[list[str]]:
    """The rows of the tables, without their heads."""
    lines = [line for line in FAILURES.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row in rows if row[2] != "shown by" and set(row[0]) != {"-"}]


def test_every_failure_has_an_answer_and_a_test_that_exists() -> None:
    rows = rows_of_failures()
    assert len(rows) > 40
    for row in rows:
        assert len(row) == 3, row
        assert all(row), row
        named = re.findall(r"`(tests/[\w/]+\.py)::([\w:]+)`", row[2])
        assert named, f"no test in: {row}"
        for file, test in named:
            assert (ROOT / file).is_file(), f"{file} does not exist"
            assert test in cases_in(ROOT / file), f"{file} has no test {test}"


def test_no_test_is_named_in_a_way_that_the_check_would_overlook() -> None:
    text = FAILURES.read_text(encoding="utf-8")
    assert text.count("::test_") == sum(row[2].count("::test_") for row in rows_of_failures())
    for row in rows_of_failures():
        assert row[2].count("::test_") == len(re.findall(r"`tests/[\w/]+\.py::(?:Test\w+::)?test_\w+`", row[2]))


# Links


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_relative_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(<?([^)\s>]+)>?[^)]*\)", prose(page)):
        if re.match(r"\w+:", target):
            continue
        file, _, _ = target.partition("#")
        assert (page.parent / file).exists(), f"{name(page)} links to {target}"


def test_links_are_found() -> None:
    assert "docs/clients.md" in re.findall(r"\]\(([^)\s]+)\)", prose(ROOT / "README.md"))


# Commands


def commands_in(page: Path) -> Iterator[str]:
    """Every ``quantstrip`` command line that a page shows, in its code blocks and between backquotes."""
    blocks = fenced(page, *SHELL)
    spans = [span.replace("\\|", "|") for span in re.findall(r"`([^`\n]+)`", prose(page))]
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    for line in [*lines, *(span for span in spans if re.match(r"\S*\bquantstrip\s", span))]:
        words: list[str] = []
        for word in [*shlex.split(line, comments=True), ";"]:
            if word not in {"&&", "||", "|", ";", "&", ">"}:
                words.append(word)
                continue
            while words and (words[0] == "$" or re.match(r"\w+=", words[0])):
                words.pop(0)
            if words[:3] == ["python", "-m", "quantstrip"]:
                words = words[2:]
            if len(words) > 1 and Path(words[0]).name == "quantstrip":
                yield shlex.join(words[1:])
            words = []


def forms_of(command: str) -> Iterator[list[str]]:
    """The command lines that a synopsis stands for: ``start|stop NAME [--port N]`` are two, options spelt out."""
    choices = []
    for word in shlex.split(command):
        plain = word if " " in word else word.removeprefix("[").removesuffix("]").removesuffix("...")
        if plain:
            choices.append(plain.split("|") if re.fullmatch(r"[-\w|]+", plain) else [plain])
    yield from (list(form) for form in product(*choices))


def refusal(words: list[str]) -> str:
    """Why the command line would be wrong usage: a command or option that is not there, too many arguments."""
    command: click.Command = cli
    context: click.Context | None = None
    while True:
        context = click.Context(command, parent=context, info_name=command.name, **command.context_settings)
        try:
            _, words, _ = command.make_parser(context).parse_args(words)
            if not isinstance(command, click.Group):
                return f"unexpected arguments {words}" if words else ""
            if not words:
                return ""
            following = command.get_command(context, words[0])
        except click.UsageError as error:
            return error.format_message()
        if following is None:
            return f"no command {words[0]!r}"
        command, words = following, words[1:]


SHOWN = [(page, command) for page in PAGES for command in dict.fromkeys(commands_in(page))]


@pytest.mark.parametrize(("page", "command"), SHOWN, ids=[f"{name(page)}: {command}" for page, command in SHOWN])
def test_commands_shown_are_commands_there_are(page: Path, command: str) -> None:
    for words in forms_of(command):
        assert refusal(words) == "", f"{name(page)} shows: quantstrip {shlex.join(words)}"


def test_wrong_commands_would_be_noticed() -> None:
    assert "up --demo" in [command for page, command in SHOWN if page == ROOT / "README.md"]
    assert list(forms_of("start|stop NAME [--port N]")) == [
        ["start", "NAME", "--port", "N"],
        ["stop", "NAME", "--port", "N"],
    ]
    for right in (
        "",
        "--home DIR up --port 1",
        "settings set a.b 3 --type int",
        "deploy examples/ma_cross.py",
        "up -h",
    ):
        assert refusal(shlex.split(right)) == ""
    for wrong in ("fly", "up --wings", "settings fly", "down now", "up --port", "--wings up"):
        assert refusal(shlex.split(wrong)) != ""


def queries_in(page: Path) -> list[str]:
    """The SELECT statements in a page's Python code."""
    constants = (
        node.value
        for block in fenced(page, "python")
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Constant)
    )
    return [value for value in constants if isinstance(value, str) and value.startswith("SELECT ")]


def test_the_first_clients_query_runs_on_a_new_ledger(tmp_path: Path) -> None:
    queries = queries_in(ROOT / "README.md")
    assert queries, "the ten-line client shows a query"
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.ensure()
    for query in queries:
        assert len(ledger.run_query(query)) == 0
    ledger.close()


def options_of(command: click.Command) -> set[str]:
    """The options of a command and of those below it."""
    own = {
        option
        for param in command.params
        if isinstance(param, click.Option)
        for option in [*param.opts, *param.secondary_opts]
    }
    below = command.commands.values() if isinstance(command, click.Group) else []
    return own.union(*(options_of(part) for part in below))


def test_the_guide_to_the_command_line_names_every_command_with_options_it_has() -> None:
    rows = re.findall(r"^\| (`.+?) \| ", (ROOT / "docs/cli.md").read_text(encoding="utf-8"), re.MULTILINE)
    named: dict[str, set[str]] = {}
    for row in rows:
        for span in re.findall(r"`([a-z].*?)`", row):
            named.setdefault(span.split()[0], set()).update(re.findall(r"(?<![\w-])--?[a-z][-a-z]*", span))
    assert set(named) == set(COMMANDS)
    for command, options in named.items():
        found = cli.get_command(click.Context(cli), command)
        assert found is not None
        assert options <= options_of(found), command


# Code


PYTHON = [(page, code) for page in PAGES for code in fenced(page, "python")]


@pytest.mark.parametrize(("page", "code"), PYTHON, ids=[name(page) for page, _ in PYTHON])
def test_python_blocks_compile(page: Path, code: str) -> None:
    compile(code, f"{name(page)}, a code block", "exec")


def test_python_blocks_are_found() -> None:
    assert ROOT / "README.md" in {page for page, _ in PYTHON}


# The dashboard's pages


def test_every_page_of_the_dashboard_has_a_section_with_its_picture() -> None:
    navigation = (ROOT / "dashboard/app.py").read_text(encoding="utf-8")
    pages = re.findall(r'roles\.page\(\s*"[^"]+",\s*title="([^"]+)"', navigation)
    assert {"Home", "Client Monitor", "Python", "SQL", "Trade"} <= set(pages)
    guide = (ROOT / "docs/dashboard.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", guide, re.MULTILINE | re.DOTALL))
    within = {"Client": "Client Monitor", "Trade": "Reporting"}  # pages that others lead to stand with those
    for page in pages:
        assert re.search(r"!\[[^\]]*\]\(images/[^)]+\)", shown[within.get(page, page)]), page


def test_every_picture_is_there_and_shown() -> None:
    guide = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("docs/*.md"))
    assert set(re.findall(r"images/([\w-]+\.png)", guide)) == {path.name for path in (ROOT / "docs/images").iterdir()}
