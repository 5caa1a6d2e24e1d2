"""Write ``settings/settings.example.toml`` and the tables of ``docs/settings.md`` from the table of known settings.

``python scripts/render_settings.py`` writes both; with ``--check`` it writes nothing and fails where one differs.
"""

import sys
import textwrap
from pathlib import Path

import tomlkit

from quantstrip.config.table import CLIENTS, KNOWN, Known

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "settings" / "settings.example.toml"
GUIDE = ROOT / "docs" / "settings.md"
BEGIN = "<!-- the table of known settings, written by scripts/render_settings.py -->"
END = "<!-- end of the table -->"
HEAD = """\
# Every setting that the platform reads, with its default. Written by scripts/render_settings.py: do not edit it.
#
# Nothing reads this file: it is here to be looked at. Your own values go to settings.toml in the settings folder of
# your home, where only what differs needs to stand. `quantstrip settings set PATH VALUE` writes there and keeps your
# comments; `quantstrip settings known` shows this list. A value of another type or out of its bounds, or a name that is
# not here in a folder that is, is refused with a message.
"""
CLIENT_HEAD = """
# Settings of single clients: [clients.NAME]. A strategy's client reads those below; where one is not set, the client's
# class decides. Any other name is free, for whatever a client wants to keep. What is wrong here keeps that client from
# starting, and no other.
[clients]
"""


def example() -> str:
    """The example file."""
    text, folder = HEAD, ""
    for each in KNOWN:
        if each.parts[0] == CLIENTS:
            continue
        if each.parts[0] != folder:
            folder = each.parts[0]
            text += f"\n[{folder}]\n"
        text += comment(each) + f"{each.parts[-1]} = {tomlkit.item(each.default).as_string()}\n"
    text += CLIENT_HEAD
    for each in KNOWN:
        if each.parts[0] == CLIENTS:
            text += comment(each, f"{'.'.join(each.parts[2:])} ({each.kind}): ", indent="#   ")
    return text


def comment(each: Known, start: str = "", indent: str = "# ") -> str:
    """What a setting means and must be, as comment lines."""
    must = f" Must be {each.expected}." if each.expected else ""
    return textwrap.fill(f"{start}{each.help}{must}", 118, initial_indent="# ", subsequent_indent=indent) + "\n"


def table() -> str:
    """The tables of the guide: the platform's settings, then those of a client."""
    rows = "| setting | type | default | must be | what it means |\n|---|---|---|---|---|\n"
    for each in (each for each in KNOWN if each.parts[0] != CLIENTS):
        default = tomlkit.item(each.default).as_string()
        rows += f"| `{each.path}` | {each.kind} | `{default}` | {each.expected} | {each.help} |\n"
    rows += "\nOf a strategy's client; where one is not set, the client's class decides:\n\n"
    rows += "| setting | type | must be | what it means |\n|---|---|---|---|\n"
    for each in (each for each in KNOWN if each.parts[0] == CLIENTS):
        rows += f"| `{each.path}` | {each.kind} | {each.expected} | {each.help} |\n"
    return rows


def guide(text: str) -> str:
    """The guide's text with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}{END}{after}"


def main(arguments: list[str]) -> int:
    """Write, or check; returns the exit code."""
    wrong = 0
    for path, text in ((EXAMPLE, example()), (GUIDE, guide(GUIDE.read_text(encoding="utf-8")))):
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != text:
            print(f"{path.relative_to(ROOT)} differs from the table: run python scripts/render_settings.py")
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
