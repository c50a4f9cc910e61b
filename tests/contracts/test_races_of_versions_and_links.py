"""Two of a person's habits at the same moment: whoever wins, what is left is whole.

Not on moto, which is not atomic under threads. Each race is run several times.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast

import pytest
from tests.contracts.conftest import Tables
from tests.contracts.somebody import CLOCK, Somebody, somebody
from tests.support.builders import CHAT, a_message, a_question, an_image
from tests.support.bundle import HELLO
from tests.support.doubles import (
    InMemoryPictures,
    PlainShareTokens,
    RecordingMetrics,
)

from afterimage.domain.changes import InsertImage, InsertMessage, TouchChat, Transition
from afterimage.domain.deletions import DeletionKind
from afterimage.domain.errors import Refused
from afterimage.domain.events import ImageInserted, MessageInserted
from afterimage.domain.images import Image
from afterimage.domain.messages import Message, MessageType, Role, Status
from afterimage.domain.shares import name_of, shared_key
from afterimage.domain.slots import Slot, SlotStatus
from afterimage.domain.versions import pairs_in
from afterimage.http.shared_page import SharedPage
from afterimage.ports.chats import MessageReader
from afterimage.use_cases.edit_chat import EditChat
from afterimage.use_cases.subscribe import Subscribe

ENDPOINT = "https://push.test/phone"
Act = Callable[[], object]


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(40) as pool:
        yield pool


@dataclass
class Files(InMemoryPictures):
    """Attributes: copied: whether a picture has been, to be shared."""

    copied: threading.Event = field(default_factory=threading.Event)

    def share(self, source: str, copy: str, tag: str) -> bool:
        done = super().share(source, copy, tag)
        self.copied.set()
        return done


class Looked:
    """Implements `MessageReader`: says when a line has been read."""

    def __init__(self, messages: MessageReader, looked: threading.Event) -> None:
        self.get, self.before = messages.get, messages.before
        self._starting = messages.starting
        self._looked = looked

    def starting(
        self, user_id: str, chat_id: str, message_id: str, limit: int
    ) -> Sequence[Message]:
        found = self._starting(user_id, chat_id, message_id, limit)
        self._looked.set()
        return found


@dataclass
class Racer(Somebody):
    """One user, and all that they do in these races.

    Attributes:
        looked: whether somebody who replaces a question has read its line.
    """

    looked: threading.Event = field(default_factory=threading.Event)

    def open_stores(self) -> None:
        super().open_stores()
        self.messages = cast("Any", Looked(self.stores.messages, self.looked))
        self.files = self.pictures = Files()
        self.tokens = PlainShareTokens()

    def at_once(self, *acts: Act) -> list[object]:
        """What each did, or why it was refused; all begin together."""
        barrier = threading.Barrier(len(acts))

        def begin(act: Act) -> object:
            barrier.wait()
            try:
                return act()
            except Refused as refused:
                return refused

        with ThreadPoolExecutor(len(acts)) as people:
            return list(people.map(begin, acts))

    def once_seen(self, act: Act) -> Act:
        """The act, done when somebody who replaces a question from now on has read its line."""
        self.looked.clear()

        def begin() -> object:
            self.looked.wait(timeout=10)
            return act()

        return begin

    # --- What is there before ------------------------------------------------------------------

    def has_painted(self) -> Image:
        """A picture in a chat."""
        now = CLOCK.now()
        image = an_image(message_id=a_message(1).id, created_at=now)
        question = a_message(0, created_at=now)
        slots = (Slot(image.id, SlotStatus.COMPLETE, image),)
        answer = a_message(1, role=Role.ASSISTANT, type=MessageType.IMAGE, status=Status.COMPLETE)
        answer = replace(answer, slots=slots, reply_to=question.id)
        self.files.files[image.key] = b"a picture"
        stored = Transition(
            (
                InsertMessage(question),
                InsertMessage(answer),
                InsertImage(image),
                TouchChat(CHAT, "a fox", now, line=question.id),
            ),
            (MessageInserted(question), MessageInserted(answer), ImageInserted(image)),
        )
        self.channel.change(self.user, stored)
        return image

    def has_brought(self) -> Image:
        """A picture that no message holds."""
        image = an_image(message_id=None, chat_id=None, created_at=CLOCK.now())
        self.files.files[image.key] = b"a picture"
        self.channel.change(self.user, Transition((InsertImage(image),), (ImageInserted(image),)))
        return image

    # --- What people do ------------------------------------------------------------------------

    def asks(self, number: int, replaces: str | None = None) -> str:
        """The id of a question that a model of words has answered."""
        self.text.script.append(HELLO)
        question = a_question(number, CLOCK.now(), user_id=self.user, replaces=replaces)
        return self.new_answering().answer(question).user.id

    def shares_it(self, image: Image) -> Image:
        return self.share(image.id, prompt=True, user=self.user)

    def takes_back(self, image: Image) -> None:
        self.take_back(image.id, self.user)

    def pin(self) -> None:
        EditChat(self.channel, self.chats)(self.user, CHAT, pinned=True)

    def subscribe(self) -> None:
        subscribe = Subscribe(self.channel, self.stores.subscriptions, lambda: "push.test", CLOCK)
        subscribe(self.user, ENDPOINT, "B" * 87, "a" * 22)

    def page(self, token: str) -> int:
        """The status that somebody with a link is answered."""
        config = {"public_url": "https://afterimage.test", "contact_url": ""}
        page = SharedPage(self.shares, CLOCK, lambda: config, self.log, RecordingMetrics())
        return int(page(token, "")["statusCode"])

    # --- What the keeper does ------------------------------------------------------------------

    def keeps(self) -> None:
        """Everything that is due is deleted."""
        links = self.deletions.of_kind(self.user, DeletionKind.SHARE)
        names = [*(name for _, name in self.keeper.started), *(one.name for one in links)]
        for name in dict.fromkeys(names):
            self.finish(self.user, name, CLOCK.now() + timedelta(seconds=55))

    # --- How it stands -------------------------------------------------------------------------

    def said(self) -> list[Message]:
        return list(self.messages.before(self.user, CHAT, None, 200))

    def links(self, image: Image) -> list[str]:
        """Names of all links that the picture can have had here, with a row or a file."""
        names = [name_of(self.tokens.token(self.user, image.id, number)) for number in range(1, 9)]
        files = self.files.files
        return [n for n in names if self.shares.get(n) or shared_key(n) in files]


@pytest.fixture
def alice(atomic_tables: Tables, user: str, threads: Executor) -> Racer:
    return somebody(Racer, atomic_tables, threads, user)


@pytest.mark.parametrize("_again", range(3))
def test_of_what_replaces_one_question_at_once_one_stands(alice: Racer, _again: int) -> None:
    asked = alice.asks(0)

    def replacing(number: int) -> Act:
        return lambda: alice.asks(number, asked)

    done = alice.at_once(*(replacing(number) for number in range(1, 5)))

    heard = [one for one in done if isinstance(one, str)]
    messages = alice.said()
    pairs = pairs_in(messages, asked)
    assert heard
    assert sorted(pair.question.id for pair in pairs) == sorted([asked, *heard])
    assert [p.answer.stands for p in pairs] == [p.question.stands for p in pairs]
    assert sum(pair.stands for pair in pairs) == 1
    assert {pair.answer.status for pair in pairs} == {Status.COMPLETE}
    channel = alice.stores.store.read(alice.user)
    assert channel.open_messages == 0
    day = CLOCK.now().date().isoformat()
    assert alice.stores.usage.used(alice.user, day).messages == 1 + len(heard)
    told = [e.message_id for e in alice.stores.events.after(alice.user, 0, 200, CLOCK.now())]
    assert {m.id: told.count(m.id) for m in messages} == {m.id: m.version for m in messages}


@pytest.mark.parametrize("_again", range(3))
def test_of_a_chat_that_is_deleted_while_a_question_is_replaced_nothing_is_left(
    alice: Racer, _again: int
) -> None:
    asked = alice.asks(0)
    alice.at_once(
        lambda: alice.asks(1, asked), alice.once_seen(lambda: alice.delete_chat(CHAT, alice.user))
    )
    told = [event.name for event in alice.stores.events.after(alice.user, 0, 200, CLOCK.now())]
    alice.keeps()

    assert told[told.index("chat-delete") :] == ["chat-delete"]
    assert alice.said() == []
    assert alice.stores.chats.get(alice.user, CHAT) is None
    assert alice.stores.store.read(alice.user).open_messages == 0


@pytest.mark.parametrize("_again", range(3))
def test_a_question_that_is_deleted_while_it_is_replaced_goes_with_the_new_version_or_stays(
    alice: Racer, _again: int
) -> None:
    asked = alice.asks(0)
    delete = alice.once_seen(lambda: alice.delete_question(a_message(0, id=asked), alice.user))
    _, deleted = alice.at_once(lambda: alice.asks(1, asked), delete)
    alice.keeps()

    pairs = pairs_in(alice.said(), asked)
    assert [pair.stands for pair in pairs].count(True) == bool(pairs)
    assert bool(pairs) == isinstance(deleted, Refused)
    assert len(alice.said()) == 2 * len(pairs)
    chat = alice.stores.chats.get(alice.user, CHAT)
    assert chat is not None
    assert chat.last_line == (asked if pairs else None)
    assert alice.stores.store.read(alice.user).open_messages == 0


@pytest.mark.parametrize("is_brought", [False, True])
@pytest.mark.parametrize("_again", range(3))
def test_no_link_lives_of_a_picture_that_is_deleted_while_it_is_shared(
    alice: Racer, _again: int, *, is_brought: bool
) -> None:
    image = alice.has_brought() if is_brought else alice.has_painted()

    copied = alice.files.copied

    def delete() -> None:
        copied.wait(timeout=10)  # so that both have seen the picture as it was
        alice.delete_image(image.id, alice.user)

    alice.at_once(lambda: alice.shares_it(image), delete)
    at_once = [n for n in alice.links(image) if alice.stores.shares.get(n)]
    alice.keeps()

    assert alice.stores.images.get(alice.user, image.id) is None
    assert at_once == [], "nobody is shown it, before any keeper has come"
    assert alice.links(image) == []
    assert alice.stores.deletions.of_kind(alice.user, DeletionKind.SHARE) == []


@pytest.mark.parametrize("_again", range(3))
def test_a_link_that_was_taken_back_is_read_by_nobody_any_more(alice: Racer, _again: int) -> None:
    image = alice.shares_it(alice.has_painted())
    token = alice.tokens.token(alice.user, image.id, 1)

    def read() -> list[int]:
        return [alice.page(token) for _ in range(20)]

    *seen, _ = alice.at_once(read, read, lambda: alice.takes_back(image))

    assert alice.page(token) == HTTPStatus.NOT_FOUND
    for statuses in seen:
        assert isinstance(statuses, list)
        assert statuses == sorted(statuses), "never again, once it was not there"
        assert set(statuses) <= {HTTPStatus.OK, HTTPStatus.NOT_FOUND}


@pytest.mark.parametrize("_again", range(3))
def test_a_picture_that_is_shared_and_taken_back_at_once_has_the_links_that_its_row_says(
    alice: Racer, _again: int
) -> None:
    image = alice.has_painted()

    def share() -> Image:
        return alice.shares_it(image)

    alice.at_once(share, share, lambda: alice.takes_back(image), lambda: alice.takes_back(image))
    alice.keeps()

    now = alice.stores.images.get(alice.user, image.id)
    assert now is not None
    numbers = [now.share.number] if now.share else []
    assert alice.links(image) == [
        name_of(alice.tokens.token(alice.user, image.id, number)) for number in numbers
    ]
    (message,) = (m for m in alice.said() if m.role is Role.ASSISTANT)
    assert [one.share for one in message.images] == [now.share]


@pytest.mark.parametrize("_again", range(3))
def test_of_an_account_that_is_deleted_beside_its_habits_nothing_is_left(
    alice: Racer, _again: int
) -> None:
    image = alice.has_painted()
    tables, user = alice.stores, alice.user

    alice.at_once(
        lambda: alice.shares_it(image),
        lambda: alice.delete_account(alice.user),
        alice.pin,
        alice.subscribe,
        alice.pin,
    )
    alice.keeps()

    assert alice.links(image) == []
    assert tables.subscriptions.all(user) == []
    assert list(tables.shares.page(user, None, 10)) == []
    assert (tables.images.get(user, image.id), alice.said()) == (None, [])
    assert (tables.chats.pinned(user), tables.chats.get(user, CHAT)) == ([], None)
    assert alice.files.files.keys() <= {image.key}, "which is in no user's folder here"
    with suppress(Refused):
        alice.subscribe()
    assert tables.subscriptions.all(user) == []
