"""Pages that are shown before anyone is logged in: the login, and why a request was refused.

They need nothing of the dashboard, so they are there whatever else is broken.
"""

from dataclasses import dataclass
from html import escape
from string import Template
from typing import Final
from urllib.parse import quote

_PAGE: Final = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title - Quantstrip</title>
<link rel="icon" href="data:,">
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
  main { width: 100%; max-width: 27rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px;
         padding: 2rem; }
  header { display: flex; align-items: center; gap: .6rem; margin-bottom: 1rem; color: var(--soft); font-weight: 600; }
  header svg { width: 2rem; height: 2rem; }
  h1 { margin: 0 0 .4rem; font-size: 1.35rem; }
  p, ol { margin: 0 0 1rem; color: var(--soft); }
  ol { padding-left: 1.2rem; }
  label { display: block; margin-bottom: .35rem; font-size: .9rem; font-weight: 600; }
  input, button { width: 100%; padding: .65rem .8rem; border-radius: 8px; font: inherit; }
  input { border: 1px solid var(--line); background: var(--page); color: var(--text); }
  button { margin-top: 1rem; border: 0; background: var(--accent); color: var(--on-accent); font-weight: 600;
           cursor: pointer; }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  a { color: var(--accent); font-weight: 600; overflow-wrap: anywhere; }
  a.way { display: block; padding: .65rem .8rem; border: 1px solid var(--line); border-radius: 8px; text-align: center;
          text-decoration: none; }
  summary { color: var(--soft); cursor: pointer; margin-bottom: .8rem; }
  code { padding: .1rem .3rem; border-radius: 4px; background: var(--page); color: var(--text); }
  .bad { padding: .6rem .8rem; border: 1px solid; border-left-width: 4px; border-radius: 8px; color: var(--bad); }
</style>
</head>
<body>
<main>
  <header><svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7" fill="#0f6e84"/><path
    d="M6 21.5h4.2l3.6-9.5 4.4 12 3.4-8.5H26" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"
    stroke-linejoin="round"/></svg>Quantstrip</header>
  <h1>$title</h1>
  $inner
</main>
</body>
</html>
""")
_TOKEN: Final = Template("""
  <form method="post" action="/login">
    <input type="hidden" name="next" value="$target">
    <label for="token">Token, or the printed address</label>
    <input id="token" name="token" type="password" autocomplete="current-password" autocapitalize="off"
      spellcheck="false" $focus required $described>
    <button type="submit">Log in</button>
  </form>
  <p style="margin: 1.25rem 0 0">This dashboard belongs to the person who runs it. Open the address that
    <code>quantstrip up</code> printed; <code>quantstrip token</code> prints it again. The token is the file
    <code>data/run/token</code> in the home.</p>""")
_PASSWORD: Final = Template("""
  <form method="post" action="/login">
    <input type="hidden" name="next" value="$target">
    <label for="name">User</label>
    <input id="name" name="name" type="text" autocomplete="username" autocapitalize="off" spellcheck="false" autofocus
      maxlength="100" required $described>
    <label for="password" style="margin-top: .8rem">Password</label>
    <input id="password" name="password" type="password" autocomplete="current-password" maxlength="256" required>
    <button type="submit">Log in with password</button>
  </form>""")
_OIDC: Final = Template('<p style="margin: 1rem 0 0"><a class="way" href="/auth/login?next=$query">$label</a></p>')
_NOBODY: Final = "<p>Nobody can log in from here yet. On the machine itself: <code>quantstrip user add NAME</code></p>"
_OWN: Final = '<details style="margin-top: 1.25rem"><summary>With the token</summary>$form</details>'
_MOVE: Final = Template("""<p>You are logged in. <a href="$target">Go on</a></p>
  <meta http-equiv="refresh" content="0; url=$target">""")


@dataclass(frozen=True, slots=True)
class Ways:
    """How one can log in at a door: with the token, as a user with a password, and the label of the provider's link."""

    token: bool = True
    password: bool = False
    oidc: str = ""


def login_page(problem: str = "", target: str = "/", ways: Ways = Ways(), *, note: str = "") -> str:
    """The login as HTML.

    Args:
        problem: why one is needed again.
        target: the page that follows.
        ways: what is offered.
        note: something good to say, such as that the login was ended.

    """
    told = f'<p class="bad" role="alert" id="problem">{escape(problem)}</p>' if problem else ""
    told += f'<p role="status">{escape(note)}</p>' if note else ""
    given = {"target": escape(target), "described": 'aria-describedby="problem"' if problem else ""}
    parts = [told]
    if ways.password:
        parts.append(_PASSWORD.substitute(given))
    if ways.oidc:
        parts.append(_OIDC.substitute(query=quote(target, safe=""), label=escape(f"Log in with {ways.oidc}")))
    if ways.token:
        more = ways.password or ways.oidc
        form = _TOKEN.substitute(given, focus="" if more else "autofocus")
        parts.append(Template(_OWN).substitute(form=form) if more else form)
    return _PAGE.substitute(title="Log in", inner="".join(parts) if any(parts[1:]) else told + _NOBODY)


def arrival_page(target: str) -> str:
    """Leads on to ``target``, as a page of our own: what another site leads to directly comes without our cookie."""
    return _PAGE.substitute(title="Logged in", inner=_MOVE.substitute(target=escape(target)))


def refusal_page(title: str, words: str, address: str = "") -> str:
    """Why a request was refused, as HTML; ``address`` is where to go instead."""
    link = f'<p style="margin: 0"><a href="{escape(address)}">{escape(address)}</a></p>' if address else ""
    return _PAGE.substitute(title=escape(title), inner=f'<p role="alert">{escape(words)}</p>{link}')
