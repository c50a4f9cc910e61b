"""The sign-in page: one field, plain HTML, no script."""

from collections.abc import Mapping
from html import escape

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>
  :root {{ color-scheme: light dark; --ink: light-dark(#1c1a24, #eceaf2) }}
  * {{ box-sizing: border-box }}
  body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
    font: 16px/1.5 system-ui, sans-serif; color: var(--ink);
    background: light-dark(#f4f2f8, #131318) }}
  main {{ width: min(24rem, 100%); padding: 2rem; border-radius: 1rem;
    background: light-dark(#fff, #1d1c25); box-shadow: 0 1rem 3rem #0002 }}
  svg {{ width: 3rem; height: 3rem; fill: #7c5cff }}
  h1 {{ margin: .5rem 0 1.25rem; font-size: 1.375rem }}
  label {{ display: block; margin-bottom: .375rem; font-weight: 500 }}
  input, button {{ font: inherit; width: 100%; min-height: 2.75rem; padding: .5rem .75rem;
    border-radius: .625rem }}
  input {{ color: inherit; background: transparent;
    border: 1px solid light-dark(#8a8697, #777386) }}
  button {{ margin-top: .75rem; border: 0; cursor: pointer; font-weight: 600; color: #fff;
    background: #6a48f0 }}
  :is(input, button):focus-visible {{ outline: 3px solid #7c5cff88; outline-offset: 2px }}
  p {{ margin: 1rem 0 0; font-size: .875rem; color: light-dark(#5d596b, #aaa6b8) }}
  .problem {{ color: light-dark(#b3001e, #ff8f9c) }}
</style></head><body><main>
<svg viewBox="0 0 64 64" aria-hidden="true"><circle cx="40" cy="40" r="18" opacity=".3"/>
<circle cx="32" cy="32" r="18" opacity=".55"/><circle cx="24" cy="24" r="18"/></svg>
<h1>Sign in</h1>
<form method="post">
<label for="user">Your name</label>
<input id="user" name="user" required maxlength="64" pattern="[A-Za-z0-9_.@\\-]+"
       autocomplete="username" autofocus>
{hidden}
<button type="submit">Continue</button>
</form>
{problem}
<p>A sign-in for this machine only: any name will do, no password is asked.</p>
</main></body></html>
"""


def sign_in_page(parameters: Mapping[str, str], problem: str = "") -> str:
    """The form; it carries the authorization request's parameters along."""
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in parameters.items()
    )
    note = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    return _PAGE.format(hidden=hidden, problem=note)
