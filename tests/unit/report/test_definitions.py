"""The definitions are written once: docs/metrics.md shows what the code says, and every metric says something."""

import re
from pathlib import Path

from quantstrip.report import METRICS, Metrics, Sample, measure, measure_all
from quantstrip.report.catalogue import BY_NAME, definitions

PAGE = (Path(__file__).parents[3] / "docs/metrics.md").read_text(encoding="utf-8")


def test_the_page_lists_the_metrics_of_the_code_word_for_word() -> None:
    assert definitions() in PAGE, "docs/metrics.md: put there what `quantstrip report definitions` prints"


def test_the_page_lists_nothing_else() -> None:
    named = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert named == [metric.name for metric in METRICS]
    assert len(set(named)) == len(named)


def test_every_definition_says_when_there_is_no_figure() -> None:
    for metric in METRICS:
        assert metric.name == "trade_count" or re.search(r"[Nn]one (w|in)", metric.definition), metric.name
        assert "|" not in metric.definition
        assert metric.reference


def test_the_figures_of_a_backtest_are_those_of_the_catalogue() -> None:
    equity, pnl = [100.0, 110.0, 99.0, 108.9], [30.0, -10.0, 0.0]
    short = measure(equity, pnl, 365)._asdict()
    assert set(Metrics._fields) <= set(BY_NAME)
    import numpy as np

    everything = measure_all(Sample(np.array(equity), 365, np.array(pnl)))
    assert short == {name: everything[name] for name in short}
