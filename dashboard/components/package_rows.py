"""Packages in words: one that is installed, one that was looked up, and the table of the platform's own."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components import markup
from components.markup import Html
from quantstrip.operations.package_lookup import Found
from quantstrip.operations.packages import Package


def row(package: Package) -> Html:
    """An installed package: name, version, why it is there, and what it misses."""
    head = markup.join(
        markup.tag("strong", markup.text(package.name)), markup.text(" "),
        markup.tag("code", markup.text(package.version)), markup.text(" "), _why(package),
    )  # fmt: skip
    parts = [markup.tag("div", head, "qs-item-head"), markup.tag("div", markup.text(package.summary), "qs-soft")]
    if package.problem:
        parts.append(markup.tag("div", markup.text(f"Does not work: {package.problem}"), "qs-down"))
    return markup.join(*parts)


def found(package: Found) -> Html:
    """What the index says of a package."""
    head = markup.join(
        markup.tag("strong", markup.text(package.name)), markup.text(" "),
        markup.tag("code", markup.text(package.version)) if package.version else markup.EMPTY,
    )  # fmt: skip
    facts = [
        ("Installed", package.here), ("License", package.license), ("Python", package.needs_python),
        ("Brings", ", ".join(package.brings)), ("Versions", ", ".join(package.versions)),
        ("Home page", package.homepage),
    ]  # fmt: skip
    parts = [
        markup.tag("div", head, "qs-item-head"), markup.tag("p", markup.text(package.summary), "qs-soft"),
        markup.facts([(name, value) for name, value in facts if value]),
    ]  # fmt: skip
    if package.problem:
        words = markup.tag("strong", markup.text(package.problem))
        hint = markup.tag("div", markup.text(package.hint), "qs-hint") if package.hint else markup.EMPTY
        parts.append(markup.notice("info" if package.platforms else "warn", markup.join(words, hint)))
    elif package.here and package.here == package.version:
        parts.append(markup.notice("good", markup.text("Installed here, and this is what would be installed.")))
    return markup.tag("div", markup.join(*parts), "qs-package")


def platform_table(packages: Sequence[Package]) -> None:
    """The platform's own: to be read, not changed."""
    if not st.toggle(f"Show the platform's own ({len(packages)}), which stay as they are", key="package-platform"):
        return
    with st.container(key="package-platform-table"):
        st.dataframe(
            pd.DataFrame({"Package": [each.name for each in packages], "Version": [each.version for each in packages],
                          "Summary": [each.summary for each in packages]}),
            hide_index=True, width="stretch", height=420,
        )  # fmt: skip


def _why(package: Package) -> Html:
    if package.asked:
        asked = "" if package.asked == package.name else f" as {package.asked}"
        return markup.chip(f"you asked for it{asked}", "info")
    return markup.chip(f"needed by {', '.join(package.needed_by)}" if package.needed_by else "left over", "idle")
