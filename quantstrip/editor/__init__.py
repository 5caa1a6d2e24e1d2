"""The code editor of the dashboard: CodeMirror in a Streamlit component, its text in Python."""

from quantstrip.editor.component import editor, newest
from quantstrip.editor.values import Completion, EditorValue, Mark

__all__ = ["Completion", "EditorValue", "Mark", "editor", "newest"]
