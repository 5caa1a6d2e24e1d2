// Colours: Streamlit's own for the surface, so that a theme needs one place; two palettes for the words.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const WORDS = {
  light: { keyword: "#7c3aad", string: "#1a6b3c", number: "#a04a00", comment: "#5b6673", name: "#0b5f8a", type: "#0f6e84" },
  dark: { keyword: "#c9a3f5", string: "#8fd19e", number: "#f0b072", comment: "#93a1ae", name: "#7cc0ee", type: "#5cc3d8" },
};

/** Is the surface under the editor dark? */
export function isDark(element) {
  const colour = getComputedStyle(element).getPropertyValue("--st-background-color").trim();
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = colour || "#ffffff"; // reads any notation, gives #rrggbb
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(probe.fillStyle.slice(at, at + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

export function colours(dark) {
  return dark ? themes.dark : themes.light;
}

function highlight(words) {
  return syntaxHighlighting(HighlightStyle.define([
    { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.self], color: words.keyword },
    { tag: [tags.string, tags.special(tags.string), tags.docString], color: words.string },
    { tag: [tags.number, tags.bool, tags.null, tags.escape], color: words.number },
    { tag: [tags.comment, tags.lineComment, tags.blockComment], color: words.comment, fontStyle: "italic" },
    { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.definition(tags.function(tags.variableName))], color: words.name },
    { tag: [tags.typeName, tags.className, tags.definition(tags.className), tags.standard(tags.name), tags.meta], color: words.type },
  ]));
}

const surface = {
  "&": {
    color: "var(--st-text-color)", backgroundColor: "var(--st-background-color)", fontSize: "0.875rem",
    border: "1px solid var(--st-border-color)", borderRadius: "var(--st-base-radius)",
  },
  "&.cm-focused": { outline: "2px solid var(--st-primary-color)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--st-code-font)", lineHeight: "1.5", overflow: "auto", borderRadius: "inherit" },
  ".cm-content": { caretColor: "var(--st-text-color)", padding: "6px 0" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--st-text-color)" },
  ".cm-gutters": {
    color: "color-mix(in srgb, var(--st-text-color) 65%, var(--st-background-color))",
    backgroundColor: "var(--st-secondary-background-color)", border: "none",
  },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--st-primary-color) 7%, transparent)" },
  "&.cm-focused .cm-activeLineGutter": {
    color: "var(--st-text-color)", backgroundColor: "color-mix(in srgb, var(--st-primary-color) 14%, transparent)",
  },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--st-primary-color) 28%, transparent)",
  },
  ".cm-selectionMatch": { backgroundColor: "color-mix(in srgb, var(--st-primary-color) 18%, transparent)" },
  ".cm-searchMatch": { backgroundColor: "color-mix(in srgb, var(--st-orange-color) 35%, transparent)" },
  ".cm-searchMatch-selected": { backgroundColor: "color-mix(in srgb, var(--st-orange-color) 65%, transparent)" },
  "&.cm-focused .cm-matchingBracket, .cm-matchingBracket": {
    backgroundColor: "color-mix(in srgb, var(--st-green-color) 30%, transparent)",
  },
  ".cm-panels": { color: "var(--st-text-color)", backgroundColor: "var(--st-secondary-background-color)", zIndex: 10 },
  ".cm-panels-top": { borderBottom: "1px solid var(--st-border-color)" },
  ".cm-panel.cm-search": { padding: "6px 28px 6px 8px", display: "flex", flexWrap: "wrap", gap: "4px", alignItems: "center" },
  ".cm-panel.cm-search input, .cm-panel.cm-search button, .cm-panel.cm-search label": { margin: 0 },
  ".cm-panel.cm-search br": { flexBasis: "100%", height: 0 },
  ".cm-panel.cm-search [name=close]": { fontSize: "1.25rem", color: "inherit", padding: "0 6px", cursor: "pointer" },
  ".cm-textfield": {
    color: "inherit", backgroundColor: "var(--st-background-color)", border: "1px solid var(--st-border-color)",
    borderRadius: "4px", fontSize: "0.875rem", padding: "3px 6px", margin: 0, minWidth: 0,
  },
  ".cm-button": {
    color: "inherit", backgroundImage: "none", backgroundColor: "var(--st-background-color)",
    border: "1px solid var(--st-border-color)", borderRadius: "4px", fontSize: "0.8rem", padding: "3px 8px", margin: 0,
  },
  ".cm-tooltip": {
    color: "var(--st-text-color)", backgroundColor: "var(--st-secondary-background-color)",
    border: "1px solid var(--st-border-color)", borderRadius: "6px", fontSize: "0.8125rem", zIndex: 1000000, maxWidth: "min(90vw, 36rem)",
  },
  ".cm-tooltip.cm-completionInfo": { padding: "6px 10px", whiteSpace: "pre-wrap" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--st-code-font)", maxWidth: "min(90vw, 36rem)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    color: "var(--st-background-color)", backgroundColor: "var(--st-primary-color)",
  },
  ".cm-completionDetail": { fontStyle: "normal", opacity: 0.8 },
  ".cm-diagnostic": { padding: "6px 10px" },
  ".cm-placeholder": { color: "color-mix(in srgb, var(--st-text-color) 65%, var(--st-background-color))" },
  "@media (pointer: coarse)": { "&": { fontSize: "16px" } }, // smaller text makes a phone zoom in on focus
};

const themes = {
  light: [EditorView.theme(surface), highlight(WORDS.light)],
  dark: [EditorView.theme(surface, { dark: true }), highlight(WORDS.dark)],
};
