"""The plain-text twin of HTML."""

from html.parser import HTMLParser

_BREAKS = frozenset({"br", "div", "h1", "h2", "h3", "h4", "li", "p", "pre", "section", "table", "tr", "ul", "ol"})
_HIDDEN = frozenset({"head", "script", "style", "title"})


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _HIDDEN
        if tag in _BREAKS:
            self.parts.append("\n- " if tag == "li" else "\n")
        elif tag in {"td", "th"}:
            self.parts.append("  ")
        elif tag == "a":
            self._link = dict(attrs).get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _HIDDEN
        if tag in {"p", "table", "ul", "ol"}:
            self.parts.append("\n")
        elif tag == "a" and self._link:
            self.parts.append(f" ({self._link})")
            self._link = ""

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(" ".join(data.split()) if not data.strip() else " ".join(data.split(" ")))


def text_of(html: str) -> str:
    r"""What a reader without HTML sees: the text, links in brackets, rows on lines.

    Example:
        >>> text_of("<h1>Done</h1><p>See <a href='https://x.org'>here</a></p>")
        'Done\nSee here (https://x.org)\n'

    """
    reader = _Text()
    reader.feed(html)
    reader.close()
    lines = [line.strip() for line in "".join(reader.parts).splitlines()]
    kept = [line for n, line in enumerate(lines) if line or (n and lines[n - 1])]
    return "\n".join(kept).strip() + "\n"
