// Completion: what Python gives, what the file says.
//
// A completion's label may have dots: "db_handler.insert_order" is offered after "db_handler.". In a class, "self." takes
// the members of the class that it is derived from. After "every()." and its like stand the members of what it returns.

const WORD = /[\p{L}_][\p{L}\p{N}_]*/gu;
const MOST_TEXT = 200_000; // characters of a file that are searched for words
const ICONS = {
  column: "property", table: "class", view: "interface", module: "namespace", parameter: "variable", value: "constant",
};

/** Completions by their parent's path: "" -> names, "db_handler" -> its members. */
export function tree(completions) {
  const children = new Map();
  for (const each of completions) {
    const dot = each.label.lastIndexOf(".");
    const parent = each.label.slice(0, Math.max(dot, 0));
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(option(each, each.label.slice(dot + 1)));
  }
  return children;
}

function option({ kind, detail, info }, label, boost = 20) {
  return { label, type: ICONS[kind] ?? kind, detail: detail || undefined, info: info || undefined, boost };
}

/** Python: names at the start, members after a dot. */
export function members(known) {
  return (context) => {
    if (inWords(context)) return null;
    const module = /^\s*from\s+([\w.]+)\s+import\s[\w\s,(]*$/.exec(lineBefore(context));
    if (module && known.has(module[1])) {
      const word = context.matchBefore(/\w*$/);
      return { from: word.from, options: known.get(module[1]), validFor: /^\w*$/ };
    }
    const path = pathIn(lineBefore(context));
    const dot = path.lastIndexOf(".");
    if (dot < 0) {
      const word = context.matchBefore(/[\p{L}_][\p{L}\p{N}_]*$/u);
      if (!word && !context.explicit) return null;
      return { from: word ? word.from : context.pos, options: known.get("") ?? [], validFor: /^[\p{L}\p{N}_]*$/u };
    }
    const text = start(context);
    const parents = meant(path.slice(0, dot), text, context);
    const options = parents.flatMap((parent) => {
      const ways = [parent, withoutFirst(parent), chain(parent)];
      return known.get(ways.find((each) => known.has(each))) ?? [];
    });
    const names = new Set(options.map((each) => each.label));
    const seen = properties(text, context).filter((name) => !names.has(name));
    return {
      from: context.pos - (path.length - dot - 1),
      options: [...options, ...seen.map((label) => ({ label, type: "property", boost: -20 }))],
      validFor: /^[\p{L}\p{N}_]*$/u,
    };
  };
}

/** The start of the text, as far as it is searched. */
function start(context) {
  return context.state.sliceDoc(0, Math.min(context.state.doc.length, MOST_TEXT));
}

function lineBefore(context) {
  return context.state.sliceDoc(context.state.doc.lineAt(context.pos).from, context.pos);
}

/** The dotted path at the end of a line; what a call is given is left out: "self.scheduler.every(5).day" -> "...every().day". */
function pathIn(line) {
  let path = "";
  let at = line.length;
  while (at > 0) {
    const sign = line[at - 1];
    if (/[\p{L}\p{N}_.]/u.test(sign)) {
      path = sign + path;
      at -= 1;
    } else if (sign === ")") {
      let open = 1;
      for (at -= 1; at > 0 && open > 0; at--) open += { "(": -1, ")": 1 }[line[at - 1]] ?? 0;
      path = `()${path}`;
    } else {
      break;
    }
  }
  return path;
}

/** What a call returned gives its own kind again: "every().day.at()" is one job, like "every()". */
function chain(path) {
  return path.includes("()") ? path.slice(0, path.indexOf("()") + 2) : null;
}

/** "quantstrip.db_handler" is "db_handler". */
function withoutFirst(path) {
  return path.includes(".") ? path.slice(path.indexOf(".") + 1) : null;
}

/** The paths that a path in the text stands for: through "import ... as", and "self" for the class's own bases. */
function meant(path, text, context) {
  const [first, ...rest] = path.split(".");
  if (!first) return []; // after a call: what it returns is not known
  const names = first === "self" || first === "cls" ? bases(context) : [original(first, text)];
  return names.map((name) => [name, ...rest].filter(Boolean).join("."));
}

function original(name, text) {
  if (name.includes("(")) return name;
  const whole = new RegExp(`^\\s*import\\s+([\\w.]+)\\s+as\\s+${name}\\b`, "m").exec(text);
  if (whole) return whole[1];
  const part = new RegExp(`^\\s*from\\s+quantstrip[\\w.]*\\s+import\\s[^\\n]*?\\b(\\w+)\\s+as\\s+${name}\\b`, "m").exec(text);
  return part ? part[1] : name;
}

function bases(context) {
  const above = context.state.sliceDoc(0, context.pos);
  const heads = [...above.matchAll(/^class\s+\w+\s*\(([^)]*)\)/gm)];
  const last = heads.at(-1)?.[1] ?? "";
  return last.split(",").map((each) => original(each.trim(), above).replace(/^quantstrip\./, ""));
}

function properties(text, context) {
  const typing = context.matchBefore(/[\p{L}_][\p{L}\p{N}_]*$/u);
  const found = new Set();
  for (const match of text.matchAll(/\.([\p{L}_][\p{L}\p{N}_]*)|\bdef\s+(\w+)\s*\(\s*self\b/gu)) {
    const name = match[1] ?? match[2];
    const here = typing && match.index + match[0].length === context.pos;
    if (!here) found.add(name);
  }
  return [...found];
}

/** Words of the file, at the start of a name. */
export function words(context) {
  const word = context.matchBefore(/[\p{L}_][\p{L}\p{N}_]*$/u);
  if (inWords(context) || !word || context.matchBefore(/\.[\p{L}\p{N}_]*$/u)) return null;
  const text = start(context);
  const found = new Set();
  for (const match of text.matchAll(WORD)) {
    if (match.index !== word.from && match[0].length > 2) found.add(match[0]);
  }
  return {
    from: word.from,
    options: [...found].map((label) => ({ label, type: "text", boost: -50 })),
    validFor: /^[\p{L}\p{N}_]*$/u,
  };
}

function inWords(context) {
  return context.tokenBefore(["String", "FormatString", "Comment", "LineComment", "BlockComment"]) !== null;
}

/** SQL: tables and views with their columns, as the language's own completion wants them. */
export function schemaOf(completions) {
  const known = tree(completions);
  const top = known.get("") ?? [];
  return Object.fromEntries(
    top.filter((each) => known.has(each.label)).map((self) => [self.label, { self, children: known.get(self.label) }]),
  );
}

/** SQL: columns without their table: of the tables that the text names, or of all. */
export function bareColumns(completions) {
  const known = tree(completions);
  return (context) => {
    const word = context.matchBefore(/[\p{L}_][\p{L}\p{N}_]*$/u);
    if (inWords(context) || (!word && !context.explicit) || context.matchBefore(/\.[\p{L}\p{N}_]*$/u)) return null;
    const text = start(context);
    const said = new Set(text.match(WORD) ?? []);
    const tables = [...known.keys()].filter((name) => name !== "");
    const named = tables.filter((name) => said.has(name));
    const found = new Map();
    for (const table of named.length ? named : tables) {
      for (const each of known.get(table)) if (!found.has(each.label)) found.set(each.label, { ...each, boost: 10 });
    }
    for (const each of known.get("") ?? []) if (!known.has(each.label)) found.set(each.label, each);
    return { from: word ? word.from : context.pos, options: [...found.values()], validFor: /^[\p{L}\p{N}_]*$/u };
  };
}
