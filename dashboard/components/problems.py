"""What went wrong with a client."""

from components import markup, times
from quantstrip.operations.clients import Problem


def heading(problem: Problem) -> markup.Html:
    """Who, what, when and where; the trace is shown whole below it."""
    where = f"{problem.file}:{problem.line}" if problem.file and problem.line else problem.file
    marks = [markup.state(problem.kind.replace("_", " "), "bad")]
    if where:
        marks.append(markup.tag("code", markup.text(where)))
    marks.append(markup.tag("span", markup.text(f"{times.moment(problem.when)} ({times.since(problem.when)} ago)")))
    return markup.tag(
        "div",
        markup.join(
            markup.tag("div", markup.text(problem.name), "qs-client-name"),
            markup.tag("div", markup.join(*marks), "qs-client-sub"),
            markup.tag("div", markup.text(problem.message), "qs-problem"),
        ),
        "qs-problem-head",
    )
