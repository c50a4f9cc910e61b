"""What is suggested: which question is which suggestion, and what may be set."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError
from tests.local_stack.options import parse_options
from tests.support.doubles import RecordingLog, RecordingMetrics

from afterimage.adapters.own_suggestions import own_suggestions
from afterimage.adapters.suggestions import set_suggestions
from afterimage.domain.metrics import Metric
from afterimage.domain.suggestions import Suggestion, Suggestions

FOX = Suggestion(text="A fox in the snow", aspect_ratio="3:2")
TALL = Suggestion(text="a FOX in the snow", aspect_ratio="2:3")
BOAT = Suggestion(text="Ein Boot bei Nacht")
ALL = Suggestions(suggestions=(FOX, TALL, BOAT))


@pytest.mark.parametrize(
    ("text", "suggestion_id", "shape", "expected"),
    [
        ("A fox in the snow", None, None, FOX),
        ("  a  fox\nin the SNOW ", None, None, FOX),
        ("A fox in the snow", TALL.id, None, TALL),
        ("A fox in the snow", None, "2:3", TALL),
        ("A fox in the snow", FOX.id, "2:3", None),
        ("A fox in the snow", None, "1:1", None),
        ("A fox in the snow", "f" * 16, None, FOX),
        ("Ein Boot bei Nacht", FOX.id, None, None),
        ("A fox", FOX.id, None, None),
        ("", None, None, None),
    ],
)
def test_a_question_is_a_suggestion_by_its_words_and_shape(
    text: str, suggestion_id: str | None, shape: str | None, expected: Suggestion | None
) -> None:
    assert ALL.asked(text, suggestion_id, shape) == expected


def test_an_id_follows_from_the_wish() -> None:
    assert FOX.id == Suggestion(text="a fox  in the snow", aspect_ratio="3:2").id
    assert len({FOX.id, TALL.id, BOAT.id}) == 3
    assert len(FOX.id) == 16


@pytest.mark.parametrize(
    "wrong",
    [
        {"suggestions": [{"text": ""}]},
        {"suggestions": [{"text": "  "}]},
        {"suggestions": [{"text": "x" * 201}]},
        {"suggestions": [{"text": "x", "aspect_ratio": "7:5"}]},
        {"suggestions": [{"text": "x"}, {"text": "X "}]},
        {"suggestions": [{"text": str(n)} for n in range(13)]},
        {"stock_size": 0},
        {"pictures_a_day": -1},
    ],
)
def test_what_cannot_be_set(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        own_suggestions(json.dumps(wrong))


def test_what_is_not_valid_suggests_nothing_and_is_a_defect() -> None:
    log, metrics = RecordingLog(), RecordingMetrics()
    text = [json.dumps({"suggestions": [{"text": "a fox"}]}), "{", "{"]
    setting = set_suggestions(lambda: text.pop(0), log, metrics)

    first, second, third = setting(), setting(), setting()

    assert first is not None
    assert [one.text for one in first.suggestions] == ["a fox"]
    assert (second, third) == (None, None)
    assert metrics.of(Metric.DEFECTS) == [1]
    assert log.events() == ["suggestions_invalid"]


def test_what_cannot_be_read_suggests_nothing_until_it_can() -> None:
    log, metrics = RecordingLog(), RecordingMetrics()
    texts = iter(["", '{"suggestions": [{"text": "A fox"}]}'])

    def read() -> str:
        if text := next(texts):
            return text
        raise OSError

    setting = set_suggestions(read, log, metrics)

    assert (setting(), log.events()) == (None, ["suggestions_unread"])
    assert metrics.of(Metric.DEFECTS) == [1]
    assert setting() == Suggestions(suggestions=(Suggestion(text="A fox"),))


def test_make_run_suggests_four_unless_they_would_cost() -> None:
    given = ["--suggest", "tests/local_stack/suggestions.json"]
    options = parse_options(given, {})

    suggested = own_suggestions(f'{{"suggestions": {options.parameters["Suggestions"]}}}')

    assert len(suggested.suggestions) == 4
    assert "Suggestions" not in parse_options(given, {"GEMINI_API_KEY": "a key"}).parameters
    assert "Suggestions" not in parse_options([], {}).parameters
