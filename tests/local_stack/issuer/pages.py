"""The sign-in page: one field, plain HTML, no script."""

from collections.abc import Mapping
from html import escape

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 22rem; margin: 15vh auto }}
  body {{ padding: 1rem }}
  input, button {{ font: inherit; padding: .5rem .75rem; width: 100%; box-sizing: border-box }}
  button {{ margin-top: .75rem; cursor: pointer }} p {{ color: #666 }}
  .problem {{ color: #b00 }}
</style></head><body>
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
</body></html>
"""


def sign_in_page(parameters: Mapping[str, str], problem: str = "") -> str:
    """The form; it carries the authorization request's parameters along."""
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in parameters.items()
    )
    note = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    return _PAGE.format(hidden=hidden, problem=note)
