"""A picture is changed by saying so: which ones, in which files, and what a missing one costs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.local_stack.gemini.conversation import check_contents
from tests.support.builders import a_message, a_ulid, an_image
from tests.support.bundle import BYTES, FOX, HELLO, LIMITS, USER, Bundle, new_bundle
from tests.support.doubles import InMemoryPictures
from tests.support.in_memory import InMemoryEventLog

from afterimage.adapters.gemini import history
from afterimage.domain import ids, sources
from afterimage.domain.messages import Message, Status
from afterimage.domain.numbered_pictures import NumberedPictures, numbered, shown
from afterimage.domain.sources import StoredFiles
from afterimage.ports.models import PaintRequest, Source

NIGHT = replace(FOX, prompt="make it night", aspect_ratio=None)
JPEG, PNG, WEBP = b"\xff\xd8\xff jpeg", b"\x89PNG\r\n\x1a\n png", b"RIFF....WEBP webp"
MB = 1_000_000


@pytest.fixture
def bundle(threads: Executor) -> Bundle:
    generous = replace(LIMITS, daily_images=20, daily_messages=20, image_calls=20)
    return new_bundle(threads, limits=generous)


def painted(bundle: Bundle, number: int = 0, data: bytes = JPEG, **changed: Any) -> Message:
    return bundle.painted(number, data, **changed)


def edited(bundle: Bundle, number: int, *edit: int, **changed: Any) -> Message:
    """The answer to a question that changes these pictures, now being painted."""
    bundle.text.script.append(replace(NIGHT, edit=edit))
    return bundle.ask(number, **changed).assistant


def asked_of(bundle: Bundle) -> list[dict[str, Any]]:
    """What the text model was sent last, as it goes over the wire."""
    (said, _) = bundle.text.asked[-1]
    contents = history.contents(said)
    check_contents(_on_the_wire(contents), needs_signatures=True)
    return contents


def _on_the_wire(contents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    def encoded(part: dict[str, Any]) -> dict[str, Any]:
        return {"inlineData": {"data": "AAAA"}} if "inlineData" in part else part

    return [{**one, "parts": [encoded(part) for part in one["parts"]]} for one in contents]


def files_in(contents: Sequence[dict[str, Any]]) -> list[bytes]:
    parts = [part for content in contents for part in content["parts"]]
    return [part["inlineData"]["data"] for part in parts if "inlineData" in part]


def small(data: bytes) -> bytes:
    return b"small " + data


# --- What the text model sees ------------------------------------------------------------------


def test_the_last_two_pictures_are_shown_and_all_have_numbers(bundle: Bundle) -> None:
    for number in range(3):
        painted(bundle, 10 * number, JPEG + bytes([number]))
    bundle.text.script = [HELLO]

    bundle.ask(90, text="which is best?")

    contents = asked_of(bundle)
    told = [
        p["functionResponse"]["response"]
        for c in contents
        for p in c["parts"][:1]
        if "functionResponse" in p
    ]
    assert [result["output"]["picture"] for result in told] == [1, 2, 3]
    assert files_in(contents) == [small(JPEG + b"\x01"), small(JPEG + b"\x02")]
    place = next(i for i, c in enumerate(contents) if "inlineData" in c["parts"][-1])
    assert contents[place]["parts"][0] == {"text": "[picture 2]"}
    assert "functionResponse" in contents[place - 1]["parts"][0]
    assert contents[-1]["parts"] == [{"text": "which is best?"}]


def test_what_a_question_names_stands_before_its_words(bundle: Bundle) -> None:
    one, other = (bundle.upload(number).image for number in (1, 2))
    bundle.text.script = [HELLO]

    bundle.ask(5, text="what is this?", image_ids=(other.id, one.id))

    (question,) = asked_of(bundle)
    labels = [part.get("text") for part in question["parts"]]
    assert labels == ["[picture 1]", None, "[picture 2]", None, "what is this?"]
    assert len(files_in([question])) == 2


def test_a_picture_that_comes_again_keeps_its_number_and_is_shown_where_it_came_last(
    bundle: Bundle,
) -> None:
    first = painted(bundle, 0)
    painted(bundle, 10, PNG)
    bundle.text.script = [HELLO]

    bundle.ask(20, text="and this?", image_ids=(first.images[0].id,))

    contents = asked_of(bundle)
    assert contents[-1]["parts"][0] == {"text": "[picture 1]"}
    assert files_in(contents) == [small(PNG), small(JPEG)]


def test_pictures_of_an_answer_that_no_model_gave_have_numbers_too(bundle: Bundle) -> None:
    message = painted(bundle)
    bundle.set(message, parts="[]")
    bundle.text.script = [HELLO]

    bundle.ask(10)

    assert [part.get("text") for part in asked_of(bundle)[1]["parts"]] == ["[picture 1]", None]


def test_a_picture_as_large_as_most_is_shown_as_it_is_and_has_no_smaller_copy(
    bundle: Bundle,
) -> None:
    bundle.studio.size = (1024, 1024)
    message = painted(bundle)
    bundle.text.script = [HELLO]

    bundle.ask(10)

    assert files_in(asked_of(bundle)) == [b"full " + JPEG]
    *others, _ = ids.image_keys(USER, message.images[0].id)
    assert set(bundle.pictures.files) == {*others}


def test_a_picture_stored_without_a_small_one_is_shown_by_its_thumbnail(bundle: Bundle) -> None:
    message = painted(bundle)
    del bundle.pictures.files[ids.image_key(USER, message.images[0].id, ids.SMALL)]
    bundle.text.script = [HELLO]

    bundle.ask(10)

    assert files_in(asked_of(bundle)) == [b"thumbnail " + JPEG]


@pytest.mark.parametrize("broken", [True, False])
def test_one_that_does_not_come_is_left_out_and_can_be_edited(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, broken: bool
) -> None:
    message = painted(bundle)

    def get(_: InMemoryPictures, __: str) -> None:
        if broken:
            raise OSError("SlowDown")

    with monkeypatch.context() as patched:
        patched.setattr(InMemoryPictures, "get", get)
        answer = edited(bundle, 10, 1)

    assert files_in(asked_of(bundle)) == []
    assert "llm_handler_picture_not_seen" in bundle.log.events()
    assert answer.source_image_ids == (message.images[0].id,)


def test_a_chat_without_pictures_reads_none(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle.text.script = [HELLO, FOX]
    read: list[str] = []
    monkeypatch.setattr(InMemoryPictures, "get", lambda _, key: read.append(key))
    monkeypatch.setattr(InMemoryPictures, "head", lambda _, key: read.append(key))
    monkeypatch.setattr(InMemoryEventLog, "images", lambda *_: read.append("rows"))
    bundle.painter.script = [BYTES]

    bundle.ask(0)
    bundle.paint(bundle.ask(10).assistant)

    assert read == []


def test_a_deleted_picture_has_no_number(bundle: Bundle) -> None:
    gone, stays = painted(bundle, 0), painted(bundle, 10, PNG)
    uploaded = bundle.upload(5).image
    bundle.text.script = [HELLO, HELLO]
    bundle.ask(20, image_ids=(uploaded.id,))
    bundle.delete_image(gone.images[0].id)
    bundle.delete_image(uploaded.id)

    bundle.ask(30)

    contents = asked_of(bundle)
    assert contents[2]["parts"][0]["functionResponse"]["response"] == {
        "output": {"shown_to_user": True}
    }
    assert files_in(contents) == [small(PNG)]
    assert edited(bundle, 40, 1).source_image_ids == (stays.images[0].id,)


def test_at_most_six_are_shown_and_those_of_the_question_first() -> None:
    earlier = [a_message(n, image_ids=(a_ulid(n),), attachments=(an_image(n),)) for n in range(9)]
    own = tuple(an_image(n) for n in (20, 21, 22, 23))
    question = a_message(30, attachments=own)

    pictures = numbered([*earlier, question])

    assert [image.id for image in shown(pictures, question)] == [
        *(image.id for image in own),
        a_ulid(7),
        a_ulid(8),
    ]


def test_in_plain_words_the_numbers_stay_and_no_picture_does(bundle: Bundle) -> None:
    painted(bundle, count=2)
    bundle.text.script = [HELLO]
    bundle.ask(10, text="the second one, but wider")
    (said, _) = bundle.text.asked[-1]

    (plain,) = history.in_words(said)

    assert [part["text"] for part in plain["parts"]][2] == "[picture 1] [picture 2]"
    assert all(set(part) == {"text"} for part in plain["parts"])


@given(st.lists(st.integers(-3, 9), max_size=20))
def test_numbers_become_pictures_in_their_order_and_unknown_ones_are_ignored(
    numbers: list[int],
) -> None:
    pictures = NumberedPictures(tuple(an_image(n) for n in range(1, 5)))

    found = pictures.ids_of(numbers)

    assert found == tuple(dict.fromkeys(a_ulid(n) for n in numbers if 1 <= n <= 4))


# --- What is ordered ---------------------------------------------------------------------------


def test_an_edit_names_its_sources_in_order_and_no_shape(bundle: Bundle) -> None:
    first, second = painted(bundle, 0), painted(bundle, 10, PNG)

    answer = edited(bundle, 20, 2, 7, 1)

    named = (second.images[0].id, first.images[0].id)
    assert (answer.source_image_ids, answer.aspect_ratio) == (named, None)
    assert bundle.job(answer).source_image_ids == named
    bundle.painter.script = [WEBP]
    bundle.paint(answer)
    request: PaintRequest = bundle.painter.asked[-1][0]
    assert request.aspect_ratio is None
    assert request.sources == [Source("image/png", PNG), Source("image/jpeg", JPEG)]
    assert bundle.now(answer).images[0].source_image_ids == named


def test_where_no_number_is_known_a_new_picture_is_painted(bundle: Bundle) -> None:
    answer = edited(bundle, 0, 1, 2)

    assert (answer.source_image_ids, answer.aspect_ratio) == ((), "1:1")


def test_another_try_keeps_its_sources(bundle: Bundle) -> None:
    painted(bundle)
    answer = edited(bundle, 10, 1)
    bundle.cancel(answer)

    again = bundle.retry(bundle.now(answer))

    assert bundle.job(again).source_image_ids == answer.source_image_ids != ()
    assert again.aspect_ratio is None


def test_a_text_that_is_tried_again_sees_what_its_question_names(bundle: Bundle) -> None:
    image = bundle.upload(1).image
    bundle.text.script = [RuntimeError("a defect")]
    answer = bundle.ask(5, image_ids=(image.id,)).assistant
    bundle.text.script = [HELLO]

    bundle.retry(answer)

    assert len(files_in(asked_of(bundle))) == 1


# --- What the painter is sent ------------------------------------------------------------------


def test_a_source_that_is_no_kind_the_model_takes_goes_as_its_webp(bundle: Bundle) -> None:
    painted(bundle, 0, b"GIF89a")
    answer = edited(bundle, 10, 1)
    bundle.painter.script = [JPEG]

    bundle.paint(answer)

    assert bundle.painter.asked[-1][0].sources == [Source("image/webp", b"full GIF89a")]


@pytest.mark.parametrize("gone", ["row", "file", "chat"])
def test_a_source_that_is_gone_ends_the_slot_before_the_model_is_asked(
    bundle: Bundle, gone: str
) -> None:
    source = bundle.upload(1).image if gone != "chat" else painted(bundle, 1, chat_id="o").images[0]
    bundle.text.script = [replace(NIGHT, edit=(1,))]
    before = bundle.used()[0], bundle.calls()[1]
    answer = bundle.ask(10, image_ids=(source.id,)).assistant
    asked = len(bundle.painter.asked)
    match gone:
        case "row":
            bundle.delete_image(source.id)
        case "file":
            bundle.pictures.delete(ids.image_keys(USER, source.id))
        case "chat":
            bundle.delete_chat("o")

    bundle.paint(answer)

    assert bundle.code(answer) == "source_deleted"
    assert len(bundle.painter.asked) == asked
    assert (bundle.used()[0], bundle.calls()[1]) == before
    assert bundle.open_messages() == 0


def test_one_of_several_that_is_gone_is_never_left_out(bundle: Bundle) -> None:
    gone = painted(bundle, 0)
    painted(bundle, 10)
    answer = edited(bundle, 20, 1, 2)
    bundle.delete_image(gone.images[0].id)

    bundle.paint(answer)

    assert bundle.code(answer) == "source_deleted"


def test_deleted_while_it_is_painted_the_new_picture_comes(bundle: Bundle) -> None:
    source = painted(bundle)
    answer = edited(bundle, 10, 1)
    bundle.painter.script = [PNG]
    bundle.painter.meanwhile = lambda: bundle.delete_image(source.images[0].id)

    bundle.paint(answer)

    assert bundle.now(answer).status is Status.COMPLETE
    assert bundle.now(answer).images[0].source_image_ids == (source.images[0].id,)


def test_what_somebody_brought_is_said_of_all_that_is_made_of_it(bundle: Bundle) -> None:
    image = bundle.upload(1).image
    bundle.text.script = [replace(NIGHT, edit=(1,))]
    woodcut = bundle.ask(10, image_ids=(image.id,)).assistant
    bundle.painter.script = [JPEG]
    bundle.paint(woodcut)
    bundle.delete_image(image.id)
    night = edited(bundle, 20, 1)
    bundle.painter.script = [PNG]
    bundle.paint(night)
    painted(bundle, 30, WEBP)

    assert bundle.studio.composites == [JPEG, PNG]
    assert bundle.now(night).images[0].composite is True


def test_an_attempt_that_finds_its_bytes_needs_no_source(bundle: Bundle) -> None:
    source = painted(bundle)
    answer = edited(bundle, 10, 1)
    bundle.claim(answer)
    bundle.pictures.put_original(ids.image_key(USER, bundle.job(answer).id, ids.ORIGINAL), PNG)
    bundle.delete_image(source.images[0].id)
    bundle.rescue(answer)

    bundle.paint(answer, attempt=2)

    assert bundle.now(answer).status is Status.COMPLETE


# --- The rule of files -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (JPEG, "image/jpeg"),
        (PNG, "image/png"),
        (WEBP, "image/webp"),
        (b"RIFF....WAVE", None),
        (b"GIF89a", None),
        (b"", None),
    ],
)
def test_a_file_is_what_its_first_bytes_say(first: bytes, kind: str | None) -> None:
    assert sources.mime_type(first[: sources.KNOWN_BY]) == kind


@pytest.mark.parametrize(
    ("stored", "kept"),
    [
        ([StoredFiles("image/png", 7 * MB, 3 * MB)], {0}),
        ([StoredFiles("image/png", 7 * MB + 1, 3 * MB)], set()),
        ([StoredFiles(None, 1 * MB, 3 * MB)], set()),
        ([StoredFiles("image/png", 6 * MB, 1 * MB)] * 10, set(range(10))),
        (
            [
                StoredFiles("image/png", size * MB, 1 * MB)
                for size in (7, 6, 7, 6, 6, 7, 6, 6, 6, 6)
            ],
            {1, 2, 3, 4, 5, 6, 7, 8, 9},
        ),
        # What is larger as a WebP is no help.
        (
            [StoredFiles("image/webp", 7 * MB, 7 * MB), *[StoredFiles("image/png", 6 * MB, 0)] * 9],
            {0, *range(2, 10)},
        ),
    ],
)
def test_the_largest_go_as_their_webp_until_all_fit(
    stored: list[StoredFiles], kept: set[int]
) -> None:
    assert sources.originals(stored) == kept


@given(
    st.lists(
        st.builds(
            StoredFiles,
            st.sampled_from(["image/png", None]),
            st.integers(1, 25 * MB),
            st.integers(1, 4 * MB),
        ),
        max_size=14,
    )
)
def test_whatever_is_stored_fits_a_request(stored: list[StoredFiles]) -> None:
    kept = sources.originals(stored)

    sent = [one.original if place in kept else one.webp for place, one in enumerate(stored)]
    assert sum(sent) <= sources.MOST_TOGETHER
    assert all(size <= sources.LARGEST_SOURCE for size in sent)
