// Findings as marks: lines and columns from 1, counted in characters; the end is the first column after.
import { setDiagnostics } from "@codemirror/lint";

export function showMarks(view, marks) {
  const { doc } = view.state;
  const found = marks.map((mark) => {
    const from = position(doc, mark.line, mark.column);
    const to = Math.max(from, position(doc, mark.end_line, mark.end_column));
    return { from, to, severity: mark.severity, message: mark.message, source: mark.source || undefined };
  });
  found.sort((one, other) => one.from - other.from);
  view.dispatch(setDiagnostics(view.state, found));
}

/** Python counts characters, the browser counts two for an emoji. What is out of the text goes to its edge. */
function position(doc, line, column) {
  if (line > doc.lines) return doc.length;
  const at = doc.line(Math.max(1, line));
  const before = Array.from(at.text).slice(0, Math.max(0, column - 1)).join("");
  return at.from + before.length;
}
