"""What a storm will be: drawn from a seed, so that the same seed plans the same storm."""

from __future__ import annotations

import base64
import io
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

Entry = dict[str, Any]

CHATS = 2  # of each user


@dataclass(frozen=True)
class Wish:
    """One sort of message.

    Attributes:
        share: how often it comes, beside the others.
        words: what is said; a word that makes it unique follows.
        paints: whether pictures are wished for.
        brings: numbers of pictures that are brought for it, one of which is drawn.
    """

    share: int
    words: str
    paints: bool = False
    brings: tuple[int, ...] = (0,)


WISHES = (
    Wish(11, "paint a fox", paints=True),
    Wish(3, "hello"),
    Wish(3, "tell me a story in 120 words about"),
    Wish(2, "paint a dog", paints=True, brings=(1, 2)),
    Wish(2, "what is this?", brings=(1, 2)),
    Wish(3, "make it night", paints=True, brings=(0, 0, 1)),
)
# Pictures ready for one that is wished for; a call beyond them is painted by the simulator.
_CALLS_PREPARED = 3

# How the provider fails, by the simulator's own words for it.
_TROUBLES: tuple[Entry, ...] = (
    {"status": 500},
    {"status": 503},
    {"status": 504},
    {"status": 429, "retry_delay_s": 0.2},
    {"status": 429, "reason": "per_day"},
    {"status": 400},
    {"status": 404, "reason": "retired"},
    {"empty_object": True},
    {"no_candidates": True},
    {"block_reason": "SAFETY"},
    {"finish_reason": "SAFETY"},
    {"finish_reason": "MAX_TOKENS"},
    {"cut_after_bytes": 0},
    {"cut_after_bytes": 40},
    {"body": "<html>bad gateway</html>"},
    {"delay_ms": 4000},
    {"hang": True},
)
_TEXT_TROUBLES = (
    *_TROUBLES,
    {"finish_reason": "MALFORMED_FUNCTION_CALL"},
    {"text_only": True},
    {"cut_after_words": 3},
    {"cut_after_words": 40},
)
_IMAGE_TROUBLES = (
    *_TROUBLES,
    {"finish_reason": "IMAGE_SAFETY"},
    {"finish_reason": "NO_IMAGE"},
    {"finish_reason": "IMAGE_OTHER"},
    {"text_only": True},
    {"image": "not_an_image"},
    {"image": "truncated"},
    {"image": "bomb"},
    {"image_base64": "AAAA"},
)


@dataclass(frozen=True)
class Deed:
    """One message and what its user does with it.

    Attributes:
        at: seconds after the storm's begin.
        word: what makes its text unique.
        paints: whether pictures are wished for.
        brings: files that are brought first, for the message to name.
        count: how many pictures are wished for.
        posts: requests with the same id that leave at the same moment.
        insists: whether the user repeats a request that got no answer.
        looks_again: whether the user repeats it much later, if it is still open.
        cancels_after: seconds; None lets it run.
        retries: how often the user tries a failure again.
        renames: whether the chat gets a new title meanwhile.
    """

    at: float
    user: int
    chat: str
    word: str
    text: str
    paints: bool
    brings: tuple[bytes, ...]
    count: int
    posts: int
    insists: bool
    looks_again: bool
    cancels_after: float | None
    retries: int
    renames: bool


@dataclass(frozen=True)
class Plan:
    """Everything a seed decides.

    Attributes:
        script: for the simulator; every entry names the word it is for.
        troubles: script entries of the image model that are failures, by word.
    """

    seed: int
    users: int
    seconds: float
    deeds: Sequence[Deed]
    script: Sequence[Entry]
    troubles: Mapping[str, int]
    daily_images: int
    daily_messages: int
    daily_uploads: int
    open_messages: int


def plan(seed: int, messages: int, users: int, seconds: float) -> Plan:
    """A storm of so many messages in so many seconds."""
    chance = random.Random(seed)  # noqa: S311 - chance that can be repeated
    deeds = [_deed(chance, number, users, seconds) for number in range(messages)]
    script: list[Entry] = []
    troubles: dict[str, int] = {}
    for deed in deeds:
        script += _misfortunes(chance, deed.word, "text", _TEXT_TROUBLES, 0.2)
        failures = list(_misfortunes(chance, deed.word, "image", _IMAGE_TROUBLES, 0.35))
        troubles[deed.word] = len(failures)
        script += [*failures, *_pictures(chance, deed)]
    each = messages / users
    brought = sum(len(deed.brings) for deed in deeds) / users
    return Plan(
        seed,
        users,
        seconds,
        sorted(deeds, key=lambda deed: deed.at),
        script,
        troubles,
        daily_images=max(2, round(each * 0.6)),
        daily_messages=max(3, round(each * 1.3)),
        daily_uploads=max(2, round(brought)),
        open_messages=4,
    )


def _deed(chance: random.Random, number: int, users: int, seconds: float) -> Deed:
    word = f"w{number}x"
    [wish] = chance.choices(WISHES, [one.share for one in WISHES])
    return Deed(
        at=chance.uniform(0, seconds),
        user=chance.randrange(users),
        chat=f"chat-{chance.randrange(CHATS)}",
        word=word,
        text=f"{wish.words} {word}",
        paints=wish.paints,
        brings=tuple(_file(chance) for _ in range(chance.choice(wish.brings))),
        count=chance.choice((1, 1, 1, 2, 4)),
        posts=chance.choice((1, 1, 1, 1, 2, 3)),
        insists=chance.random() < 0.8,
        looks_again=chance.random() < 0.5,
        cancels_after=chance.uniform(0, 2.5) if chance.random() < 0.2 else None,
        retries=chance.choice((0, 1, 1, 2)),
        renames=chance.random() < 0.05,
    )


def _misfortunes(
    chance: random.Random, word: str, kind: str, troubles: Sequence[Entry], likely: float
) -> Iterator[Entry]:
    if chance.random() < likely:
        for _ in range(chance.choice((1, 1, 2, 4))):
            yield {"on": kind, "match": word, **chance.choice(troubles)}


def _pictures(chance: random.Random, deed: Deed) -> Iterator[Entry]:
    """Small pictures that cost the simulator nothing, each after a time of its own."""
    if not deed.paints:
        return
    body = _answer(chance)
    for _ in range(_CALLS_PREPARED * deed.count):
        yield {
            "on": "image",
            "match": deed.word,
            "body": body,
            "content_type": "application/json; charset=UTF-8",
            "delay_ms": chance.choice((50, 200, 600, 1500)),
        }


def _file(chance: random.Random) -> bytes:
    """A picture of one colour."""
    file = io.BytesIO()
    colour = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
    Image.new("RGB", (64, 48), colour).save(file, "PNG")
    return file.getvalue()


def _answer(chance: random.Random) -> str:
    """What the image model sends."""
    data = base64.b64encode(_file(chance)).decode()
    part = {"inlineData": {"mimeType": "image/png", "data": data}}
    candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}
    return json.dumps({"candidates": [candidate]})
