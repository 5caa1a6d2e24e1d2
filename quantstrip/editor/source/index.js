// What Streamlit calls: once when the editor appears, and again each time its data or the theme changes.
import { Editor } from "./editor.js";

const editors = new WeakMap(); // the element Streamlit gives -> its editor

export default function show(component) {
  const parent = component.parentElement;
  const editor = editors.get(parent);
  if (editor) editor.update(component);
  else editors.set(parent, new Editor(component));
  // Streamlit also calls the clean-up of a call that a newer one overtook, so it counts only when the element is gone.
  return () => setTimeout(() => {
    if (parent.isConnected) return;
    editors.get(parent)?.leave();
    editors.delete(parent);
  });
}
