"""The transitions of `unified_channel.js`, in a browser, against sockets that the test plays."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page
from ulid import ULID

from tests.browser.channels import (
    STATIC,
    Channel,
    Frame,
    broadcast,
    delta,
    message,
    preview,
    resume,
    system,
    update,
)
from tests.browser.conftest import Stack
from tests.support.docs import code_blocks

PING = {"action": "ping"}
ROTATION_MS = 115 * 60_000  # with every delay at its ceiling


# Order


def test_live_events_wait_for_the_first_snapshot(channel: Channel) -> None:
    channel.set(holdSnapshot=True)
    channel.open()
    channel.accept()

    channel.receive(update(41), preview("m"), system("resumed", 41))
    assert channel.log == ["connected"]
    channel.run("harness.releaseSnapshot()")

    assert channel.log == ["connected", "snapshot", "update m@41"]
    assert channel.sent == [resume(40)]


def test_events_are_delivered_once_and_in_order(channel: Channel) -> None:
    channel.connect()

    channel.receive(update(42), update(41), update(41), update(40), update(43), update(42))

    assert channel.log == ["update m@41", "update m@42", "update m@43"]


def test_a_gap_is_asked_for_after_300_ms(channel: Channel) -> None:
    channel.connect()

    channel.receive(update(42))
    channel.wait(299)
    assert channel.sent == []
    channel.wait(1)
    assert channel.sent == [resume(40)]
    channel.receive(update(41), update(42), system("resumed", 42))

    assert channel.log == ["update m@41", "update m@42"]


def test_a_gap_that_fills_by_itself_is_not_asked_for(channel: Channel) -> None:
    channel.connect()

    channel.receive(update(42))
    channel.wait(200)
    channel.receive(update(41))
    channel.wait(5000)

    assert channel.sent == []


def test_a_pong_that_is_ahead_leads_to_a_resume(channel: Channel) -> None:
    channel.connect()

    channel.receive(system("pong", 42))
    channel.wait(300)

    assert channel.sent == [resume(40)]


def test_a_hole_that_no_resume_fills_is_asked_for_ever_more_seldom(channel: Channel) -> None:
    channel.connect()
    channel.receive(system("pong", 42))

    for resumes, patience in enumerate((300, 600, 1200)):
        channel.wait(patience - 1)
        assert channel.sent == [resume(40)] * resumes
        channel.wait(1)
        assert channel.sent == [resume(40)] * (resumes + 1)
        channel.receive(system("resumed", 42))


def test_resumes_that_nothing_asked_for_leave_the_next_gap_its_patience(channel: Channel) -> None:
    channel.connect()
    for _ in range(3):
        channel.happen("resume")
        to_level(channel)
    channel.forget()

    channel.receive(update(42))
    channel.wait(300)

    assert channel.sent == [resume(40)]


def test_more_is_followed_by_a_resume_from_there(channel: Channel) -> None:
    channel.open()
    channel.accept()

    channel.receive(update(41), update(42), system("more", 42))
    channel.receive(update(43), system("resumed", 43))

    assert channel.sent == [resume(40), resume(42)]
    assert channel.log == ["snapshot", "update m@41", "update m@42", "update m@43", "connected"]


# Snapshots


def test_a_reset_takes_a_snapshot_and_goes_on_from_it(channel: Channel) -> None:
    channel.connect()
    channel.set(holdSnapshot=True)

    channel.receive(system("reset", 3), update(4))
    assert channel.state == "connecting"
    channel.run("harness.releaseSnapshot()")
    channel.receive(update(5), system("resumed", 5))

    assert channel.sent == [resume(4)]
    assert channel.log == ["connecting", "snapshot", "update m@4", "update m@5", "connected"]


def test_a_reset_forgets_what_was_held_back(channel: Channel) -> None:
    channel.connect()

    channel.receive(update(42), system("reset", 41))

    assert channel.log == ["connecting", "snapshot"]
    assert channel.sent == [resume(41)]


def test_a_snapshot_that_a_second_reset_overtook_is_not_shown(channel: Channel) -> None:
    channel.connect()
    channel.set(holdSnapshot=True)

    channel.receive(system("reset", 50))
    channel.receive(system("reset", 60))
    channel.run("harness.releaseSnapshot()")
    assert channel.log == ["connecting"]
    channel.run("harness.releaseSnapshot()")

    assert channel.log == ["connecting", "snapshot"]
    assert channel.sent == [resume(60)]


def test_a_snapshot_that_fails_is_read_again_after_a_pause(channel: Channel) -> None:
    channel.set(snapshotFails=True)
    channel.open()
    channel.set(snapshotFails=False)
    assert channel.log == []

    channel.wait(500)

    assert channel.log == ["snapshot"]


def test_a_closed_channel_shows_no_snapshot_and_stays_closed(channel: Channel) -> None:
    channel.set(holdSnapshot=True)
    channel.open()
    channel.accept()

    channel.close()
    channel.run("harness.releaseSnapshot()")
    channel.happen("online")
    channel.wait(600_000)

    assert channel.log == ["closed"]
    assert channel.dropped == [True]


# What is news


def test_a_version_already_taken_over_http_is_not_told_again(channel: Channel) -> None:
    channel.set(snapshot=[message("m", 3)])
    channel.connect()

    channel.receive(update(41, version=2), update(42, version=3), update(43, version=4))

    assert channel.log == ["update m@4"]


def test_http_never_takes_back_what_the_channel_brought(channel: Channel) -> None:
    channel.connect()
    channel.receive(update(41, version=5))

    newest = channel.run(
        "return harness.channel.take(argument).map(({ id, version }) => `${id}@${version}`)",
        [message("m", 4), message("n", 1)],
    )

    assert newest == ["m@5", "n@1"]


def test_a_preview_is_told_only_for_a_slot_that_is_being_painted(channel: Channel) -> None:
    channel.connect()
    channel.receive(update(41, version=3, status="generating"), update(42, "n", version=3))

    channel.receive(preview("m", "of an earlier try"), preview("n"), preview("unknown"))
    channel.receive(preview("m"))

    assert channel.log == ["update m@3", "update n@3", "preview m"]


def test_words_grow_in_order_and_never_twice(channel: Channel) -> None:
    """An offset counts code points: a face is one, and two of JavaScript's units."""
    channel.connect()
    channel.receive(update(41, version=1, status="thinking"))

    channel.receive(
        delta("m", 1, 5, "too far"),
        delta("m", 1, 0, "A 😀"),
        delta("m", 1, 3, " sings"),
        delta("m", 1, 0, "A 😀"),
        delta("m", 1, 3, " sings"),
        delta("m", 1, 4, "sings a song"),
        delta("m", 2, 0, "of another version, and longer than all that was before"),
        delta("unknown", 1, 0, "words"),
    )

    assert channel.log == [
        "update m@1",
        "delta m ",
        "delta m A 😀",
        "delta m A 😀 sings",
        "delta m A 😀 sings a song",
    ]
    assert channel.texts() == ["A 😀 sings a song"]


def test_words_are_discarded_by_what_is_newer(channel: Channel) -> None:
    channel.connect()
    channel.receive(update(41, version=1, status="thinking"), delta("m", 1, 0, "Once"))

    channel.receive(update(42, version=2, status="thinking"), delta("m", 2, 0, "Never"))
    assert channel.texts() == ["Never"]
    channel.receive(update(43, version=3, status="failed"))
    assert channel.texts() == [""]
    channel.receive(delta("m", 3, 0, "late"))
    assert channel.texts() == [""]


def test_words_of_a_cancelled_answer_stay_until_an_update_says_them(channel: Channel) -> None:
    channel.connect()
    channel.receive(update(41, version=1, status="thinking"), delta("m", 1, 0, "Once"))

    channel.receive(update(42, version=2, status="cancelled"))
    channel.take(message("m", 2, status="cancelled"))
    assert channel.texts() == ["Once"]
    channel.receive(update(43, version=3, status="cancelled", text="Once upon"))
    assert channel.texts() == ["Once upon"]
    channel.receive(update(44, version=4, status="thinking"))
    assert channel.texts() == [""]


def test_what_http_reads_meanwhile_takes_no_words_away(channel: Channel) -> None:
    channel.connect()
    channel.receive(update(41, version=1, status="thinking"), delta("m", 1, 0, "Once"))

    channel.take(message("m", 1, status="thinking"))

    assert channel.texts() == ["Once"]


def test_an_attachment_that_is_deleted_is_null(channel: Channel) -> None:
    def question(version: int) -> Frame:
        meta = {"status": "complete", "attachments": [{"id": "i"}, {"id": "j"}, None]}
        return message("m", version) | {"meta": meta}

    def attachments() -> Any:
        return channel.run('return harness.channel.messages("c")[0].meta.attachments')

    channel.connect()
    channel.receive(broadcast("message-insert", 41, chat_id="c", message=question(1)))

    channel.receive(broadcast("image-delete", 42, image_ids=["i"]))
    assert attachments() == [None, {"id": "j"}, None]
    channel.take(question(1))  # read before it was deleted
    assert attachments() == [None, {"id": "j"}, None]
    channel.receive(broadcast("message-update", 43, chat_id="c", message=question(2)))
    assert attachments() == [None, {"id": "j"}, None]


def test_what_was_deleted_never_comes_back(channel: Channel) -> None:
    channel.connect()
    channel.receive(
        broadcast("message-delete", 41, chat_id="c", message_ids=["m"]),
        broadcast("image-delete", 42, image_ids=["i"]),
        broadcast("chat-delete", 43, chat_id="d"),
    )

    channel.receive(
        update(44),
        update(45, "in-chat", chat_id="d"),
        broadcast("image-insert", 46, image={"id": "i", "chat_id": "c"}),
        broadcast("chat-update", 47, chat={"id": "d"}),
        system("reset", 50),
    )
    left = channel.run(
        """return [
            ...harness.channel.take(argument),
            ...harness.channel.present([{ id: "i", chat_id: "c" }, { id: "j", chat_id: "d" }]),
        ]""",
        [message("m", 9), message("n", 9, chat_id="d")],
    )

    assert channel.log == ["delete m", "delete i", "delete d", "connecting", "snapshot"]
    assert left == []


def test_a_text_too_long_for_a_frame_is_read_over_http(channel: Channel) -> None:
    channel.connect()
    channel.answer("GET /chats/c/messages/m", (200, message("m", 41, text="long")))

    channel.receive(update(41, text=None, truncated=True))

    assert channel.log == ["update m@41", "update m@41"]
    assert channel.run("return harness.channel.messages('c').map(({ text }) => text)") == ["long"]


def test_an_unknown_event_is_loud_and_the_next_gets_its_turn(channel: Channel) -> None:
    channel.connect()
    channel.run("window.onerror = (message) => { window.loud = message }")

    channel.receive(broadcast("message-riddle", 41), update(42))

    assert "message-riddle" in str(channel.run("return window.loud"))
    assert channel.log == ["update m@42"]


def test_a_listener_for_an_unknown_event_is_refused(channel: Channel) -> None:
    channel.connect()

    answer = channel.run("""
        try { harness.channel.on("message-riddle", () => {}); }
        catch (error) { return error.message; }
    """)

    assert answer == "no such event: message-riddle"


@pytest.mark.parametrize("missing", ["", "reportError"])  # as in Node
def test_a_defect_of_one_listener_is_not_the_next_ones(channel: Channel, missing: str) -> None:
    channel.connect()
    channel.run("delete window[argument]", missing)
    channel.run("""
        window.onerror = () => true;
        harness.channel.on("message-update", () => { throw new Error("defect") });
        harness.channel.on("message-update", () => harness.log.push("heard"));
    """)

    channel.receive(update(41), update(42))

    assert channel.log == ["update m@41", "heard", "update m@42", "heard"]


# The connection


def to_level(channel: Channel) -> None:
    channel.receive(system("resumed", 40))


def to_reset(channel: Channel) -> None:
    channel.receive(system("reset", 40))


EVENTS: dict[str, Callable[[Channel], None]] = {
    "wake": lambda channel: channel.run("harness.channel.wake()"),
    "resumed": to_level,
    "reset": to_reset,
    "lost": Channel.fail,
    "offline": lambda channel: channel.happen("offline"),
    "leave": lambda channel: channel.happen("pagehide"),
    "close": Channel.close,
}
ANYWHERE = {"offline": "offline", "leave": "away", "close": "closed"}
WITHOUT_LINE = {**ANYWHERE, "wake": "trying"}
WITH_LINE = {**ANYWHERE, "resumed": "level", "reset": "behind", "lost": "waiting"}
# state: the events that lead there, and where which of them all leads from there
MOVES: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "trying": ((), WITH_LINE),
    "level": (("resumed",), WITH_LINE),
    "behind": (("resumed", "reset"), WITH_LINE),
    "waiting": (("resumed", "lost"), WITHOUT_LINE),
    "offline": (("resumed", "offline"), WITHOUT_LINE),
    "away": (("resumed", "leave"), {"wake": "trying", "close": "closed"}),
    "closed": (("resumed", "close"), {}),
}


def seen(channel: Channel) -> str:
    """The state that the connection is in, by what it does."""
    if channel.state == "closed":
        return "closed"
    if channel.via == "socket":
        return "level"
    if not channel.dropped[-1]:
        return "behind" if channel.run("return harness.held.length") else "trying"
    opened = channel.sockets
    for state, ms in (("waiting", 1_000), ("offline", 29_000)):
        channel.wait(ms)
        if channel.sockets > opened:
            return state
    return "away"


@pytest.mark.parametrize("state", MOVES)
def test_every_event_leads_where_the_table_says(channel: Channel, state: str) -> None:
    before, moves = MOVES[state]
    found = {}
    for event in EVENTS:
        channel.set(holdSnapshot=False)
        channel.open()
        channel.set(holdSnapshot=True)
        for step in (*before, event):
            EVENTS[step](channel)
            channel.wait(0)
        found[event] = seen(channel)
        channel.close()
        channel.run("harness.releaseSnapshot()")

    assert found == dict.fromkeys(EVENTS, state) | moves


@pytest.mark.parametrize("way", ["pageshow", "visibilitychange", "online"])
def test_a_page_that_is_shown_again_connects_at_once(channel: Channel, way: str) -> None:
    channel.connect()
    channel.happen("pagehide")
    channel.wait(600_000)
    assert (channel.sockets, channel.dropped) == (1, [True])

    channel.happen(way)
    channel.wait(0)
    channel.accept()
    channel.receive(update(41), system("resumed", 41))

    assert channel.log == ["connecting", "update m@41", "connected"]


def test_a_page_that_was_frozen_asks_for_what_it_missed(channel: Channel) -> None:
    channel.connect()

    channel.happen("resume")
    assert channel.sent == [resume(40)]
    channel.wait(10_000)  # the socket is dead

    assert channel.state == "connecting"


def test_a_hidden_page_gives_an_answer_more_time_than_a_minute(channel: Channel) -> None:
    channel.connect()
    channel.hide(True)

    channel.wait(240_000 + 64_999)
    assert (channel.sent, channel.state) == ([PING], "connected")
    channel.wait(1)

    assert channel.state == "connecting"


def test_somebody_who_looks_waits_no_minute_for_a_line(channel: Channel) -> None:
    channel.hide(True)
    channel.open()
    channel.accept()
    channel.wait(20_000)

    channel.hide(False)
    channel.wait(9_999)
    assert channel.dropped == [False]
    channel.wait(1)

    assert channel.dropped == [True]


def test_somebody_who_looks_does_not_cut_a_slow_request_short(channel: Channel) -> None:
    channel.open("{ fetch: () => new Promise(() => harness.requests.push('asked')) }")

    EVENTS["wake"](channel)
    channel.wait(30_000)

    assert channel.requests == ["asked"]


def test_a_closed_channel_leaves_nothing_behind_in_the_page(channel: Channel) -> None:
    channel.run("""
        window.kept = new Set();
        window.addEventListener = (...how) => kept.add(how.join());
        window.removeEventListener = (...how) => kept.delete(how.join());
    """)
    channel.open()
    assert channel.run("return kept.size") == 6

    channel.close()

    assert channel.run("return [...kept]") == []


def test_a_socket_that_the_pages_policy_refuses_is_lost_at_once(channel: Channel) -> None:
    channel.open()

    channel.run("harness.sockets.at(-1).refuse()")
    channel.wait(500)

    assert channel.sockets == 2


def test_a_listener_that_closes_the_channel_has_the_last_word(channel: Channel) -> None:
    channel.connect()
    channel.run("harness.channel.on('state', () => harness.channel.close())")

    to_reset(channel)
    channel.wait(600_000)

    assert channel.log == ["connecting", "closed"]
    assert channel.sockets == 1


def test_an_option_that_is_undefined_is_as_one_that_is_missing(channel: Channel) -> None:
    channel.open("{ url: undefined, random: undefined, snapshot: undefined }")
    channel.fail()
    channel.wait(500)

    assert channel.requests[0] == "GET /realtime/events"
    assert channel.sockets == 2


def test_tickets_that_fail_are_asked_for_with_growing_delays(channel: Channel) -> None:
    channel.set(ticketsFail=True)
    channel.open()

    for failures, delay in enumerate((500, 1000, 2000, 4000, 8000, 16000, 30000, 30000), start=1):
        assert channel.tickets == failures
        channel.wait(delay - 1)
        assert channel.tickets == failures
        channel.wait(1)
    channel.set(ticketsFail=False)
    channel.wait(30000)
    channel.accept()
    channel.receive(system("resumed", 40))

    assert channel.state == "connected"


def test_events_are_asked_for_where_no_ticket_can_be_had(channel: Channel) -> None:
    channel.connect()
    channel.set(ticketsFail=True)

    channel.fail()
    channel.wait(30_000)

    assert channel.via == "http"
    channel.set(ticketsFail=False)
    before = channel.sockets
    for _ in range(30):
        if channel.sockets == before:
            channel.wait(1_000)
    channel.accept()
    channel.receive(system("resumed", 40))
    assert (channel.state, channel.via) == ("connected", "socket")


ACCOUNT_DELETED = {"code": "account_deleted", "message": "Gone.", "retry_after": None}


@pytest.mark.parametrize("request_", ["POST /realtime/tickets", "GET /realtime/events?after=40"])
def test_who_comes_back_to_a_deleted_account_stops(channel: Channel, request_: str) -> None:
    channel.connect()
    channel.set(ticketsFail=request_ != "POST /realtime/tickets")
    channel.answer(request_, (410, {"error": ACCOUNT_DELETED}))

    channel.fail()
    channel.wait(30_000)

    assert channel.state == "closed"
    asked = len(channel.requests)
    channel.wait(120_000)
    assert len(channel.requests) == asked


UPLOAD = "PUT /images/01ARZ3NDEKTSV4RRFFQ69G5FAV"


def upload(channel: Channel, then: str) -> Any:
    return channel.run(f"""
        const aborter = new AbortController();
        const blob = new Blob(["bytes"], {{ type: "image/png" }});
        window.up = harness.channel.upload("{UPLOAD[-26:]}", blob, {{ signal: aborter.signal }})
            .catch(({{ name, code }}) => `${{name}} ${{code}}`);
        {then}
    """)


def test_an_upload_is_repeated_under_its_id_when_the_server_says(channel: Channel) -> None:
    channel.connect()
    busy = {"code": "busy", "message": "Busy.", "retry_after": 7}
    channel.answer(UPLOAD, (0, None), (503, {"error": busy}), (201, {"image": {"id": "it"}}))

    upload(channel, "")
    channel.wait(1_000)
    assert channel.requests.count([UPLOAD, "blob"]) == 2
    channel.wait(6_900)
    assert channel.requests.count([UPLOAD, "blob"]) == 2
    channel.wait(200)

    assert channel.requests.count([UPLOAD, "blob"]) == 3
    assert channel.run("return window.up") == {"id": "it"}


def test_an_upload_that_nobody_wants_any_more_is_not_repeated(channel: Channel) -> None:
    channel.connect()
    channel.answer(UPLOAD, (0, None), (201, {"image": {"id": "it"}}))

    told = upload(channel, "aborter.abort(); return window.up;")
    channel.wait(60_000)

    assert told.startswith("AbortError")
    assert channel.requests.count([UPLOAD, "blob"]) == 1


def test_a_message_is_posted_with_what_was_chosen(channel: Channel) -> None:
    channel.connect()

    channel.run("""
        const wishes = {
            imageIds: ["p"], paint: true, imageSize: "4K", imageModel: "m", again: "a" };
        harness.channel.send("c", "hi", { id: "i", ...wishes }).catch(() => {});
    """)
    channel.wait(0)

    body = {"image_ids": ["p"], "paint": True, "image_size": "4K", "image_model": "m", "again": "a"}
    assert channel.requests[-1][1] == {"id": "i", "text": "hi", **body}


def test_a_token_that_cannot_be_had_is_an_answer_that_did_not_come(channel: Channel) -> None:
    channel.connect()
    channel.set(tokenFails=True)

    error = channel.run("""
        const told = ({ name, status, undecided, message }) => [name, status, undecided, message];
        return harness.channel.request("DELETE", "/me").catch(told);
    """)

    assert error == ["ApiError", 0, True, "You are not signed in."]


def test_a_dead_socket_is_replaced_and_has_no_say_any_more(channel: Channel) -> None:
    channel.connect()
    channel.receive(update(41, status="generating"))

    channel.wait(25_000)
    assert channel.sent == [PING]
    channel.wait(10_000)  # no answer
    channel.wait(500)
    assert channel.sockets == 2
    channel.receive(update(42), socket=0)
    channel.accept()

    assert channel.log == ["update m@41", "connecting"]
    assert channel.sent == [resume(41)]


def test_a_pong_is_no_answer_to_a_resume(channel: Channel) -> None:
    channel.connect()
    channel.receive(update(41, status="generating"))
    channel.wait(24_000)
    channel.receive(update(43))
    channel.wait(1_000)
    assert channel.sent == [resume(41), PING]

    channel.receive(system("pong", 43))
    channel.wait(9_299)
    assert channel.state == "connected"
    channel.wait(1)

    assert channel.state == "connecting"


def test_an_idle_channel_is_pinged_every_four_minutes(channel: Channel) -> None:
    channel.connect()

    channel.wait(239_999)
    assert channel.sent == []
    channel.wait(1)

    assert channel.sent == [PING]


def tell(channel: Channel, action: Frame) -> Any:
    return channel.run("return harness.channel.tell(argument)", action)


def test_what_is_told_is_sent_and_not_waited_for(channel: Channel) -> None:
    channel.connect()

    assert tell(channel, {"action": "report"}) is True

    assert channel.sent == [{"action": "report"}]
    channel.wait(60_000)
    assert (channel.sockets, channel.state) == (1, "connected")


def test_who_writes_is_told_of_at_the_first_input_and_then_once_in_five_minutes(
    channel: Channel,
) -> None:
    channel.connect()

    for pause in (0, 299_000, 1_000):
        channel.run("harness.channel.typing()")
        channel.wait_with_pings(pause)
    channel.run("harness.channel.typing()")

    assert [frame for frame in channel.sent if frame != PING] == [{"action": "typing"}] * 2


def test_what_is_told_without_a_socket_is_not_kept(channel: Channel) -> None:
    channel.connect()
    channel.fail()

    assert tell(channel, {"action": "report"}) is False

    channel.wait(500)
    channel.accept()
    assert channel.sent == [resume(40)]


def test_a_message_that_ended_makes_pings_rare_again(channel: Channel) -> None:
    channel.connect()

    channel.receive(update(41, status="thinking"), update(42))
    channel.wait(239_999)
    assert channel.sent == []
    channel.wait(1)

    assert channel.sent == [PING]


def test_offline_drops_the_socket_and_online_connects_at_once(channel: Channel) -> None:
    channel.connect()

    channel.happen("offline")
    assert channel.state == "connecting"
    assert channel.dropped == [True]
    channel.wait(29_999)
    assert channel.sockets == 1
    channel.happen("online")
    channel.wait(0)

    assert channel.sockets == 2


def test_a_browser_that_says_offline_in_error_is_not_believed_for_ever(channel: Channel) -> None:
    channel.connect()

    channel.happen("offline")
    channel.wait(30_000)

    assert channel.sockets == 2


def test_somebody_who_looks_again_makes_the_channel_prove_itself(channel: Channel) -> None:
    channel.connect()

    channel.happen("visibilitychange")
    assert channel.sent == [PING]
    channel.wait(10_000)  # no answer

    assert channel.state == "connecting"


def test_a_refused_resume_begins_anew(channel: Channel) -> None:
    channel.open()
    channel.accept()

    channel.receive(system("error", 40, code="internal", message="Something went wrong."))
    channel.wait(500)

    assert channel.sockets == 2


def test_success_makes_the_next_reconnect_quick_again(channel: Channel) -> None:
    channel.set(ticketsFail=True)
    channel.open()
    channel.wait(500 + 1000 + 2000)
    channel.set(ticketsFail=False)
    channel.wait(4000)
    channel.accept()
    channel.receive(system("resumed", 40))

    channel.fail()
    channel.wait(500)

    assert channel.sockets == 2


def test_a_tab_that_made_room_for_a_newer_one_comes_back_late(channel: Channel) -> None:
    channel.connect()

    channel.receive(system("error", 40, code="replaced", message="A newer tab took over."))
    channel.fail()
    channel.wait(29_999)
    assert channel.sockets == 1
    channel.wait(1)

    assert channel.sockets == 2


def test_a_line_whose_token_has_ended_is_left_for_one_with_a_fresh_ticket(
    channel: Channel,
) -> None:
    channel.connect()
    tickets = channel.tickets

    channel.receive(system("error", 42, code="token_expired", message="Its token has ended."))
    channel.wait(500)
    channel.accept()

    assert (channel.sockets, channel.tickets) == (2, tickets + 1)
    assert channel.sent[-1] == {"action": "resume", "after": 40}


def test_a_deleted_account_has_nothing_to_come_back_to(channel: Channel) -> None:
    channel.connect()

    channel.receive(system("error", 40, code="account_deleted", message="It is gone."))
    channel.wait(60_000)

    assert channel.state == "closed"
    assert channel.sockets == 1


# Rotation


def test_the_connection_is_changed_before_the_gateway_ends_it(channel: Channel) -> None:
    channel.connect()

    channel.wait_with_pings(ROTATION_MS)
    channel.accept()
    channel.receive(update(41), socket=0)  # while the next one is not level yet
    channel.receive(update(41), update(42), socket=1)
    assert channel.dropped == [False, False]
    channel.receive(system("resumed", 42), socket=1)
    channel.receive(update(43), socket=0)  # too late
    channel.receive(update(43), socket=1)

    assert channel.dropped == [True, False]
    assert channel.log == ["update m@41", "update m@42", "update m@43"]
    assert channel.state == "connected"


def test_a_next_connection_that_fails_leaves_the_first_alone(channel: Channel) -> None:
    channel.connect()

    channel.wait_with_pings(ROTATION_MS)
    channel.fail()
    channel.receive(update(41), socket=0)
    channel.wait(500)

    assert channel.log == ["update m@41"]
    assert channel.dropped == [False, True, False]


def test_a_line_lost_while_the_next_one_opens_is_replaced(channel: Channel) -> None:
    channel.connect()

    channel.wait_with_pings(ROTATION_MS)
    channel.run("harness.sockets[0].fail()")
    channel.wait(500)
    channel.accept()
    channel.receive(system("resumed", 40))

    assert channel.dropped == [True, True, False]
    assert channel.log == ["connecting", "connected"]


# Where no socket gets through


def without_sockets(channel: Channel) -> None:
    """Two sockets that never opened, and the replay has been asked once."""
    channel.open()
    channel.fail()
    channel.wait(500)
    channel.fail()
    channel.run("")
    assert channel.via == "http"
    channel.forget()


def test_without_sockets_events_come_over_http(channel: Channel) -> None:
    without_sockets(channel)
    assert channel.state == "connected"

    channel.set(replay={"events": [update(41), update(42)], "seq": 42, "reset": False})
    channel.wait(10_000)

    assert channel.log == ["update m@41", "update m@42"]


def test_the_replay_waits_until_it_is_known_where_events_begin(channel: Channel) -> None:
    channel.answer("GET /realtime/events", *[(0, "")] * 3)
    channel.open()

    channel.wait(500)
    channel.wait(1_000)

    asked = [request for request in channel.requests if request != "GET /config.json"]
    assert asked == ["GET /realtime/events"] * 3


def test_sockets_that_fail_now_and_then_are_no_reason_for_the_replay(channel: Channel) -> None:
    channel.open()
    for _ in range(3):
        channel.fail()  # before it was level
        channel.wait(500 + 1_000)
        channel.accept()
        to_level(channel)
        channel.fail()
        channel.wait(500)

    assert channel.sockets == 7
    assert [asked for asked in channel.requests if "after" in asked] == []


def test_without_the_constructor_of_a_socket_no_ticket_is_asked_for(channel: Channel) -> None:
    channel.run("delete window.WebSocket")
    channel.open("{ WebSocket: undefined }")
    assert (channel.state, channel.via) == ("connected", "http")

    channel.set(replay={"events": [update(41)], "seq": 41, "reset": False})
    EVENTS["wake"](channel)
    channel.happen("offline")
    channel.happen("online")
    channel.wait(0)

    assert channel.log == ["snapshot", "connected", "update m@41", "connecting", "connected"]
    assert channel.tickets == 0


@pytest.mark.parametrize("event", ["resumed", "reset", "offline", "leave", "close"])
def test_the_replay_ends_where_it_would_bring_nothing(channel: Channel, event: str) -> None:
    without_sockets(channel)
    EVENTS["wake"](channel)  # beside a next try it goes on
    channel.wait(0)
    assert (channel.sockets, channel.via) == (3, "http")

    EVENTS[event](channel)
    channel.forget()
    channel.wait(20_000)

    assert [asked for asked in channel.requests if "after" in asked] == []
    assert channel.via == ("socket" if event == "resumed" else None)


def test_a_listener_that_closes_the_channel_ends_the_replay(channel: Channel) -> None:
    without_sockets(channel)
    channel.run("harness.channel.on('message-update', () => harness.channel.close())")
    channel.set(replay={"events": [update(41)], "seq": 41, "reset": False})

    channel.wait(10_000)
    channel.forget()
    channel.wait(60_000)

    assert channel.state == "closed"
    assert channel.requests == []


def test_the_replay_is_asked_more_often_while_a_message_is_open(channel: Channel) -> None:
    without_sockets(channel)
    channel.set(replay={"events": [update(41, status="thinking")], "seq": 41, "reset": False})
    channel.wait(10_000)
    channel.forget()

    channel.wait(2_000)

    assert "GET /realtime/events?after=41" in channel.requests


def test_a_socket_that_opens_later_takes_over_from_http(channel: Channel) -> None:
    without_sockets(channel)

    channel.wait(1_000)
    channel.accept()
    channel.receive(system("resumed", 40))
    assert channel.via == "socket"
    channel.forget()
    channel.wait(60_000)

    assert channel.requests == []
    assert channel.log == []


def test_an_http_replay_that_cannot_be_made_takes_a_snapshot(channel: Channel) -> None:
    without_sockets(channel)
    channel.set(replay={"events": [], "seq": 7, "reset": True})

    channel.wait(10_000)
    channel.set(replay={"events": [update(8)], "seq": 8, "reset": False})
    channel.wait(10_000)

    assert channel.log == ["snapshot", "update m@8"]


def test_without_sockets_and_http_the_channel_says_so(channel: Channel) -> None:
    without_sockets(channel)
    channel.set(replayFails=True)

    channel.wait(60_000)
    assert channel.log == ["connecting"]
    channel.set(replayFails=False)
    channel.wait(60_000)

    assert channel.log == ["connecting", "connected"]


# Requests

MESSAGES = "POST /chats/c/messages"


def send(channel: Channel, name: str | None = None) -> None:
    channel.run(
        """window.sent = harness.channel.send("c", "Hello", {
            id: argument ?? undefined, onNewId: (id) => harness.log.push(`new id ${id}`),
        }).then((answer) => answer.message, (error) => error)""",
        name,
    )


def answered() -> dict[str, object]:
    return {
        "message": "Hi!",
        "user_message": message("m", 1),
        "assistant_message": message("n", 2),
    }


def test_a_message_is_sent_under_the_same_id_until_the_server_has_decided(channel: Channel) -> None:
    channel.connect()
    channel.answer(
        MESSAGES, (0, ""), (503, {"message": "Slow down"}), (200, '{"cut'), (200, answered())
    )

    send(channel, "01M7")
    for delay in (1000, 2000, 4000):
        channel.wait(delay)

    body = {"id": "01M7", "text": "Hello"}
    assert channel.requests == [[MESSAGES, body]] * 4
    assert channel.run("return await window.sent") == "Hi!"
    held = channel.run("return harness.channel.messages('c').map(({ id }) => id)")
    assert held == ["m", "n"]


def test_a_refusal_is_not_repeated(channel: Channel) -> None:
    channel.connect()
    error = {"code": "too_many_open", "message": "Wait a little.", "retry_after": 5}
    channel.answer(MESSAGES, (429, {"error": error}))

    send(channel)
    channel.wait(60_000)

    refusal = channel.run("const { code, message, retryAfter } = await window.sent;"
                          "return [code, message, retryAfter]")  # fmt: skip
    assert refusal == ["too_many_open", "Wait a little.", 5]


def test_a_wrong_clock_is_corrected_by_the_servers(channel: Channel) -> None:
    channel.connect()
    error = {
        "code": "clock_skew",
        "message": "Your clock is wrong.",
        "retry_after": None,
        "server_time": "2026-11-20T10:00:00.000Z",
    }
    channel.answer(MESSAGES, (400, {"error": error}), (200, answered()))

    send(channel)

    assert channel.run("return await window.sent") == "Hi!"
    (_, (_, body)) = channel.requests
    assert channel.log == [f"new id {body['id']}"]
    assert f"{ULID.from_str(body['id']).datetime:%Y-%m-%d %H:%M}" == "2026-11-20 10:00"
    later = channel.run("return new Date(harness.channel.now()).toISOString()")
    assert str(later).startswith("2026-11-20T10:0")


@pytest.mark.parametrize(
    ("date", "offset_ms"),
    [
        ("Thu, 01 Jan 1970 16:40:01 GMT", 0),  # whole seconds, some of them on the way
        ("Thu, 01 Jan 1970 16:44:00 GMT", 240_500),
        ("Thu, 01 Jan 1970 16:38:00 GMT", -119_500),
        ("yesterday", 0),
    ],
)
def test_the_servers_clock_is_read_from_its_answers(
    channel: Channel, date: str, offset_ms: int
) -> None:
    channel.set(date=date)  # the clock here stands at 16:40

    channel.connect()

    assert channel.run("return harness.channel.now() - Date.now()") == offset_ms


def test_a_refused_token_is_asked_for_anew_once(channel: Channel) -> None:
    channel.connect()
    channel.run("harness.tokens.length = 0")
    channel.answer("GET /chats", (401, {}), (200, {"chats": []}))

    assert channel.run("return await harness.channel.get('/chats')") == {"chats": []}

    assert channel.run("return harness.tokens") == [False, True]


def test_the_type_declarations_name_what_there_is(channel: Channel) -> None:
    channel.open()

    there = channel.run("""
        const module = await import("/static/unified_channel.js");
        const members = (one) => [
            ...Object.keys(one), ...Object.getOwnPropertyNames(Object.getPrototypeOf(one)),
        ];
        return {
            module: Object.keys(module),
            UnifiedChannel: members(harness.channel),
            ApiError: members(new module.ApiError(0)),
        };
    """)

    declared = (STATIC / "unified_channel.d.ts").read_text("utf-8")
    assert set(re.findall(r"^export (?:class|function) (\w+)", declared, re.MULTILINE)) == set(
        there["module"]
    )
    for name in ("UnifiedChannel", "ApiError"):
        body = declared.partition(f"export class {name}")[2].partition("\n}")[0]
        members = set(re.findall(r"^  (?:readonly )?(\w+)[(:<]", body, re.MULTILINE))
        assert members == set(there[name]) - {"name"}, name


# On the running stack

EMBEDDED = """async (user) => {
    const { connect } = await import("/static/unified_channel.js");
    const answer = await fetch("/dev/token", { method: "POST", body: JSON.stringify({ user }) });
    const { access_token } = await answer.json();
    const url = "", chatId = "embedded", token = () => access_token;
    let held = [];
    const show = (messages) => (held = messages);
    %s
    await new Promise((connected) => channel.on("state", connected));
    await channel.send(chatId, "paint a sunset over the sea");
    while (held.at(-1)?.meta.status !== "complete") await new Promise(requestAnimationFrame);
    channel.close();
    return held.map(({ role, meta }) => [role, meta.message_type]);
}"""


def test_the_lines_without_react_bring_a_picture(stack: Stack, page_of_stack: Page) -> None:
    lines = code_blocks("embed", "Without React", "js")[0]
    stack.gemini(text_ms=20, image_ms=100, script=[])

    held = page_of_stack.evaluate(EMBEDDED % lines, f"reader-{uuid.uuid4().hex[:8]}")

    assert held == [["user", "text"], ["assistant", "image"]]
