"""The simulator's painter, and what it reads and writes, without a server."""

import io

import pytest
from PIL import Image, ImageChops, ImageStat
from tests.local_stack.gemini.album import Album
from tests.local_stack.gemini.behaviour import LOG_LENGTH, Behaviour
from tests.local_stack.gemini.catalogue import MODELS
from tests.local_stack.gemini.image_model import commission
from tests.local_stack.gemini.odd_pictures import BOMB_SIDE, odd_picture
from tests.local_stack.gemini.painting import paint
from tests.local_stack.gemini.painting.colours import NAMED
from tests.local_stack.gemini.painting.edit import draft, repaint
from tests.local_stack.gemini.painting.painter import paint_scene
from tests.local_stack.gemini.painting.scene import changed, read_scene
from tests.local_stack.gemini.picture_request import wants_picture
from tests.local_stack.gemini.script import SettingsError
from tests.local_stack.gemini.studio import encode, open_picture
from tests.local_stack.gemini.text_model import answer_text
from tests.local_stack.gemini.wire import Json, as_event, decode_base64, normalised

SMALL = (256, 256)
SUBJECTS = (
    "a sunset over the sea",
    "snowy mountains at night with stars",
    "a red fox in a forest",
    "a city skyline in the rain",
    "a sailboat on a blue lake at sunrise",
    "purple abstract waves",
    "a turquoise nebula",
    "a desert with a huge moon",
    "a green meadow with flowers",
    "a cat and a house by a lighthouse, balloons and birds over the beach",
    "aurora over a frozen lake in a forest",
    "",
)


def mean(picture: Image.Image) -> list[float]:
    return ImageStat.Stat(picture).mean


@pytest.mark.parametrize("prompt", SUBJECTS)
def test_every_subject_fits_any_shape(prompt: str) -> None:
    shapes = (SMALL, (64, 512), (512, 64))
    size = shapes[SUBJECTS.index(prompt) % 3]

    picture = paint(prompt, size)

    assert (picture.size, picture.mode) == (size, "RGB")
    assert max(ImageStat.Stat(picture).stddev) > 10, "an almost empty canvas"


def test_same_prompt_same_picture() -> None:
    first, second = (paint("a red fox in a forest", SMALL) for _ in range(2))

    assert first.tobytes() == second.tobytes()


def test_other_prompt_other_picture() -> None:
    pictures = {paint(f"a sunset over the sea, take {i}", SMALL).tobytes() for i in range(4)}

    assert len(pictures) == 4


def test_words_decide_the_picture() -> None:
    day, night = (mean(paint(f"mountains, {when}", SMALL)) for when in ("sunny", "at night"))
    assert sum(day) > sum(night) + 100

    red, _, blue = mean(paint("a sunset over the sea", SMALL))
    assert red > blue

    red, green, blue = mean(paint("green abstract waves", SMALL))
    assert green > max(red, blue)


@pytest.mark.parametrize(
    ("prompt", "light", "features"),
    [
        ("A SUNSET over the sea", "sunset", {"sunset", "water"}),
        ("Ein Segelboot auf dem See bei Nacht", "night", {"boat", "water", "night"}),
        ("a starry sky over pines", "night", {"night", "forest"}),
        ("a meadow", "day", {"meadow"}),
        ("the square root of two", "day", {"abstract"}),
        ("a rainy city", "overcast", {"rain", "city"}),
    ],
)
def test_scene_is_read_from_the_words(prompt: str, light: str, features: set[str]) -> None:
    scene = read_scene(prompt)

    assert scene.light == light
    assert features <= scene.features


def test_colour_before_a_subject_belongs_to_it() -> None:
    scene = read_scene("a blue wooden boat under a red sky")

    assert set(scene.subject_colour) == {"boat"}
    assert len(scene.tints) == 2


@pytest.mark.parametrize(
    ("wanted", "pixels"),
    [
        ({}, (1024, 1024)),
        ({"aspectRatio": "16:9", "imageSize": "1K"}, (1376, 768)),
        ({"aspectRatio": "9:16"}, (768, 1376)),
        ({"aspectRatio": "1:4", "imageSize": "1K"}, (512, 2064)),
        ({"aspectRatio": "4:5", "imageSize": "2K"}, (1856, 2304)),
        ({"aspectRatio": "8:1", "imageSize": "4K"}, (11712, 1408)),
    ],
)
def test_a_picture_has_the_size_asked_for(wanted: Json, pixels: tuple[int, int]) -> None:
    contents = [{"role": "user", "parts": [{"text": "a fox"}]}]
    request = {"contents": contents, "generationConfig": {"imageConfig": wanted}}

    work = commission(MODELS["gemini-nano-banana-2.1"], request, Behaviour())

    assert tuple(work.scale * side for side in work.size) == pixels


@pytest.mark.parametrize(("kind", "low", "high"), [("jpeg", 300, 900), ("png", 1550, 2100)])
def test_files_are_as_large_as_real_ones(kind: str, low: int, high: int) -> None:
    data = encode(paint("a sailboat on a blue lake at sunrise", (1024, 1024)), kind)

    assert low <= len(data) / 1000 <= high


def test_drafts_gain_detail() -> None:
    picture = paint("a city skyline in the rain", SMALL)
    drafts = [draft(picture, step, 3) for step in range(3)]

    distances = [sum(mean(ImageChops.difference(picture, rough))) for rough in drafts]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] > 0


def test_edit_takes_the_colour_from_the_prompt_and_the_shapes_from_the_source() -> None:
    source = Image.new("RGB", (200, 100), (120, 120, 120))
    source.paste((240, 240, 240), (0, 0, 100, 100))

    blue = repaint(source, "make it blue", SMALL)

    left, right = blue.crop((40, 80, 100, 180)), blue.crop((150, 80, 210, 180))
    assert mean(right)[2] > mean(right)[0] + 40
    assert sum(mean(left)) > sum(mean(right)) + 100


def test_what_is_not_wished_changed_stays_where_it_was() -> None:
    cat = read_scene("a cat, a house and flowers by day", 3)
    painted = paint_scene(cat, SMALL)

    night, alone, blue, wood = (
        paint_scene(changed(cat, wish), SMALL)
        for wish in ("make it night", "now without the cat", "make it blue", "as a woodcut")
    )

    assert sum(mean(painted)) > sum(mean(night)) + 100
    bare = changed(cat, "at night, without the house and the flowers")
    there = boxed(painted, alone)
    then = boxed(paint_scene(bare, SMALL), paint_scene(changed(bare, "without the cat"), SMALL))
    assert (there[0] > 40, there[1] > 80, there[2] < 230) == (True, True, True), "the cat alone"
    assert max(abs(a - b) for a, b in zip(there, then, strict=True)) < 12, "the same place"
    assert boxed(painted, blue)[0] > 40
    assert max(ImageStat.Stat(wood.convert("HSV")).mean[1:2]) < 60
    assert paint_scene(cat, SMALL, touch=1).tobytes() != painted.tobytes()


def boxed(first: Image.Image, second: Image.Image) -> tuple[int, int, int, int]:
    """Where two pictures differ by more than their grain."""
    different = ImageChops.difference(first, second).convert("L").point(lambda v: 255 * (v > 24))
    return different.getbbox() or (0, 0, 0, 0)


@pytest.mark.parametrize(
    "prompt",
    [
        "a black cat at night in the snow",
        "eine schwarze Katze nachts im Schnee",
        "un chat noir la nuit dans la neige",
        "un gato negro de noche en la nieve",
        "夜の雪の中の黒い猫",
        "قطة سوداء في الليل في الثلج",
    ],
)
def test_six_languages(prompt: str) -> None:
    scene = read_scene(prompt)

    assert scene.features == {"cat", "night", "snow"}
    assert scene.subject_colour == {"cat": NAMED["black"]}
    assert wants_picture(ASKED[prompt[0]].format(prompt))


ASKED = {
    "a": "paint {}",
    "e": "Kannst du mir {} malen?",
    "u": "dibuja {}",
    "夜": "{}を描いてください",
    "ق": "ارسم {}",
}


@pytest.mark.parametrize(
    "wish", ["sans le chat", "猫なしで", "بدون القطة", "ohne die Katze", "sin el gato"]
)
def test_what_is_wished_away_is_gone(wish: str) -> None:
    scene = changed(read_scene("a cat and a fox"), wish)

    assert (scene.shows("cat"), scene.shows("fox")) == (False, True)


@pytest.mark.parametrize("kind", ["WEBP", "JPEG"])
def test_a_picture_is_known_again_after_another_encoding(kind: str) -> None:
    album = Album()
    scenes = [read_scene(prompt, 1) for prompt in ("a cat by day", "a red fox", "a lake at night")]
    pictures = [paint_scene(scene, SMALL) for scene in scenes]
    for picture, scene in zip(pictures, scenes, strict=True):
        album.remember(picture, scene)
    file = io.BytesIO()
    pictures[1].resize((200, 200)).save(file, kind, quality=70)

    assert album.recall(open_picture(file.getvalue())) == scenes[1]
    assert album.recall(Image.new("RGB", SMALL, (200, 30, 90))) is None


def test_a_strangers_photo_keeps_its_palette_and_composition() -> None:
    photo = Image.new("RGB", (300, 200), (200, 60, 40))
    photo.paste((40, 60, 200), (0, 0, 150, 200))

    wide = repaint(photo, "wider", (512, 192))

    left, right = mean(wide.crop((130, 0, 230, 192))), mean(wide.crop((282, 0, 382, 192)))
    assert left[2] > left[0] + 80
    assert right[0] > right[2] + 80


def test_odd_pictures_are_what_they_claim() -> None:
    real = encode(paint("a meadow", SMALL), "jpeg")
    made = {
        name: odd_picture(name, real, "image/jpeg") for name in ("bomb", "animated", "cmyk_jpeg")
    }

    bomb, bomb_type = made["bomb"]
    assert (bomb[:8], bomb_type) == (b"\x89PNG\r\n\x1a\n", "image/png")
    assert int.from_bytes(bomb[16:20], "big") == BOMB_SIDE
    assert len(bomb) < 10_000
    assert getattr(Image.open(io.BytesIO(made["animated"][0])), "n_frames", 1) == 3
    assert Image.open(io.BytesIO(made["cmyk_jpeg"][0])).mode == "CMYK"


@pytest.mark.parametrize("name", ["truncated", "not_an_image", "bomb"])
def test_unreadable_pictures_are_refused(name: str) -> None:
    data, _ = odd_picture(name, encode(paint("a meadow", SMALL), "jpeg"), "image/jpeg")

    with pytest.raises(ValueError, match=r"picture|pixels"):
        open_picture(data)


def test_chunks_say_what_the_whole_says() -> None:
    answer = answer_text(
        "gemini-3.8-flash",
        {"contents": [{"role": "user", "parts": [{"text": "tell me a story"}]}]},
        "r1",
    )

    whole, chunks = answer.whole(), answer.chunks()

    pieces = [part["text"] for c in chunks for part in c["candidates"][0]["content"]["parts"]]
    assert "".join(pieces) == whole["candidates"][0]["content"]["parts"][0]["text"]
    assert ["finishReason" in chunk["candidates"][0] for chunk in chunks] == [
        *[False] * (len(chunks) - 1),
        True,
    ]


def test_names_are_normalised_except_the_callers_own() -> None:
    schema: Json = {"properties": {"aspect_ratio": {}}}
    raw = {
        "generation_config": {"image_config": {"aspect_ratio": "1:1"}, "seed": None},
        "contents": [{"parts": [{"function_call": {"args": {"image_id": 1}}}]}],
        "tools": [{"function_declarations": [{"parameters": schema}]}],
    }

    assert normalised(raw) == {
        "generationConfig": {"imageConfig": {"aspectRatio": "1:1"}},
        "contents": [{"parts": [{"functionCall": {"args": {"image_id": 1}}}]}],
        "tools": [{"functionDeclarations": [{"parameters": schema}]}],
    }


@pytest.mark.parametrize("text", ["++//", "--__", "+-/_", "-_8", "-_8="])
def test_either_base64_alphabet(text: str) -> None:
    plain = {"++//": b"\xfb\xef\xff", "--__": b"\xfb\xef\xff", "+-/_": b"\xfb\xef\xff"}

    assert decode_base64(text) == plain.get(text, b"\xfb\xff")


@pytest.mark.parametrize("text", ["a b c", "äöü=", "abcde", "ab*d"])
def test_anything_else_is_not_base64(text: str) -> None:
    with pytest.raises(ValueError, match=r"base64|ASCII"):
        decode_base64(text)


def test_events_end_with_an_empty_line() -> None:
    assert as_event({"a": "\u2028"}) == 'data: {"a": "\u2028"}\r\n\r\n'.encode()


def test_script_serves_matching_calls_in_order() -> None:
    behaviour = Behaviour()
    script = [
        {"on": "image", "match": "fox", "status": 503},
        {"on": "text", "status": 500},
        {"on": "image", "status": 429},
        {"on": "image", "status": 404},
    ]
    behaviour.change({"script": script})

    taken = [behaviour.take("image", prompt) for prompt in ("a cat", "a red fox", "a dog", "a cow")]

    assert [entry and entry.status for entry in taken] == [429, 503, 404, None]
    assert behaviour.shown()["settings"]["script"] == [{"on": "text", "status": 500}]


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"text_mss": 1},
        {"text_ms": "1"},
        {"text_ms": -1},
        {"image_ms": True},
        {"image_format": "gif"},
        {"drafts": 1.5},
        {"pictures": 0},
        {"seed": "1"},
        {"reset": 1},
        {"script": {}},
        {"script": [{}]},
        {"script": [{"on": "video"}]},
        {"script": [{"on": "text", "stats": 500}]},
        {"script": [{"on": "text", "status": 418}]},
        {"script": [{"on": "text", "status": 500, "reason": "per_day"}]},
        {"script": [{"on": "text", "image": "bomb"}]},
        {"script": [{"on": "image", "image": "cat"}]},
        {"script": [{"on": "image", "hang": 1}]},
        {"script": [{"on": "image", "cut_after_bytes": -1}]},
    ],
)
def test_wrong_settings_change_nothing(wrong: object) -> None:
    behaviour = Behaviour()
    before = behaviour.shown()
    mixed = {"drafts": 3, **wrong} if isinstance(wrong, dict) and "drafts" not in wrong else wrong

    with pytest.raises(SettingsError):
        behaviour.change(mixed)

    assert behaviour.shown() == before


def test_log_is_bounded_and_calls_are_not() -> None:
    behaviour = Behaviour()
    for number in range(LOG_LENGTH + 5):
        behaviour.record("text", str(number))

    shown = behaviour.shown()
    assert shown["calls"] == {"text": LOG_LENGTH + 5, "image": 0}
    assert (shown["log"][0]["prompt"], len(shown["log"])) == ("5", LOG_LENGTH)

    behaviour.change({"reset": True})
    assert (behaviour.shown()["calls"], behaviour.shown()["log"]) == ({"text": 0, "image": 0}, [])
