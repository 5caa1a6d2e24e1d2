"""What the room costs before it does anything."""

import json
import subprocess
import sys


def loaded(imports: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after ``imports``."""
    program = f"import sys, json\n{imports}\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_the_metrics_load_numpy_and_neither_pandas_nor_a_renderer() -> None:
    assert "numpy" in loaded("import quantstrip.report")
    assert not {"pandas", "jinja2", "xlsxwriter", "PIL", "plotly", "sqlalchemy"} & loaded("import quantstrip.report")


def test_no_form_needs_pandas_or_plotly() -> None:
    every = "from quantstrip.report import build, document, html, picture, tables, text, workbook"
    assert not {"pandas", "plotly", "matplotlib", "streamlit"} & loaded(every)


def test_the_command_loads_numpy_only_when_it_runs() -> None:
    assert not {"numpy", "sqlalchemy", "jinja2"} & loaded("import quantstrip.cli.reports")
