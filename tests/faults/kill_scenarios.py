"""The lives of a message that are interrupted, each from before its first step.

A scenario brings a user to the moment where the function under test begins, arms the kill and
lets it run. `ends` are the statuses its message may have in the end, whichever step is killed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from afterimage.domain import ids
from tests.faults.kill_stage import Stage
from tests.faults.kill_stock import nothing_taken
from tests.faults.proxy import (
    Action,
    Answer,
    Exchange,
    Hold,
    aws_error,
    delay,
    kill_after,
    kill_before,
    refuse,
)
from tests.support.hostile_pictures import png
from tests.support.stocked import SUGGESTION, put_picture

_LLM, _PAINTER, _API, _KEEPER = "llm_handler_gemini", "image_generate", "chat_api", "keeper"
_INTAKE = "image_upload"
_ON_ITS_WAY = 0.05  # seconds in which what a killed process had sent beside arrives here
_TEXT, _IMAGE = "streamGenerateContent text", "streamGenerateContent image"
_REJECTED = refuse(400, {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "no"}})


@dataclass(frozen=True)
class Scenario:
    """How a case is played.

    Attributes:
        function: the one that is killed.
        ends: statuses the message may end with; empty where it may never have been heard.
        repeated: the same, where the client repeats its request until it is answered.
        pictures: how many are asked for.
    """

    name: str
    function: str
    play: Callable[[Stage], None]
    ends: frozenset[str]
    repeated: frozenset[str] | None = None
    pictures: int = 1


# --- llm_handler_gemini ------------------------------------------------------------------------


def text_reply(stage: Stage) -> None:
    stage.arm()
    stage.ask("hello")


def text_written(stage: Stage) -> None:
    """The rest of the words comes once the first have been posted, if anybody is left to read."""

    def in_two(exchange: Exchange) -> Answer | None:
        answer = exchange.forward()
        if answer is None:
            return None
        first = answer.body.index(b"\r\n\r\n") + 4
        return replace(answer, paused=(first, stage.until_words_were_posted))

    stage.on(_TEXT, in_two)
    text_reply(stage)


def text_refused(stage: Stage) -> None:
    stage.on(_TEXT, _REJECTED, nth=0)
    text_reply(stage)


def picture_ordered(stage: Stage) -> None:
    stage.arm()
    stage.ask("paint a boat")


def picture_waits(stage: Stage) -> None:
    """Another one is being painted, and only one may be."""
    hold = _hold(stage, _IMAGE, "paint a boat")
    stage.arm()
    stage.ask("paint a boat")
    hold.release()


def painted_at_once(stage: Stage) -> None:
    """No text model is asked: what stores the question orders its picture."""
    stage.arm()
    stage.ask("a boat", paint=True)


def suggestion_taken(stage: Stage) -> None:
    put_picture(stage.stack, dict.fromkeys(ids.IMAGE_FILES, b""))
    stage.arm()
    stage.ask(SUGGESTION.text)


def suggestion_put_back(stage: Stage) -> None:
    """Whoever took it died when everything was copied."""
    put_picture(stage.stack, dict.fromkeys(ids.IMAGE_FILES, b""))
    stage.on("TransactWriteItems opening", kill_before, _LLM)
    stage.ask(SUGGESTION.text)
    stage.until("silence", stage.is_quiet)
    stage.arm()
    stage.until("the picture's return", lambda: nothing_taken(stage.stack, stage.user))


def question_replaced(stage: Stage) -> None:
    """In vain: the pair that stood before stands again."""
    stage.ask("hello")
    stage.on(_TEXT, _REJECTED, nth=0)
    stage.arm()
    stage.ask("hello", replaces=stage.message_id)


def painter_unreachable(stage: Stage) -> None:
    stage.on("Invoke", aws_error(403, "AccessDeniedException"))
    picture_ordered(stage)


def text_retried(stage: Stage) -> None:
    refusing = stage.on(_TEXT, _REJECTED, nth=0)
    stage.ask("hello")
    stage.answers_until("failed")
    stage.proxy.remove(refusing)
    stage.arm()
    stage.click("retry")


def picture_retried(stage: Stage) -> None:
    refusing = stage.on(_IMAGE, _REJECTED, nth=0)
    stage.ask("paint a boat")
    stage.answers_until("failed")
    stage.proxy.remove(refusing)
    stage.arm()
    stage.click("retry")


# --- image_generate ----------------------------------------------------------------------------


def second_attempt(stage: Stage) -> None:
    stage.on(_IMAGE, _dies(stage, kill_before), _PAINTER)
    stage.ask("paint a boat")


def second_attempt_with_original(stage: Stage) -> None:
    stage.on("PutObject original", _dies(stage, kill_after), _PAINTER)
    stage.ask("paint a boat")


def _dies(stage: Stage, kill: Action) -> Action:
    """A kill; whoever rescues waits until the steps of the next attempt count."""
    rescued = Hold()
    stage.on("GetItem image_generation_log", rescued, _KEEPER)

    def act(exchange: Exchange) -> None:
        kill(exchange)
        time.sleep(_ON_ITS_WAY)
        stage.arm()
        rescued.release()

    return act


def next_begun(stage: Stage) -> None:
    """Another one waits until this one is painted."""
    hold = _another_waits(stage)
    stage.arm()
    hold.release()


def two_of_four_done(stage: Stage) -> None:
    """One picture is painted at a time; from the moment on when the second is delivered."""
    stage.on("TransactWriteItems generating", delay(0), _PAINTER, nth=2, then=stage.arm)
    stage.ask("paint a boat", count=4)


def _another_waits(stage: Stage) -> Hold:
    hold = _hold(stage, _IMAGE, "paint a boat")
    stage.ask("paint a boat")
    return hold


def edited(stage: Stage) -> None:
    _painted(stage)
    stage.arm()
    stage.ask("make it night")


def edited_and_source_deleted(stage: Stage) -> None:
    """Deleted when the painter has been told and has not begun."""
    image = _painted(stage)
    hold = Hold()
    stage.on("UpdateItem claim", hold, _PAINTER)
    stage.ask("make it night")
    stage.until("the painter", hold.held.is_set)
    reading = "BatchGetItem chats messages"  # beside the claim
    stage.until("the second reading", lambda: stage.steps(_PAINTER)[reading] > 1)
    stage.arm()
    stage.delete(f"/images/{image}")
    hold.release()


def picture_refused(stage: Stage) -> None:
    stage.on(_IMAGE, _REJECTED, nth=0)
    picture_ordered(stage)


# --- image_upload ------------------------------------------------------------------------------


def picture_brought(stage: Stage) -> None:
    """One so large that it has a smaller copy."""
    stage.arm()
    stage.bring(png((1300, 1000)))


def rubbish_brought(stage: Stage) -> None:
    stage.arm()
    stage.bring(b"<!doctype html>")


def upload_purged(stage: Stage) -> None:
    """Whoever brought it died when all of its files were there."""
    stage.on("TransactWriteItems image", kill_before, _INTAKE)
    stage.bring(png((4, 3)))
    stage.until("silence", stage.is_quiet)
    stage.arm()
    stage.until("the removal of uploads", stage.nothing_to_purge)


# --- chat_api ----------------------------------------------------------------------------------


def text_cancelled(stage: Stage) -> None:
    hold = _hold(stage, _TEXT, "hello")
    stage.arm()
    stage.click("cancel")
    hold.release()


def reserved_picture_cancelled(stage: Stage) -> None:
    """Its event waits in Lambda's queue, and is not delivered before the end."""
    stage.on("Invoke", refuse(202), _LLM)
    stage.ask("paint a boat")
    stage.arm()
    stage.click("cancel")


def running_picture_cancelled(stage: Stage) -> None:
    hold = _hold(stage, _IMAGE, "paint a boat")
    stage.arm()
    stage.click("cancel")
    hold.release()


def next_begun_by_cancel(stage: Stage) -> None:
    hold = _another_waits(stage)
    stage.arm()
    stage.click("cancel")
    hold.release()


def _hold(stage: Stage, step: str, text: str) -> Hold:
    """Somebody asks, and the provider takes its time."""
    hold = Hold()
    stage.on(step, hold)
    stage.ask_meanwhile(text)
    stage.until("the provider's call", hold.held.is_set)
    return hold


def picture_deleted(stage: Stage) -> None:
    image = _painted(stage)
    stage.arm()
    stage.delete(f"/images/{image}")


def picture_shared(stage: Stage) -> None:
    path = f"/images/{_painted(stage)}/share"
    stage.arm()
    stage.does(lambda: stage.http.put(path, json={}))


def link_taken_back(stage: Stage) -> None:
    path = f"/images/{_painted(stage)}/share"
    stage.http.put(path, json={})
    stage.until("silence", stage.is_quiet)
    stage.arm()
    stage.delete(path)


def question_deleted(stage: Stage) -> None:
    """With its picture."""
    stage.ask("a boat", paint=True)
    stage.answers_until("complete")
    stage.until("silence", stage.is_quiet)
    stage.arm()
    stage.delete(f"/chats/{stage.chat}/messages/{stage.message_id}")


def versions_removed(stage: Stage) -> None:
    """Whoever deleted the question died when the version that stood was gone."""
    stage.ask("hello")
    stage.ask("hello", replaces=stage.message_id)
    stage.on("TransactWriteItems removal", kill_after, _API, then=stage.arm)
    stage.delete(f"/chats/{stage.chat}/messages/{stage.message_id}")


def chat_deleted(stage: Stage) -> None:
    _painted(stage)
    stage.arm()
    stage.delete(f"/chats/{stage.chat}")


def account_deleted(stage: Stage) -> None:
    _painted(stage)
    stage.leave()  # whoever is turned away would ask again and again
    stage.arm()
    stage.delete("/me")


def running_chat_deleted(stage: Stage) -> None:
    """What the function uploads afterwards goes as well."""
    hold = _hold(stage, _IMAGE, "paint a boat")
    stage.arm()
    stage.delete(f"/chats/{stage.chat}")
    hold.release()


def _painted(stage: Stage) -> str:
    """The id of a picture that has been delivered."""
    stage.ask("paint a boat")
    stage.answers_until("complete")
    stage.until("silence", stage.is_quiet)
    return str(json.loads(stage.answer()["slots"])[0]["id"])


# --- keeper ------------------------------------------------------------------------------------


def rescue(stage: Stage) -> None:
    stage.on(_IMAGE, kill_before, _PAINTER, then=stage.arm)
    stage.ask("paint a boat")


def rescue_unreachable(stage: Stage) -> None:
    stage.on("Invoke", aws_error(403, "AccessDeniedException"), _KEEPER, nth=0)
    rescue(stage)


def last_attempt_died(stage: Stage) -> None:
    stage.on(_IMAGE, kill_before, _PAINTER)
    stage.on(_IMAGE, kill_before, _PAINTER, nth=2, then=stage.arm)
    stage.ask("paint a boat")


def posts_died(stage: Stage) -> None:
    stage.on("TransactWriteItems complete", kill_after, _PAINTER, then=stage.arm)
    stage.ask("paint a boat")


def text_swept(stage: Stage) -> None:
    stage.on("TransactWriteItems opening", kill_after, _LLM)
    stage.ask("hello")
    stage.until("silence", stage.is_quiet)
    stage.arm()
    stage.pass_deadline(stage.answer()["message_id"])


def reserved_picture_swept(stage: Stage) -> None:
    stage.on("Invoke", kill_before, _LLM)
    stage.ask("paint a boat")
    stage.until("silence", stage.is_quiet)
    stage.arm()
    stage.pass_deadline(stage.answer()["message_id"])


def unclaimed_started(stage: Stage) -> None:
    stage.on("Invoke", kill_before, _LLM)
    stage.ask("paint a boat")
    stage.until("silence", stage.is_quiet)
    stage.arm()
    stage.pass_a_minute(stage.answer()["message_id"])
    stage.answers_until("complete", "failed")


def running_picture_swept(stage: Stage) -> None:
    stage.on("PutObject original", kill_after, _PAINTER)
    nobody_rescues = stage.on("GetItem image_generation_log", kill_before, _KEEPER, nth=0)
    stage.ask("paint a boat")
    stage.until("silence", stage.is_quiet)
    stage.proxy.remove(nobody_rescues)
    stage.arm()
    stage.pass_deadline(stage.answer()["message_id"])


def uploads_purged(stage: Stage) -> None:
    hold = _hold(stage, _IMAGE, "paint a boat")
    stage.click("cancel")
    hold.release()
    stage.until("silence", stage.is_quiet)
    stage.arm()
    stage.until("the removal of uploads", stage.nothing_to_purge)


_ANY: frozenset[str] = frozenset()
_COMPLETE = frozenset({"complete"})
_FAILED = frozenset({"failed"})
_CANCELLED = frozenset({"cancelled"})
_EITHER = _COMPLETE | _FAILED
_STORED = frozenset({"succeeded"})
_STORED_OR_NOT = _STORED | _FAILED
_COMPLETE_OR_CANCELLED = _COMPLETE | _CANCELLED

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("text reply", _LLM, text_reply, _EITHER, _COMPLETE),
        Scenario("text written", _LLM, text_written, _EITHER, _COMPLETE),
        Scenario("text refused", _LLM, text_refused, _FAILED, _FAILED),
        Scenario("picture ordered", _LLM, picture_ordered, _EITHER, _COMPLETE),
        Scenario("painted at once", _LLM, painted_at_once, _COMPLETE, _COMPLETE),
        Scenario("suggestion taken", _LLM, suggestion_taken, _COMPLETE, _COMPLETE),
        Scenario("question replaced", _LLM, question_replaced, _EITHER, _EITHER, pictures=0),
        # What was ordered and not handed over is started by the sweep, if the function dies first.
        Scenario("painter unreachable", _LLM, painter_unreachable, _EITHER, _EITHER),
        Scenario("text retried", _LLM, text_retried, _EITHER, _EITHER),
        Scenario("picture retried", _LLM, picture_retried, _EITHER, _EITHER),
        Scenario("picture waits", _LLM, picture_waits, _EITHER, _COMPLETE, pictures=2),
        Scenario("next begun", _PAINTER, next_begun, _EITHER, pictures=2),
        Scenario("picture painted", _PAINTER, picture_ordered, _COMPLETE),
        Scenario("picture refused", _PAINTER, picture_refused, _FAILED),
        Scenario("second attempt", _PAINTER, second_attempt, _EITHER),
        Scenario(
            "second attempt, original stored", _PAINTER, second_attempt_with_original, _EITHER
        ),
        Scenario("two of four done", _PAINTER, two_of_four_done, _COMPLETE, pictures=4),
        Scenario("edit ordered", _LLM, edited, _EITHER, _COMPLETE, pictures=2),
        Scenario("edit painted", _PAINTER, edited, _COMPLETE, pictures=2),
        Scenario("edit, source deleted", _PAINTER, edited_and_source_deleted, _EITHER, pictures=2),
        Scenario("picture brought", _INTAKE, picture_brought, _STORED_OR_NOT, _STORED, pictures=0),
        Scenario("rubbish brought", _INTAKE, rubbish_brought, _FAILED, _FAILED, pictures=0),
        Scenario(
            "text cancelled", _API, text_cancelled, _COMPLETE_OR_CANCELLED, _COMPLETE_OR_CANCELLED
        ),
        Scenario(
            "reserved picture cancelled",
            _API,
            reserved_picture_cancelled,
            _EITHER | _CANCELLED,
            _COMPLETE_OR_CANCELLED,
        ),
        Scenario(
            "running picture cancelled",
            _API,
            running_picture_cancelled,
            _COMPLETE_OR_CANCELLED,
            _COMPLETE_OR_CANCELLED,
        ),
        Scenario(
            "next begun by cancel",
            _API,
            next_begun_by_cancel,
            _COMPLETE_OR_CANCELLED | _FAILED,
            _COMPLETE_OR_CANCELLED,
            pictures=2,
        ),
        Scenario("picture deleted", _API, picture_deleted, _COMPLETE, _COMPLETE),
        Scenario("question deleted", _API, question_deleted, _COMPLETE),
        Scenario("chat deleted", _API, chat_deleted, _COMPLETE),
        Scenario("picture shared", _API, picture_shared, _COMPLETE, _COMPLETE),
        Scenario("link taken back", _API, link_taken_back, _COMPLETE, _COMPLETE),
        Scenario("link removed", _KEEPER, link_taken_back, _COMPLETE),
        Scenario("account deleted", _API, account_deleted, _COMPLETE),
        Scenario("suggestion put back", _KEEPER, suggestion_put_back, _ANY),
        Scenario("rescue", _KEEPER, rescue, _COMPLETE),
        Scenario("picture removed", _KEEPER, picture_deleted, _COMPLETE),
        Scenario("versions removed", _KEEPER, versions_removed, _ANY),
        Scenario("chat removed", _KEEPER, chat_deleted, _ANY),
        Scenario("running chat removed", _KEEPER, running_chat_deleted, _ANY),
        Scenario("account removed", _KEEPER, account_deleted, _ANY),
        Scenario("rescue, painter unreachable", _KEEPER, rescue_unreachable, _FAILED),
        Scenario("last attempt died", _KEEPER, last_attempt_died, _FAILED),
        Scenario("posts died", _KEEPER, posts_died, _COMPLETE),
        Scenario("text swept", _KEEPER, text_swept, _FAILED),
        Scenario("reserved picture swept", _KEEPER, reserved_picture_swept, _FAILED),
        Scenario("unclaimed started", _KEEPER, unclaimed_started, _EITHER),
        Scenario("running picture swept", _KEEPER, running_picture_swept, _FAILED),
        Scenario("uploads purged", _KEEPER, uploads_purged, _CANCELLED),
        Scenario("upload purged", _KEEPER, upload_purged, _FAILED, pictures=0),
    )
}
