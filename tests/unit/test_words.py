"""The words of the page: in every language, each used, and none written anywhere else."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import quickjs

from afterimage.domain import errors

STATIC = Path(__file__).parents[2] / "functions" / "web_page" / "static"
AFTERIMAGE = Path(errors.__file__).parents[1]
WORDS = (STATIC / "words.js").read_text("utf-8")
HTML = "".join(path.read_text("utf-8") for path in STATIC.glob("*.html"))
MODULES = {
    path.name: path.read_text("utf-8")
    for path in STATIC.glob("*.js")
    if path.name not in ("words.js", "unified_channel.js")  # the channel knows no language
}
LANGUAGES = {"en", "de"}
FORMS = {"one", "other"}  # what Intl.PluralRules chooses among, in both
BRAND = "Afterimage"

# Of the channel, or of a status: what no answer of the API says.
OF_THE_PAGE = {
    *("token_failed", "wrong_url", "unreadable", "part_not_loaded", "picture_not_loaded"),
    *("not_written", "0", "413", "other"),
}
# Each is refused in other words, which have a table of their own.
SAID_IN_MANY_WAYS = {"invalid"}

COMMENT = r"/\*.*?\*/|(?<![:\w\"'`])//[^\n]*"
STRING = r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`'
# Capitals begin names of keys, of headers, of classes; a space stands between names of classes.
NO_WORDS = re.compile(
    r"Ctrl Z|Shift Enter|Enter|Esc|Escape|Arrow\w+|Home|End|Tab|Files|POST|PUT|PATCH|DELETE|GET|"
    r"PNG|RIFF|WEBP|Afterimage:?|message assistant|pictures of-|noopener noreferrer|Bearer |"
    r"signed out|AbortError|[A-Z0-9]{20,}"
)
CLASSES = re.compile(r"className: (?:\w+ \? )?$|className = $|querySelector\w*\($|closest\($")


def table(name: str) -> dict[str, dict[str, Any]]:
    """A table of words.js, by its name."""
    found = re.search(rf"^const {name} = (\{{\n.*?^\}});", WORDS, re.MULTILINE | re.DOTALL)
    assert found
    written = quickjs.Context().eval(f"JSON.stringify({found[1]})")
    parsed: dict[str, dict[str, Any]] = json.loads(str(written))
    return parsed


KEYS = table("WORDS")
ERRORS = table("ERRORS")


def without_comments(code: str) -> str:
    return re.sub(COMMENT, "", code, flags=re.DOTALL)


def strings(code: str) -> list[tuple[str, str]]:
    """String literals of a module, each with what stands before it on its line."""
    code = without_comments(code)
    return [
        (code[code.rfind("\n", 0, found.start()) + 1 : found.start()], found[1] or found[2] or "")
        for found in re.finditer(STRING, code)
    ]


def places(form: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", form))


@pytest.mark.parametrize("name", ["WORDS", "ERRORS", "INVALID"])
def test_every_sentence_is_there_in_every_language_with_the_same_places(name: str) -> None:
    for key, words in table(name).items():
        assert set(words) == LANGUAGES, key
        shapes = {type(form) for form in words.values()}
        assert len(shapes) == 1, key
        if shapes == {dict}:
            assert all(set(form) == FORMS for form in words.values()), key
        forms = [each for form in words.values() for each in forms_of(form)]
        assert all(form.strip() == form and form for form in forms), key
        filled = [places(form) - {"count"} for form in forms]
        assert all(found <= filled[-1] for found in filled), key


def forms_of(form: str | dict[str, str]) -> list[str]:
    return list(form.values()) if isinstance(form, dict) else [form]


def test_every_key_that_is_used_exists_and_none_is_left_over() -> None:
    called = set()
    for code in MODULES.values():
        for arguments in re.findall(r"\b(?:t|nodes)\(([^()]*)", without_comments(code)):
            called |= set(re.findall(r'^"(\w+)"|\? "(\w+)" : "(\w+)"', arguments))
    used = {key for keys in called for key in keys if key}
    used |= set(re.findall(r'data-t(?:-[\w-]+)?="(\w+)"', HTML))
    parts = {text for code in MODULES.values() for _, text in strings(code)}
    of_suggestions = {key for key in KEYS if key in parts or key.removeprefix("paint_") in parts}

    assert used - set(KEYS) == set()
    assert set(KEYS) - used - of_suggestions == set()


def test_errors_are_those_of_the_api_in_the_same_english() -> None:
    told: dict[str, str] = {}
    for kind in vars(errors).values():
        if isinstance(kind, type) and hasattr(kind, "code") and hasattr(kind, "public"):
            told.setdefault(kind.code, kind.public)  # the first of a code is what it means

    assert set(ERRORS) - OF_THE_PAGE == set(told) - SAID_IN_MANY_WAYS
    assert {code: ERRORS[code]["en"] for code in set(told) - SAID_IN_MANY_WAYS} == {
        code: sentence for code, sentence in told.items() if code not in SAID_IN_MANY_WAYS
    }


def sentence(language: str, **error: Any) -> str:
    """What a reader is told of an error."""
    browser = (
        f"const navigator = {{ languages: ['{language}'] }};"
        "const Intl = { PluralRules: class {} };"
    )
    module = WORDS.replace("export ", "")
    return str(quickjs.Context().eval(f"{browser}{module} sentenceOf({json.dumps(error)})"))


INVALID: list[type[errors.Invalid]] = [errors.Invalid, *errors.Invalid.__subclasses__()]
# What is said with `invalid` in other words than a kind's own, and is no choice or field's name.
IN_OTHER_WORDS = {
    found
    for path in AFTERIMAGE.rglob("*.py")
    for found in re.findall(r'raise Invalid\([^)]*public="([^"]+)"', path.read_text("utf-8"))
} - {"The request's body must be JSON."}  # which the page never sends otherwise


@pytest.mark.parametrize(
    "said",
    sorted(
        {errors.HEIC_REFUSED, errors.PIXELS_REFUSED}
        | {str(kind.public) for kind in INVALID}
        | IN_OTHER_WORDS
    ),
)
def test_what_is_invalid_is_said_in_every_language(said: str) -> None:
    assert sentence("en", code="invalid", message=said) == said
    assert said not in sentence("de", code="invalid", message=said)


def test_what_is_wrong_with_what_was_sent_stands_behind_words_of_the_readers() -> None:
    said = "The request is not valid: text: must not be blank $&."

    assert sentence("en", code="invalid", message=said) == said
    assert sentence("de-AT", code="invalid", message=said) == f"Das ging so nicht: {said}"
    assert sentence("de", code="of_a_later_version", message=said) == f"Das ging so nicht: {said}"
    assert sentence("de", status=502, message=said) == ERRORS["other"]["de"]


@pytest.mark.parametrize("name", MODULES)
def test_no_word_is_written_in_another_module(name: str) -> None:
    found = []
    for before, text in strings(MODULES[name]):
        plain = NO_WORDS.sub("", re.sub(r"\$\{[^}]*\}", "", text))
        is_sentence = re.search(r"\w{2,} +\w{2,}|\w{2,}[….!?]$", plain)
        is_capital = re.search(r"(?<![\w.#-])[A-Z][a-z]", plain)
        is_name = text.startswith(("/", "afterimage."))  # a path, or a place in the browser's store
        if (is_sentence or is_capital) and not (is_name or CLASSES.search(before)):
            found.append(text)

    assert found == []


class Texts(HTMLParser):
    """What index.html shows and says, beside the keys that stand for it."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, str | None]] = []  # words, key
        self._key: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        found = dict(attrs)
        self._key = found.get("data-t")
        for name in ("aria-label", "placeholder", "title", "alt"):
            if found.get(name):
                self.said.append((found[name] or "", found.get(f"data-t-{name}")))
        if found.get("name") == "description":
            self.said.append((found["content"] or "", found.get("data-t-content")))

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._key = None

    def handle_data(self, data: str) -> None:
        if data.strip() and data.strip() != BRAND:
            self.said.append((data, self._key))


def test_index_html_says_in_english_what_its_keys_say() -> None:
    texts = Texts()
    texts.feed(HTML)
    by_hand = [words for words, key in texts.said if key is None]

    assert by_hand == ["Afterimage needs JavaScript."]
    assert [(words, KEYS[key]["en"]) for words, key in texts.said if key] == [
        (words, words) for words, key in texts.said if key
    ]


def test_the_style_sheet_says_nothing() -> None:
    assert re.findall(r'content: "[^"]*\w[^"]*"', (STATIC / "style.css").read_text("utf-8")) == []
