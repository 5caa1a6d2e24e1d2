// What Python hears of the text, and when: soon after typing stops, and always before anything else it hears.
//
// A click on a button of the page must find the newest text. So it is sent when the pointer is let go, which is before
// the button's own "click", and not when the pointer goes down or the editor loses the focus: the page that follows
// might move the button away from under the finger.
//
// A click on a link is left alone: Streamlit sends what changed after "go to that page", and so would come back at once.
// The text stays in the browser (editor.js), and Python hears of it when the editor is on the page again.

const PAUSE = 300; // milliseconds after the last key
const LEAVING = 2000; // milliseconds that another page may take to come
const CONTROLS = "button, input, label, select, summary, textarea, [role], [data-testid]";

export class Messenger {
  constructor(editor, component) {
    this.editor = editor;
    this.component = component;
    this.pointer = false; // it went down outside and was not let go yet
    this.until = new AbortController();
    const on = (name, heard) =>
      window.addEventListener(name, heard, { capture: true, signal: this.until.signal });
    on("pointerdown", (event) => { this.pointer = this.outside(event); });
    on("pointerup", (event) => this.letGo(event));
    on("pointercancel", () => { this.pointer = false; });
    on("click", (event) => this.clicked(event));
    on("keydown", (event) => { if (this.outside(event) || isShortcut(event)) this.send(this.outside(event)); });
    on("pagehide", () => this.send());
    on("blur", (event) => { if (event.target === window) this.send(); });
  }

  /** What Python has: nothing is sent until the user changes it. */
  start(text) {
    clearTimeout(this.timer);
    this.sent = { ...this.editor.value, text };
    if (this.editor.text !== text) this.typed();
  }

  /** The text changed: tell of it when the typing pauses. */
  typed(pause = PAUSE) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.pointer ? this.typed() : this.send()), pause);
  }

  /** The focus left the editor; by the pointer, it is not let go yet. */
  left() {
    if (!this.pointer) this.send();
  }

  letGo(event) {
    this.pointer = false;
    this.clicked(event);
  }

  clicked(event) {
    if (!this.outside(event)) return;
    if (event.target instanceof Element && event.target.closest("a[href]")) this.typed(LEAVING);
    else this.send(this.isControl(event));
  }

  /** Send what Python does not know; what is selected counts only where Python may ask for it. */
  send(selected = false) {
    clearTimeout(this.timer);
    const value = this.editor.value;
    const moved = value.selection !== this.sent.selection || value.line !== this.sent.line;
    if (value.text === this.sent.text && !(selected && moved)) return;
    this.sent = value;
    this.component.setStateValue("value", value);
  }

  command(name) {
    this.send(true);
    this.component.setTriggerValue("command", name);
    return true;
  }

  stop() {
    clearTimeout(this.timer);
    this.until.abort();
  }

  outside(event) {
    return !event.composedPath().includes(this.editor.view.dom);
  }

  isControl(event) {
    return event.target instanceof Element && event.target.closest(CONTROLS) !== null;
  }
}

function isShortcut(event) {
  return event.ctrlKey || event.metaKey || event.altKey || /^F\d+$/.test(event.key);
}
