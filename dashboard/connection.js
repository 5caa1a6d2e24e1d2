// Runs before the frontend. It says where the server is: left alone, the frontend looks below the page's own path
// first and fails. And it watches the server: without it a page's figures stand still, and nothing says so.
window.__streamlit = { BACKEND_BASE_URL: location.origin + "/" };
(() => {
  const EVERY = 3000; // milliseconds
  const me = document.querySelector('meta[name="qs-who"]')?.content;
  let lost = null, asking = false;

  const bar = () => document.getElementById("qs-lost");
  const show = () => {
    if (bar()) return;
    const box = document.createElement("div");
    box.id = "qs-lost";
    box.setAttribute("role", "alert");
    box.textContent = "The dashboard does not answer. What you see is of " + lost.toLocaleTimeString() +
      "; it goes on by itself when the service runs again: quantstrip up";
    document.body.append(box);
  };
  // A text that is not saved is known to this page alone: nothing throws it away unasked.
  const unsaved = () => document.querySelector(".qs-unsaved");
  const anew = (why) => {
    if (!unsaved()) return location.reload();
    lost ??= new Date();
    show();
    bar().textContent = why + " Copy the text that is not saved, then load this page anew.";
  };
  addEventListener("beforeunload", (event) => { if (unsaved()) event.preventDefault(); });
  const ask = async () => {
    if (asking) return;
    asking = true;
    try {
      const answer = await fetch("/_stcore/health", { cache: "no-store", signal: AbortSignal.timeout(10000) });
      if (answer.status === 401) anew("Your login has ended."); // the server shows where to log in
      else if (answer.ok && me !== answer.headers.get("x-quantstrip-who")) anew("You have another role now.");
      else if (lost && answer.ok) anew("The service runs again."); // another process serves: begin afresh
    } catch {
      lost ??= new Date();
      show();
    } finally {
      asking = false;
    }
  };
  // A link to a page of ours is a step of this window: loaded anew, the session would end with all that is unsaved.
  // To the frontend it is as if the browser's own buttons had led there.
  const step = (event) => {
    const link = event.target.closest?.("a.qs-link");
    const elsewhere = event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (!link || elsewhere || event.defaultPrevented || link.origin !== location.origin) return;
    event.preventDefault();
    history.pushState({}, "", link.href);
    dispatchEvent(new PopStateEvent("popstate", { state: {} }));
  };
  addEventListener("click", step);
  // The frontend's own box tells of another program and of the internet: ask at once, and say it better.
  const replaced = () => {
    for (const box of document.querySelectorAll('[role="dialog"]')) {
      if (!box.textContent.startsWith("Connection error")) continue;
      (box.closest("body > div") ?? box).style.display = "none";
      ask();
    }
  };
  addEventListener("DOMContentLoaded", () => {
    const look = document.createElement("style");
    look.textContent = "#qs-lost { position: fixed; z-index: 999999999; inset: 0 0 auto 0; padding: .7rem 1rem; " +
      "background: #b42323; color: #fff; font: 600 15px/1.4 system-ui, sans-serif; text-align: center }";
    document.head.append(look);
    new MutationObserver(replaced).observe(document.body, { childList: true, subtree: true });
    setInterval(ask, EVERY);
  });
})();
