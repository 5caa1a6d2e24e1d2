// One editor on the page: takes what Python gives, keeps what the user types.
import { isolateHistory } from "@codemirror/commands";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { external, listen, settle, setup } from "./setup.js";
import { showMarks } from "./marks.js";
import { Messenger } from "./messenger.js";

const MOST_KEPT = 50;
const kept = new Map(); // name -> what an editor held when it left the page: text, cursor, and the way back

export class Editor {
  constructor(component) {
    const { data, parentElement } = component;
    this.data = data;
    this.messenger = new Messenger(this, component);
    const before = kept.get(data.name);
    const known = before && before.revision >= data.revision; // its text wins: Python may not have seen the last of it
    this.view = new EditorView({
      state: known ? before.state : newState(data),
      parent: parentElement,
    });
    listen(this.view, this);
    settle(this.view, null, data, parentElement);
    if (known) this.view.scrollDOM.scrollTop = before.top;
    this.messenger.start(data.text);
    showMarks(this.view, data.marks);
    if (data.line) this.goTo(data.line);
  }

  /** The whole text, with the line ends it came with. */
  get text() {
    return this.view.state.sliceDoc();
  }

  get value() {
    const { state } = this.view;
    const { from, to, head } = state.selection.main;
    return {
      text: this.text,
      selection: state.sliceDoc(from, to),
      line: state.doc.lineAt(head).number,
      revision: this.data.revision,
    };
  }

  update(component) {
    const before = this.data;
    const { data, parentElement } = component;
    this.data = data;
    this.messenger.component = component;
    if (data.revision > before.revision) this.replace(data);
    else if (data.revision < before.revision) this.messenger.start(data.text); // a new session: what is here is newer
    settle(this.view, before, data, parentElement);
    if (JSON.stringify(data.marks) !== JSON.stringify(before.marks)) showMarks(this.view, data.marks);
    if (data.line && (data.line !== before.line || data.revision !== before.revision)) this.goTo(data.line);
  }

  /** Another text from outside: only what differs is changed, so the cursor and the way back stay. */
  replace(data) {
    if (data.text !== this.text) {
      if (lineEnd(data.text) !== this.view.state.lineBreak) {
        this.view.setState(newState(data));
        settle(this.view, null, data, this.view.dom.parentElement);
      } else {
        this.view.dispatch({
          changes: difference(this.view.state, data.text),
          annotations: [external.of(true), isolateHistory.of("full")], // one step back brings the text before it
        });
      }
    }
    this.messenger.start(data.text);
  }

  goTo(line) {
    const { doc } = this.view.state;
    const at = doc.line(Math.max(1, Math.min(line, doc.lines)));
    this.view.dispatch({
      selection: { anchor: at.from },
      effects: EditorView.scrollIntoView(at.from, { y: "center" }),
    });
    this.view.focus();
  }

  leave() {
    kept.delete(this.data.name);
    kept.set(this.data.name, {
      state: this.view.state,
      top: this.view.scrollDOM.scrollTop,
      revision: this.data.revision,
    });
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
    this.messenger.stop();
    this.view.destroy();
  }
}

function newState(data) {
  return EditorState.create({
    doc: data.text,
    extensions: [setup(data), EditorState.lineSeparator.of(lineEnd(data.text))],
  });
}

/** A file of one kind of line ends keeps them; where they are mixed, the first edit makes them all "\n". */
function lineEnd(text) {
  return /\r\n/.test(text) && !/(^|[^\r])\n/.test(text) ? "\r\n" : "\n";
}

function difference(state, text) {
  const next = state.toText(text);
  const [old, fresh] = [state.doc.toString(), next.toString()];
  const most = Math.min(old.length, fresh.length);
  let from = 0;
  while (from < most && old.charCodeAt(from) === fresh.charCodeAt(from)) from++;
  let end = 0;
  while (end < most - from && old.charCodeAt(old.length - 1 - end) === fresh.charCodeAt(fresh.length - 1 - end)) end++;
  return { from, to: old.length - end, insert: next.slice(from, next.length - end) };
}
