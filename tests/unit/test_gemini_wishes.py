"""The simulator's ear for words: which of them ask for a picture, or for a change of one."""

import pytest
from PIL import Image
from tests.local_stack.gemini.album import Album
from tests.local_stack.gemini.chat import reply
from tests.local_stack.gemini.labels import brought_last
from tests.local_stack.gemini.painting.painter import paint_scene
from tests.local_stack.gemini.painting.scene import read_scene
from tests.local_stack.gemini.picture_call import call_arguments
from tests.local_stack.gemini.picture_change import chosen, wants_change
from tests.local_stack.gemini.picture_request import picture_prompt, wants_picture
from tests.local_stack.gemini.studio import encode
from tests.local_stack.gemini.text_model import answer_text
from tests.local_stack.gemini.wire import Json, encode_base64

SMALL = (256, 256)


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("Draw a red fox", "a red fox"),
        ("Please paint me a sunset over the sea.", "a sunset over the sea"),
        ("Can you draw a picture of two cats?", "two cats"),
        ("hi, could you please make an image of a blue car", "a blue car"),
        ("show me a castle on a hill", "a castle on a hill"),
        ("I'd like a photo of the harbour at night", "the harbour at night"),
        ("Generate a beautiful watercolor illustration of a swan", "a swan"),
        ("Male mir bitte ein Bild von einem Fuchs", "einem Fuchs"),
        ("Zeichne einen Leuchtturm", "einen Leuchtturm"),
        ("a picture of a whale", "a whale"),
        ("Dessine-moi un mouton", "un mouton"),
        ("Thanks! Now draw a dog", "a dog"),
    ],
)
def test_wishes_for_pictures(text: str, prompt: str) -> None:
    assert wants_picture(text)
    assert picture_prompt(text) == prompt


@pytest.mark.parametrize(
    "text",
    [
        "tell me a story",
        "Hello!",
        "What is the capital of France?",
        "How do I draw a fox?",
        "Who painted the Mona Lisa?",
        "make me laugh",
        "create a list of names",
        "show me how that works",
        "I had a drawing lesson yesterday",
        "The weather is nice, a picture-perfect day",
        "my name is Ada",
        "Wie geht es dir?",
    ],
)
def test_plain_talk_is_no_wish(text: str) -> None:
    assert not wants_picture(text)


def declaration(*ratios: str, edits: bool = False) -> Json:
    properties: Json = {"prompt": {"type": "STRING"}, "aspect_ratio": {"enum": list(ratios)}}
    if edits:
        properties |= {"count": {"type": "INTEGER"}, "edit": {"type": "ARRAY"}}
    return {"name": "generate_image", "parameters": {"properties": properties}}


@pytest.mark.parametrize(
    ("text", "ratios", "expected"),
    [
        ("draw a wide river", ("1:1", "16:9"), "16:9"),
        ("paint a portrait of a king", ("9:16",), "9:16"),
        ("draw a wide river", ("1:1", "9:16"), None),
        ("draw a river", ("1:1", "16:9", "9:16"), None),
        ("draw a river, 21:9", ("16:9", "21:9"), "21:9"),
        ("川を横長で描いて", ("1:1", "16:9"), "16:9"),
    ],
)
def test_aspect_ratio_if_asked_for_and_allowed(
    text: str, ratios: tuple[str, ...], expected: str | None
) -> None:
    assert call_arguments(text, declaration(*ratios)).get("aspect_ratio") == expected


def user(text: str) -> Json:
    return {"role": "user", "parts": [{"text": text}]}


def shown(number: int, picture: Image.Image | None = None) -> list[Json]:
    """A picture as a conversation shows it to the model."""
    data = encode_base64(encode(picture or Image.new("RGB", (64, 64)), "png"))
    inline = {"inlineData": {"mimeType": "image/png", "data": data}}
    return [{"text": f"[picture {number}]"}, inline]


def asked(text: str, *here: int, edits: bool = True) -> Json | None:
    """Arguments of the call that the model makes after three pictures; None for words."""
    question = {"role": "user", "parts": [*(p for n in here for p in shown(n)), {"text": text}]}
    history = {"role": "user", "parts": [*shown(1), *shown(2), {"text": "[picture 3] two of them"}]}
    answer = answer_text(
        "gemini-3.8-flash",
        {
            "contents": [history, {"role": "model", "parts": [{"text": "Here."}]}, question],
            "tools": [{"functionDeclarations": [declaration("1:1", "16:9", edits=edits)]}],
        },
        "r1",
    )
    (part,) = answer.parts or []
    return dict(part["functionCall"]["args"]) if "functionCall" in part else None


@pytest.mark.parametrize(
    ("text", "here", "expected"),
    [
        ("make it night", (), {"prompt": "make it night", "edit": [3]}),
        ("the second one, but wider", (), {"edit": [2], "aspect_ratio": "16:9"}),
        ("put the dog of the first into the last one", (), {"edit": [1, 3]}),
        ("four woodcuts of it, one of them wider", (4,), {"count": 4, "edit": [4]}),
        ("four of these", (), {"count": 4, "edit": [3]}),
        ("paint four of these", (), {"count": 4, "edit": [3]}),
        ("zwei mehr davon, bitte", (), {"count": 2, "edit": [3]}),
        ("make this a woodcut", (4, 5), {"edit": [4, 5]}),
        ("jetzt ohne die Katze", (), {"edit": [3]}),
        ("#2 as a woodcut", (), {"edit": [2]}),
        ("Bild 2 als Holzschnitt", (), {"edit": [2]}),
        ("夜にして", (), {"edit": [3]}),
        ("fais-en une aquarelle", (), {"edit": [3]}),
        ("maintenant sans le chat", (), {"edit": [3]}),
        ("hazlo de noche", (), {"edit": [3]}),
        ("ahora sin la luna", (), {"edit": [3]}),
        ("paint a fox", (), {"prompt": "a fox"}),
        ("Erstelle vier Bilder von einem Fuchs", (), {"prompt": "einem Fuchs", "count": 4}),
        ("paint two cats", (), {"prompt": "two cats"}),
    ],
)
def test_what_is_called_for(text: str, here: tuple[int, ...], expected: Json) -> None:
    arguments = asked(text, *here)

    assert arguments == {"prompt": text} | expected


def test_the_second_one_is_of_those_that_came_together() -> None:
    came = {"name": "generate_image", "response": {"output": {"pictures": [4, 5, 6, 7]}}}
    contents = [{"parts": [*shown(1), *shown(2)]}, {"parts": [{"functionResponse": came}]}]

    assert brought_last(contents) == [4, 5, 6, 7]
    assert chosen("the second one, but wider", range(1, 8), (), brought_last(contents)) == [5]
    assert chosen("the second one, but wider", range(1, 8), (), [7]) == [2]
    assert chosen("make it night", range(1, 8), (), brought_last(contents)) == [7]


def test_an_edit_wants_a_tool_that_edits() -> None:
    assert asked("make it night", edits=False) is None
    assert asked("paint a fox", edits=False) == {"prompt": "a fox"}


@pytest.mark.parametrize(
    "text",
    [
        "I am tired of it",
        "thank you",
        "How do I make it blue?",
        "hello",
        "And what do you think of a fox?",
        "hello again",
        "hola otra vez",
        "thanks, and good night",
        "say that again",
        "nice cat",
        "I like the fox",
        "I like three of these",
        "the sea is blue",
    ],
)
def test_talk_about_a_picture_is_no_edit(text: str) -> None:
    assert not wants_change(text)


@pytest.mark.parametrize(
    "text",
    ["again", "the same again", "noch mal", "hello, now at night", "thanks! in blue, please"],
)
def test_words_that_change_something_are_an_edit(text: str) -> None:
    assert wants_change(text)


@pytest.mark.parametrize(
    "question",
    ["What is this?", "What do you see?", "Was ist das?", "これは何ですか", "(without words)"],
)
def test_what_is_this(question: str) -> None:
    album, scene = Album(), read_scene("a red fox in the snow at night")
    fox = paint_scene(scene, SMALL)
    album.remember(fox, scene)

    answers = [
        answer_text(
            "gemini-3.8-flash",
            {"contents": [{"parts": [*shown(1, picture), {"text": question}]}]},
            "r1",
            album,
        )
        for picture in (fox, Image.new("RGB", (200, 100), (40, 90, 190)))
    ]

    known, strange = [(answer.parts or [{}])[0]["text"] for answer in answers]
    assert known == "This is one of my own pictures: fox, snow at night."
    assert strange == "I see a wide picture, mostly blue."


def test_chat_remembers() -> None:
    told = [user("My name is Ada"), {"role": "model", "parts": [{"text": "Hi"}]}]

    assert reply([*told, user("What is my name?")]) == "Your name is Ada."
    assert "My name is Ada" in reply([*told, user("what did I say?")])
    assert "not told" in reply([user("What is my name?")])


def test_chat_depends_on_the_whole_conversation() -> None:
    openings = ("Let us talk about ships", "Let us talk about bread", "And about glass", "Or tea")
    answers = {reply([user(opening), user("go on")]) for opening in openings}

    assert len(answers) > 1
    assert reply([user("go on")]) == reply([user("go on")])


@pytest.mark.parametrize(
    ("mode", "text", "calls"),
    [
        ("AUTO", "draw a fox", True),
        ("AUTO", "tell me a story", False),
        ("NONE", "draw a fox", False),
        ("ANY", "tell me a story", True),
    ],
)
def test_mode_decides_about_calls(mode: str, text: str, calls: bool) -> None:
    request = {
        "contents": [user(text)],
        "tools": [{"functionDeclarations": [declaration("1:1")]}],
        "toolConfig": {"functionCallingConfig": {"mode": mode}},
    }

    answer = answer_text("gemini-3.8-flash", request, "r1")

    assert [("functionCall" in part) for part in answer.parts or []] == [calls]
    assert answer.finish_reason == "STOP"
