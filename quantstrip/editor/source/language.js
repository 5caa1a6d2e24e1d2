// Highlighting and completion of the two languages.
import { SQLite, keywordCompletionSource, schemaCompletionSource } from "@codemirror/lang-sql";
import { globalCompletion, localCompletionSource, pythonLanguage } from "@codemirror/lang-python";
import { LanguageSupport } from "@codemirror/language";
import { bareColumns, members, schemaOf, tree, words } from "./completion.js";

export function language(name, completions) {
  return name === "sql" ? sqlite(completions) : python(completions);
}

function python(completions) {
  const known = tree(completions);
  const sources = [members(known), notAfterDot(localCompletionSource), notAfterDot(globalCompletion), words];
  return new LanguageSupport(pythonLanguage, sources.map((autocomplete) => pythonLanguage.data.of({ autocomplete })));
}

function sqlite(completions) {
  const schema = schemaOf(completions);
  const sources = [
    schemaCompletionSource({ dialect: SQLite, schema }), notAfterDot(keywordCompletionSource(SQLite, true)),
    bareColumns(completions),
  ];
  return new LanguageSupport(SQLite.language, sources.map((autocomplete) => SQLite.language.data.of({ autocomplete })));
}

/** Names stand alone; the sources themselves see a dot only once the text is parsed, which may be later. */
function notAfterDot(source) {
  return (context) => (context.matchBefore(/\.[\p{L}\p{N}_]*$/u) ? null : source(context));
}
