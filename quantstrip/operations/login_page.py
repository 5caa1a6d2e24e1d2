"""The page for pasting the token: shown before anyone is logged in, so it needs nothing of the dashboard."""

from html import escape
from string import Template
from typing import Final

_PAGE: Final = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Quantstrip - log in</title>
<style>
  :root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #16202b; --soft: #5b6875; --line: #dfe4ea;
          --accent: #0f6e84; --on-accent: #fff; --bad: #b3261e; }
  @media (prefers-color-scheme: dark) {
    :root { --page: #0f151b; --card: #161e26; --text: #e6ebf0; --soft: #93a1af; --line: #2a3541; --accent: #3fb0c8;
            --on-accent: #06222a; --bad: #ff8a80; }
  }
  * { box-sizing: border-box; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--page);
         color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
  main { width: 100%; max-width: 26rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px;
         padding: 2rem; }
  h1 { margin: 0 0 .25rem; font-size: 1.35rem; }
  p { margin: 0 0 1.25rem; color: var(--soft); }
  label { display: block; margin-bottom: .35rem; font-size: .9rem; font-weight: 600; }
  input, button { width: 100%; padding: .65rem .8rem; border-radius: 8px; font: inherit; }
  input { border: 1px solid var(--line); background: var(--page); color: var(--text); }
  button { margin-top: 1rem; border: 0; background: var(--accent); color: var(--on-accent); font-weight: 600;
           cursor: pointer; }
  code { padding: .1rem .3rem; border-radius: 4px; background: var(--page); color: var(--text); }
  .bad { color: var(--bad); font-weight: 600; }
</style>
</head>
<body>
<main>
  <h1>Quantstrip</h1>
  <p>This dashboard belongs to the person who runs it. Open the address that <code>quantstrip up</code> printed, or
     paste the token, which is the file <code>data/run/token</code> in the home.</p>
  $problem
  <form method="post" action="/login">
    <label for="token">Token</label>
    <input id="token" name="token" type="password" autocomplete="current-password" autofocus required>
    <button type="submit">Log in</button>
  </form>
</main>
</body>
</html>
""")


def login_page(problem: str = "") -> str:
    """The page as HTML; ``problem`` says why the last try failed."""
    return _PAGE.substitute(problem=f'<p class="bad" role="alert">{escape(problem)}</p>' if problem else "")
