// What an editor is made of, and the parts that change while it is shown.
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentLess, indentMore, toggleComment } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap } from "@codemirror/lint";
import { gotoLine, highlightSelectionMatches, openSearchPanel, search, searchKeymap } from "@codemirror/search";
import { Annotation, Compartment, EditorState, Prec } from "@codemirror/state";
import {
  EditorView, crosshairCursor, drawSelection, dropCursor, highlightActiveLine, highlightActiveLineGutter,
  highlightSpecialChars, keymap, lineNumbers, placeholder, rectangularSelection,
} from "@codemirror/view";
import { language } from "./language.js";
import { colours, isDark } from "./theme.js";

/** Marks a change that came from Python. */
export const external = Annotation.define();

const parts = {
  language: new Compartment(),
  theme: new Compartment(),
  writing: new Compartment(),
  shape: new Compartment(),
  keys: new Compartment(),
};
const editors = new WeakMap(); // a kept state finds the editor that shows it now

export function listen(view, editor) {
  editors.set(view, editor);
}

export function setup() {
  return [
    Object.values(parts).map((part) => part.of([])),
    lineNumbers(), highlightActiveLineGutter(), highlightSpecialChars(), history(), foldGutter(), drawSelection(),
    dropCursor(), EditorState.allowMultipleSelections.of(true), indentOnInput(), bracketMatching(), closeBrackets(),
    autocompletion({ maxRenderedOptions: 60 }), rectangularSelection(), crosshairCursor(), highlightActiveLine(),
    highlightSelectionMatches(), search({ top: true }), lintGutter(), indentUnit.of("    "), EditorState.tabSize.of(4),
    keymap.of([
      { key: "Mod-h", mac: "Mod-Alt-f", run: openReplace, preventDefault: true },
      { key: "Alt-g", run: gotoLine },
      { key: "Mod-/", run: toggleComment },
      { key: "Tab", run: (view) => acceptCompletion(view) || indentMore(view), shift: indentLess },
      ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap,
      ...lintKeymap,
    ]),
    EditorView.updateListener.of((update) => {
      const own = update.transactions.some((each) => each.docChanged && !each.annotation(external));
      if (own) editors.get(update.view)?.messenger.typed();
    }),
    EditorView.domEventHandlers({ blur: (_, view) => { editors.get(view)?.messenger.left(); } }),
  ];
}

/** Bring the changing parts to what Python says now; ``before`` null: all of them. */
export function settle(view, before, data, element) {
  const changed = (...names) =>
    names.some((name) => !before || JSON.stringify(before[name]) !== JSON.stringify(data[name]));
  const effects = [parts.theme.reconfigure(colours(isDark(element)))];
  if (changed("language", "completions")) {
    effects.push(parts.language.reconfigure(language(data.language, data.completions)));
  }
  if (changed("read_only")) effects.push(parts.writing.reconfigure(EditorState.readOnly.of(data.read_only)));
  if (changed("height", "label", "placeholder")) effects.push(parts.shape.reconfigure(shape(data)));
  if (changed("run_keys")) effects.push(parts.keys.reconfigure(Prec.highest(keymap.of(commands(data.run_keys)))));
  view.dispatch({ effects });
}

function commands(runKeys) {
  const tell = (name) => (view) => editors.get(view)?.messenger.command(name) ?? false;
  const keys = new Set(["Mod-Enter", "Ctrl-Enter", ...runKeys]);
  return [
    { key: "Mod-s", run: tell("save"), preventDefault: true, stopPropagation: true },
    ...[...keys].map((key) => ({ key, run: tell("run"), preventDefault: true, stopPropagation: true })),
  ];
}

function shape(data) {
  return [
    EditorView.theme({ "&": { height: `${data.height}px` } }),
    EditorView.contentAttributes.of({ "aria-label": data.label, "aria-description": "Escape, then Tab, leaves the editor" }),
    data.placeholder ? placeholder(data.placeholder) : [],
  ];
}

function openReplace(view) {
  openSearchPanel(view);
  view.dom.querySelector(".cm-search input[name=replace]")?.focus();
  return true;
}
