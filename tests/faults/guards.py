"""Takes out, one after the other, the conditions that the promises stand on; a test must go red.

`python -m tests.faults.guards` does it in a copy of the code, and prints what became of each
guard; its exit status is 1 if one was not missed by its test. `test_guards.py` keeps the table
true while the code changes.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = Path("layers/shared/afterimage")
_SECONDS_A_TEST = 120
_RED = "red"
_FAILED = 1  # pytest's exit status when tests ran and failed


@dataclass(frozen=True)
class Guard:
    """One condition.

    Attributes:
        promise: what it protects.
        file: below `PACKAGE`.
        there: the text that guards; stands once in the file.
        without: what is left when the guard is taken out.
        test: the test that then fails.
    """

    promise: str
    file: str
    there: str
    without: str
    test: str


_HEARD = "heard before the model is asked"
_ENDS = "every answer ends"
_ONCE = "one picture, one charge, one ending"
_QUOTA = "the quota is exact"
_EVENTS = "no event is lost, doubled or out of order"
_ONES_OWN = "nothing of one user reaches another"
_GONE = "deleted means gone"
_FAIR = "one user's pictures never take all of the painter"
_WORK = "posting never breaks the work"
_PAID = "what was paid for is kept, and not bought twice"
_ODD = "one odd answer blocks no chat"
_IDEMPOTENT = "the same request is one message"
_STOCK = "nobody gets another's picture of the stock, and none is lost"
_BUDGET = "what nobody has asked for is painted within a day's calls"
_UNREAD = "what few people ask is not read"
_OUTSIDE = "nobody has us call an address of their own"
_LINES = "of each question with its versions one pair stands"
_LINKS = "a link shows one picture, until it ends"
_BOUND = "no request takes more than its part"

GUARDS = (
    Guard(
        _OUTSIDE,
        "use_cases/tell_browsers.py",
        " if is_of(allowed, one.endpoint)",
        "",
        "tests/unit/test_web_push.py::test_a_service_that_is_allowed_no_more_is_called_no_more",
    ),
    Guard(
        _OUTSIDE,
        "adapters/web_push.py",
        "                allow_redirects=False,\n",
        "",
        "tests/contracts/test_push_services.py::test_a_redirect_is_not_followed",
    ),
    Guard(
        _PAID,
        "use_cases/create_image.py",
        "tried = drafts.behind(came)",
        "tried = came",
        "tests/unit/test_create_image.py"
        "::test_a_draft_is_the_picture_where_nothing_finished_can_be_read",
    ),
    Guard(
        _PAID,
        "adapters/gemini/drawn.py",
        'for name in ("inlineData", "fileData")',
        'for name in ("inlineData",)',
        "tests/unit/test_gemini_answers.py"
        "::test_a_picture_that_is_not_in_its_answer_is_not_asked_for_twice",
    ),
    Guard(
        _LINES,
        "use_cases/open_question.py",
        "        if named.answer.is_open or now.answer.is_open:\n",
        "        if False:\n",
        "tests/unit/test_versions.py::test_a_question_that_is_being_answered_is_not_asked_anew",
    ),
    Guard(
        _LINES,
        "use_cases/open_question.py",
        "is_last=self.instead_of is not None",
        "is_last=False",
        "tests/unit/test_versions.py::test_a_question_asked_meanwhile_wins",
    ),
    Guard(
        _LINES,
        "use_cases/choose_version.py",
        "Transition((*changes, *others[0], check)",
        "Transition((*changes, *others[0])",
        "tests/unit/test_versions.py::test_only_versions_of_the_last_question_are_chosen",
    ),
    Guard(
        _LINES,
        "use_cases/delete_question.py",
        "(BeginDeletion(deletion), *also)",
        "also",
        "tests/unit/test_versions.py::test_a_deletion_that_dies_is_finished",
    ),
    Guard(
        _LINKS,
        "use_cases/remove_pair.py",
        "            ended += share_of(image, self._tokens, user_id, self._clock)\n",
        "",
        "tests/unit/test_versions.py::test_links_to_its_pictures_end_before_a_question",
    ),
    Guard(
        _LINKS,
        "use_cases/share_image.py",
        "        if message is None and image.chat_id is not None:\n",
        "        if False:\n",
        "tests/unit/test_sharing.py::test_a_picture_that_is_deleted_while_it_is_shared_is_not",
    ),
    Guard(
        _LINKS,
        "use_cases/share_image.py",
        "claim.due_at if claim else None",
        "None",
        "tests/unit/test_sharing.py::test_who_is_so_slow_that_the_keeper_has_ended_its_claim_begins_again",
    ),
    Guard(
        _LINKS,
        "use_cases/end_share.py",
        "if image.share is None or image.share.until > self._clock.now():",
        "if image.share is None:",
        "tests/unit/test_sharing.py::test_a_link_that_was_made_to_last_longer_outlives_its_first_end",
    ),
    Guard(
        _LINKS,
        "use_cases/end_shares.py",
        "            if one.due_at > copied_by:\n",
        "            if True:\n",
        "tests/unit/test_sharing.py::test_a_copy_that_comes_behind_the_deletion_is_found",
    ),
    Guard(
        _LINKS,
        "http/shared_page.py",
        " or picture.until <= self._clock.now()",
        "",
        "tests/unit/test_shared_page.py::test_what_there_is_not_and_what_has_ended_are_the_same_page",
    ),
    Guard(
        _LINKS,
        "adapters/dynamodb/writes.py",
        "shares.shared_as(share))",
        "ImageRow.image_id.exists())",
        "tests/contracts/test_races_of_versions_and_links.py::test_no_link_lives_of_a_picture_that_is_deleted_while_it_is_shared",
    ),
    Guard(
        _BOUND,
        "use_cases/share_image.py",
        ", BeginDeletion(claim), counted)",
        ", BeginDeletion(claim))",
        "tests/unit/test_sharing.py::test_a_day_has_so_many_links_and_what_is_there_lasts_longer_all_the_same",
    ),
    Guard(
        _BOUND,
        "use_cases/search.py",
        " or number == _ROWS",
        "",
        "tests/unit/test_search.py::test_a_page_reads_at_most_a_thousand_rows_and_may_have_found_nothing",
    ),
    Guard(
        _BOUND,
        "use_cases/search.py",
        " or self._clock.now() >= until",
        "",
        "tests/unit/test_search.py::test_a_page_ends_when_its_time_is_over",
    ),
    Guard(
        _BOUND,
        "http/exports.py",
        " or self.clock.now() >= until",
        "",
        "tests/unit/test_export_account.py::test_a_page_ends_after_five_seconds_and_has_one_row_at_least",
    ),
    Guard(
        _BOUND,
        "use_cases/subscribe.py",
        "[:-MOST_SUBSCRIPTIONS]",
        "[:0]",
        "tests/unit/test_web_push.py::test_of_more_than_ten_browsers_the_oldest_goes",
    ),
    Guard(
        _BOUND,
        "use_cases/delete_question.py",
        "            if self._clock.now() >= until:\n                break\n",
        "",
        "tests/unit/test_versions.py::test_of_very_many_versions_the_keeper_removes_what_would_be_waited_for",
    ),
    Guard(
        _OUTSIDE,
        "domain/web_push.py",
        "not _AUTHORITY.fullmatch(parts.netloc) or ",
        "",
        "tests/unit/test_web_push.py::test_whatever_else_is_never_called",
    ),
    Guard(
        _HEARD,
        "use_cases/think.py",
        "        now = self._channel.deliver(delivery) or delivery.channel\n"
        "        waited = milliseconds(question.received_at, self._clock.now())\n"
        "        self._metrics.add(Metric.PLACEHOLDER_TIME, waited)\n"
        "        with self._show(question, assistant, now.connections) as words:\n"
        "            asking = seen, identifier, _counted_on(delivery.transition)\n"
        "            known = _unless_busy(now)\n"
        "            message = self._answered(question, assistant, asking, words, known)\n",
        "        now = delivery.channel\n"
        "        with self._show(question, assistant, now.connections) as words:\n"
        "            asking = seen, identifier, _counted_on(delivery.transition)\n"
        "            message = self._answered(question, assistant, asking, words, None)\n"
        "            self._channel.deliver(delivery)\n",
        "tests/unit/test_answer_message.py::test_both_placeholder_frames_leave_before_the_model_is_asked",
    ),
    Guard(
        _ENDS,
        "adapters/dynamodb/message_rows.py",
        "open=open_partition(user_id) if message.is_open else None",
        "open=None",
        "tests/contracts/test_due_index.py::test_what_is_open_past_its_deadline_is_found_once",
    ),
    Guard(
        _ENDS,
        "use_cases/sweep.py",
        "        if left < timedelta():\n",
        "        if True:\n",
        "tests/unit/test_sweep.py::test_an_index_that_is_behind_ends_nothing",
    ),
    Guard(
        _FAIR,
        "use_cases/turns.py",
        "            if not room or ",
        "            if ",
        "tests/unit/test_turns.py::test_whatever_ends_a_picture_begins_the_oldest_that_waits",
    ),
    Guard(
        _FAIR,
        "use_cases/turns.py",
        "_AT_MOST_BEGUN = MOST_PICTURES",
        "_AT_MOST_BEGUN = 99",
        "tests/unit/test_transaction_sizes.py::test_no_transaction_is_larger_than_dynamodb_takes",
    ),
    Guard(
        _FAIR,
        "use_cases/turns.py",
        "        for job_id in sorted(then.waiting & channel.waiting):\n",
        "        for job_id in ():\n",
        "tests/unit/test_turns.py::test_killed_at_any_step_the_queue_goes_on",
    ),
    Guard(
        _FAIR,
        "use_cases/turns.py",
        "        if job is None or job.status is not JobStatus.WAITING:\n",
        "        if job is None:\n",
        "tests/unit/test_turns.py::test_a_waiting_job_that_ended_without_the_queue_is_passed_over",
    ),
    Guard(
        _FAIR,
        "use_cases/turns.py",
        "if job.status in _PAINTED}",
        "}",
        "tests/unit/test_turns.py::test_a_job_that_ended_without_the_queue_is_forgotten_when_there_is_no_room",
    ),
    Guard(
        _FAIR,
        "adapters/dynamodb/counter_writes.py",
        "        condition &= _is(ChannelRow.painting, channel.painting)\n",
        "",
        "tests/contracts/test_channel_store.py::test_a_queue_that_moved_without_an_event_has_moved",
    ),
    Guard(
        _FAIR,
        "adapters/dynamodb/writes.py",
        "    asked += [Item(write) for one in transition.along",
        "    asked += [Item(write, one) for one in transition.along",
        "tests/contracts/test_channel_store.py::test_whose_turn_cannot_come_has_lost_a_race_and_decides_nothing",
    ),
    Guard(
        _ENDS,
        "use_cases/sweep.py",
        "            if job.status is JobStatus.RESERVED:\n",
        "            if False:\n",
        "tests/unit/test_turns.py::test_what_nobody_claimed_for_a_minute_is_started_again",
    ),
    Guard(
        _ENDS,
        "use_cases/sweep.py",
        "        try:\n            step()\n        except Exception:",
        "        try:\n            step()\n        except ZeroDivisionError:",
        "tests/unit/test_sweep.py::test_one_that_cannot_be_ended_does_not_keep_the_others_open",
    ),
    Guard(
        _ENDS,
        "use_cases/think.py",
        "        except Exception:  # noqa: BLE001 - every answer ends\n"
        '            self._log.exception("llm_handler_failed"',
        '        except MemoryError:\n            self._log.exception("llm_handler_failed"',
        "tests/unit/test_answer_message.py::test_whatever_else_happens_ends_the_message_as_internal",
    ),
    Guard(
        _ONCE,
        "adapters/dynamodb/ledger.py",
        "condition=reserved & (LedgerRow.attempt == attempt)",
        "condition=LedgerRow.attempt == attempt",
        "tests/contracts/test_races.py::test_one_of_many_gets_the_job",
    ),
    Guard(
        _ONCE,
        "adapters/dynamodb/ledger.py",
        "condition=reserved & (LedgerRow.attempt == attempt)",
        "condition=reserved",
        "tests/contracts/test_readers.py::test_a_job_is_claimed_only_at_its_attempt",
    ),
    Guard(
        _ONCE,
        "adapters/dynamodb/job_moves.py",
        "(LedgerRow.status == before.status.value) & (\n"
        "        LedgerRow.attempt == before.attempt\n"
        "    )",
        "(LedgerRow.attempt == before.attempt)",
        "tests/contracts/test_races.py::test_of_many_movers_of_one_job_one_wins",
    ),
    Guard(
        _ONCE,
        "adapters/dynamodb/writes.py",
        "MessageRow.version == read_version",
        "MessageRow.version.exists()",
        "tests/contracts/test_channel_store.py::test_a_version_moves_once",
    ),
    Guard(
        _ONCE,
        "use_cases/paint_picture.py",
        "if job.attempt == FIRST_ATTEMPT:\n            return ()",
        "if True:\n            return ()",
        "tests/unit/test_create_image.py::test_bytes_already_stored_are_never_bought_again",
    ),
    Guard(
        _ONCE,
        "adapters/s3.py",
        ', IfNoneMatch="*"',
        "",
        "tests/contracts/test_picture_store.py::test_the_first_original_stays",
    ),
    Guard(
        _ONCE,
        "adapters/s3.py",
        'if code_of(error) != "PreconditionFailed":',
        'if code_of(error) not in ("PreconditionFailed", "ConditionalRequestConflict"):',
        "tests/unit/test_aws.py::test_while_another_upload_is_under_way_the_original_is_tried_again",
    ),
    Guard(
        _ONCE,
        "use_cases/create_image.py",
        "message is None or not is_for(message, job)",
        "message is None",
        "tests/unit/test_create_image.py::test_a_message_that_moved_on_is_not_painted",
    ),
    Guard(
        _ONCE,
        "use_cases/end_slots.py",
        "if not only_messages and not if_jobs_moved:",
        "if True:",
        "tests/unit/test_slots.py::test_an_ending_goes_on_where_another_slot_has_changed_the_message",
    ),
    Guard(
        _ONCE,
        "use_cases/upload_image.py",
        "            upload, channel = self._claim(file)\n",
        "            self._intake.bring(file.data)\n"
        "            upload, channel = self._claim(file)\n",
        "tests/unit/test_upload_image.py::test_it_is_claimed_before_anything_is_looked_at_or_stored",
    ),
    Guard(
        _ONCE,
        "adapters/dynamodb/writes.py",
        "Put(uploads.upload_row(user_id, upload), LedgerRow.entry.does_not_exist())",
        "Put(uploads.upload_row(user_id, upload), ~(LedgerRow.entry == '-'))",
        "tests/contracts/test_uploads.py::test_an_id_is_taken_once",
    ),
    Guard(
        _ONCE,
        "adapters/dynamodb/uploads.py",
        "(LedgerRow.status == before.status.value) & same",
        "LedgerRow.status == before.status.value",
        "tests/contracts/test_uploads.py::test_who_was_given_up_for_dead_ends_nobody_elses",
    ),
    Guard(
        _ONCE,
        "use_cases/purge_upload.py",
        "            if not self._uploads.move(user_id, upload, died):\n"
        "                return True\n",
        "",
        "tests/unit/test_upload_image.py::test_who_wakes_up_after_the_sweep_ends_nothing",
    ),
    Guard(
        _ONCE,
        "domain/job_life.py",
        "MAX_ATTEMPTS = 2",
        "MAX_ATTEMPTS = 3",
        "tests/unit/test_rescue_job.py::test_after_the_second_attempt_it_ends_and_costs_nothing",
    ),
    Guard(
        _ONCE,
        "domain/job_life.py",
        "(JobStatus.RUNNING, Move.CANCEL): Effect(JobStatus.CANCELLED, ",
        "(JobStatus.RUNNING, Move.CANCEL): Effect(JobStatus.CANCELLED, refunds=True, ",
        "tests/unit/test_cancel_message.py::test_a_picture_being_painted_is_charged_and_its_uploads_are_removed_later",
    ),
    Guard(
        _ONCE,
        "use_cases/rescue_job.py",
        "job.status is JobStatus.RUNNING and job.claimed_by != failed.request_id",
        "False",
        "tests/unit/test_rescue_job.py::test_a_second_delivery_that_fails_does_not_end_what_the_first_began",
    ),
    Guard(
        _ONCE,
        "use_cases/rescue_job.py",
        "        elif job.attempt != failed.attempt:\n",
        "        elif False:\n",
        "tests/unit/test_rescue_job.py::test_a_second_record_of_the_first_attempt_starts_no_third",
    ),
    Guard(
        _ONCE,
        "use_cases/retry_message.py",
        "        if message.version != click.version:\n            return message\n",
        "",
        "tests/unit/test_retry_message.py::test_another_version_is_told_as_it_stands",
    ),
    Guard(
        _ONCE,
        "use_cases/sweep.py",
        "job.status not in _KEEPS_NOTHING",
        "False",
        "tests/unit/test_sweep.py::test_the_files_of_a_picture_are_never_removed_by_a_stale_index",
    ),
    Guard(
        _QUOTA,
        "adapters/dynamodb/counters.py",
        " = LedgerRow.used <= limit - number\n",
        " = LedgerRow.used <= limit - number + 1\n",
        "tests/contracts/test_races.py::test_of_a_hundred_pictures_at_once_exactly_ten_get_the_ten_left",
    ),
    Guard(
        _QUOTA,
        "adapters/dynamodb/writes.py",
        "[given_back], LedgerRow.used >= number)",
        "[given_back], LedgerRow.entry.exists())",
        "tests/contracts/test_channel_store.py::test_what_was_not_taken_is_not_given_back",
    ),
    Guard(
        _QUOTA,
        "domain/endings.py",
        "yield RefundImage(day, number)",
        "yield RefundImage(day, 1)",
        "tests/unit/test_slots.py::test_cancel_ends_what_is_open_and_gives_back_what_nobody_began",
    ),
    Guard(
        _QUOTA,
        "adapters/dynamodb/writes.py",
        "LedgerRow.used.add(-number)",
        "LedgerRow.used.add(-1)",
        "tests/contracts/test_channel_store.py::test_several_are_counted_at_once_and_what_was_counted_is_told",
    ),
    Guard(
        _QUOTA,
        "domain/conversation.py",
        "        if characters < 0:\n            break\n",
        "",
        "tests/unit/test_conversation.py::test_a_request_has_a_bound_however_long_a_chat_is",
    ),
    Guard(
        _QUOTA,
        "use_cases/open_question.py",
        "opening.storing(opening.assistant, call)",
        "opening.storing(opening.assistant)",
        "tests/unit/test_count_calls.py::test_without_calls_nothing_is_stored_and_nobody_asked",
    ),
    Guard(
        _QUOTA,
        "use_cases/order_picture.py",
        "            CountCall(ModelKind.IMAGE, day, self._limits.image_calls, len(jobs)),\n",
        "",
        "tests/unit/test_count_calls.py::test_a_picture_that_nobody_may_paint_ends_and_costs_nothing",
    ),
    Guard(
        _QUOTA,
        "use_cases/count_calls.py",
        "self.left or self._count.one_more(self._user_id)",
        'self.left or ""',
        "tests/unit/test_count_calls.py::test_a_call_that_the_day_has_no_room_for_is_not_made",
    ),
    Guard(
        _QUOTA,
        "use_cases/retry_message.py",
        "        if message.tries >= MOST_TRIES:\n            raise RetryLimit\n",
        "",
        "tests/unit/test_count_calls.py::test_an_answer_is_tried_five_times",
    ),
    Guard(
        _QUOTA,
        "use_cases/order_picture.py",
        "if _is_again(read) else ()\n",
        "if False else ()\n",
        "tests/unit/test_count_calls.py::test_a_retry_is_a_message_and_a_call",
    ),
    Guard(
        _QUOTA,
        "domain/endings.py",
        " for job in refunded if not may_have_begun(job))",
        " for job in refunded)",
        "tests/unit/test_endings.py::test_the_call_goes_back_only_of_what_nobody_can_have_begun",
    ),
    Guard(
        _QUOTA,
        "adapters/gemini/transport.py",
        "        calls.begin()\n",
        "",
        "tests/contracts/test_gemini_stream.py::test_a_call_counts_unless_its_answer_proves_that_nothing_was_billed",
    ),
    Guard(
        _QUOTA,
        "channel.py",
        "    if limit is not None and channel.open_messages + transition.opens > limit:\n"
        "        raise TooManyOpen\n",
        "",
        "tests/unit/test_channel.py::test_open_messages_stop_exactly_at_their_limit",
    ),
    Guard(
        _EVENTS,
        "adapters/dynamodb/counter_writes.py",
        "as_read = ChannelRow.seq == channel.seq\n",
        "as_read = ChannelRow.deleted_at.does_not_exist()\n",
        "tests/contracts/test_channel_store.py::test_an_older_read_has_lost_even_where_the_log_has_forgotten",
    ),
    Guard(
        _EVENTS,
        "use_cases/replay_events.py",
        "reference.seq != after + length + 1 or reference.expired",
        "reference.expired",
        "tests/unit/test_replay_events.py::test_a_hole_further_on_ends_the_run_there",
    ),
    Guard(
        _EVENTS,
        "use_cases/replay_events.py",
        "reference.seq != after + length + 1 or reference.expired",
        "reference.seq != after + length + 1",
        "tests/unit/test_replay_events.py::test_what_is_older_than_72_hours_is_not_replayed",
    ),
    Guard(
        _EVENTS,
        "use_cases/replay_events.py",
        "in [*read, *late]",
        "in read",
        "tests/unit/test_replay_events.py::test_events_that_are_not_seen_yet_are_no_hole",
    ),
    Guard(
        _EVENTS,
        "use_cases/replay_events.py",
        "        if channel.seq <= after < seq:",
        "        if False:",
        "tests/unit/test_replay_events.py::test_nobody_is_level_with_a_counter_that_is_seen_late",
    ),
    Guard(
        _EVENTS,
        "use_cases/replay_events.py",
        "            if not run:\n                raise\n",
        "",
        "tests/unit/test_replay_events.py::test_a_hole_that_cannot_be_made_sure_of_is_no_reset",
    ),
    Guard(
        _EVENTS,
        "use_cases/current_events.py",
        "_told(self._settled, user_id, recent), strict=True)",
        "_told(self._plain, user_id, recent), strict=True)",
        "tests/unit/test_replay_events.py::test_what_is_only_not_seen_yet_is_not_deleted",
    ),
    Guard(
        _EVENTS,
        "use_cases/replay_events.py",
        "            return min(channel.seq, recent[-1].seq - 1)\n",
        "            return channel.seq\n",
        "tests/unit/test_replay_events.py::test_a_snapshot_begins_where_every_row_is_seen",
    ),
    Guard(
        _EVENTS,
        "channel.py",
        "[each for each in now.connections if each not in known] if now else []",
        "[]",
        "tests/unit/test_channel.py::test_a_newcomer_gets_the_frames_too_and_once",
    ),
    Guard(
        _EVENTS,
        "use_cases/resume_channel.py",
        "        self._registry.register(user_id, connection_id, now, until)\n"
        "        channel = self._registry.read(user_id)\n",
        "        channel = self._registry.read(user_id)\n"
        "        self._registry.register(user_id, connection_id, now, until)\n",
        "tests/unit/test_resume_channel.py::test_it_is_registered_before_the_channel_is_read",
    ),
    Guard(
        _EVENTS,
        "use_cases/create_image.py",
        "self._channel.deliver(delivery, after=previews.end(), is_last=True)",
        "self._channel.deliver(delivery)",
        "tests/unit/test_create_image.py::test_a_late_glimpse_never_follows_the_picture",
    ),
    Guard(
        _EVENTS,
        "use_cases/think.py",
        "answered = self._end(user_id, assistant, ending, words.end(), channel)",
        "answered = self._end(user_id, assistant, ending, channel=channel)",
        "tests/unit/test_written_words.py::test_the_end_waits_for_the_words_on_their_connection",
    ),
    Guard(
        _EVENTS,
        "use_cases/show_words.py",
        "if stored is None or not stored.is_still(message):",
        "if stored is None:",
        "tests/unit/test_show_words.py::test_an_answer_that_is_no_longer_as_it_was_is_unwanted",
    ),
    Guard(
        _EVENTS,
        "use_cases/end_answer.py",
        "now.status is Status.CANCELLED and now.try_version == asked.try_version",
        "now.status is Status.CANCELLED",
        "tests/unit/test_written_words.py::"
        "test_words_are_not_written_into_a_later_try_that_was_cancelled_too",
    ),
    Guard(
        _ONES_OWN,
        "adapters/dynamodb/writes.py",
        "Check(ImageRow, (user_id, image_id), ImageRow.image_id.exists())",
        "Check(ImageRow, (user_id, image_id), ~(ImageRow.image_id == '-'))",
        "tests/contracts/test_uploads.py::test_a_question_names_pictures_that_are_there",
    ),
    Guard(
        _ONES_OWN,
        "use_cases/open_question.py",
        "                *map(CheckImage, user.image_ids),\n",
        "",
        "tests/unit/test_attachments.py::test_a_picture_deleted_between_look_and_commit_is_refused",
    ),
    Guard(
        _ONES_OWN,
        "adapters/tokens.py",
        'claims.get("token_use", "access") != "access"',
        "False",
        "tests/unit/test_tokens.py::test_an_id_token_opens_nothing",
    ),
    Guard(
        _ONES_OWN,
        "adapters/issuer_keys.py",
        "if not is_fresh(self._read_at, self._now(), _KEEP_KEYS_S):",
        "if not self._keys:",
        "tests/unit/test_tokens.py::test_a_withdrawn_key_is_trusted_for_an_hour_at_most",
    ),
    Guard(
        _ONES_OWN,
        "adapters/dynamodb/message_rows.py",
        'return f"{user_id}#{chat_id}"',
        'return f"#{chat_id}"',
        "tests/contracts/test_readers.py::test_messages_are_of_one_chat_of_one_person",
    ),
    Guard(
        _ONES_OWN,
        "adapters/dynamodb/connections.py",
        "            elif (row.expires_at or 0) > now.timestamp():\n",
        "            elif row.entry:\n",
        "tests/contracts/test_connections_and_tickets.py::test_a_connection_whose_time_is_over_is_told_apart",
    ),
    Guard(
        _ONES_OWN,
        "domain/callers.py",
        "        return now <= self.until + LEEWAY\n",
        "        return True\n",
        "tests/unit/test_websocket_api.py::test_whose_token_has_ended_is_told_and_closed_whatever_they_send",
    ),
    Guard(
        _ONES_OWN,
        "domain/connections.py",
        "return oldest_first[place - MAX_CONNECTIONS :][:1] if",
        "return oldest_first[: place - MAX_CONNECTIONS + 1] if",
        "tests/unit/test_limit_connections.py::test_nobody_closes_more_than_two",
    ),
    Guard(
        _ONES_OWN,
        "adapters/dynamodb/connections.py",
        "_TICKET + digest, ChannelRow.expires_at > columns.epoch(now))\n",
        "_TICKET + digest, ChannelRow.expires_at.exists())\n",
        "tests/contracts/test_connections_and_tickets.py::test_a_ticket_lasts_until_it_expires",
    ),
    Guard(
        _GONE,
        "adapters/dynamodb/counter_writes.py",
        "as_read & rows.refuses_nobody(now)",
        "as_read",
        "tests/contracts/test_channel_store.py::test_an_account_deleted_before_its_first_event_takes_nothing",
    ),
    Guard(
        _GONE,
        "adapters/dynamodb/chat_writes.py",
        "Check(ChatRow, key, ChatRow.deleting.does_not_exist())",
        "Check(ChatRow, key, ~(ChatRow.chat_id == '-'))",
        "tests/contracts/test_deletions.py::test_nothing_changes_in_a_marked_chat",
    ),
    Guard(
        _GONE,
        "domain/deletions.py",
        "looks = [self.begun_at + upload_time, quota.resets_at(self.begun_at)]",
        "looks = [quota.resets_at(self.begun_at)]",
        "tests/unit/test_deletion.py::test_an_account_deleted_at_the_end_of_its_day_keeps_no_late_upload",
    ),
    Guard(
        _WORK,
        "adapters/posts.py",
        "return not (isinstance(error, ReadTimeoutError) and self._clock.now() >= until)",
        "return False",
        "tests/unit/test_aws.py::"
        "test_what_is_turned_away_twice_is_dropped_and_counted_and_the_socket_stays",
    ),
    Guard(
        _WORK,
        "posting.py",
        "        except Exception:  # noqa: BLE001 - posting never breaks the work\n",
        "        except ZeroDivisionError:\n",
        "tests/unit/test_channel.py::test_a_push_that_raises_breaks_nothing",
    ),
    Guard(
        _GONE,
        "adapters/dynamodb/replayed_rows.py",
        "return [row for row in found if row.chat_id not in deleting]",
        "return found",
        "tests/contracts/test_event_log.py::test_a_chat_being_deleted_is_missing_with_all_that_is_in_it",
    ),
    Guard(
        _GONE,
        "http/chat_api.py",
        "            _refuse_deleted(known.result())\n            return response\n",
        "            return response\n",
        "tests/unit/test_chat_api.py::test_a_deleted_account_is_refused_on_every_route",
    ),
    Guard(
        _IDEMPOTENT,
        "adapters/dynamodb/writes.py",
        "rows.message_row(user_id, message), MessageRow.message_id.does_not_exist()",
        "rows.message_row(user_id, message), ~(MessageRow.message_id == '-')",
        "tests/contracts/test_channel_store.py::test_nothing_is_applied_when_one_condition_fails",
    ),
    Guard(
        _IDEMPOTENT,
        "use_cases/answer_message.py",
        "return assistant.lease_until is not None and assistant.lease_until < self._clock.now()",
        "return True",
        "tests/unit/test_answer_message.py::test_a_repeat_of_a_running_answer_does_not_ask_again",
    ),
    Guard(
        _IDEMPOTENT,
        "use_cases/hand_over.py",
        "            if job.status is JobStatus.RESERVED:\n                self._failure_of",
        "            if True:\n                self._failure_of",
        "tests/unit/test_answer_message.py::test_a_running_picture_is_not_started_again",
    ),
    Guard(
        _IDEMPOTENT,
        "use_cases/answer_message.py",
        "user.role is not Role.USER or (user.text, user.image_ids) != asked",
        "user.role is not Role.USER",
        "tests/unit/test_answer_message.py::test_another_text_under_the_same_id_is_refused",
    ),
    Guard(
        _PAID,
        "adapters/gemini/client.py",
        "                if not streamed.has_stopped:",
        "                if True:",
        "tests/contracts/test_gemini_stream.py::test_a_draft_that_came_with_its_reason_outlasts_its_connection",
    ),
    Guard(
        _PAID,
        "adapters/gemini/client.py",
        "                        on_draft(draft)\n                    if streamed.is_complete:",
        "                        on_draft(draft)\n                    if False:",
        "tests/contracts/test_gemini_stream.py::test_a_picture_and_a_reason_are_the_end_whatever_follows",
    ),
    Guard(
        _PAID,
        "adapters/gemini/retries.py",
        "if unanswered.begun or (unanswered.taken and not again_once_taken):",
        "if False:",
        "tests/contracts/test_gemini_stream.py::test_bytes_that_no_picture_is_in_are_never_a_reason_to_ask_again",
    ),
    Guard(
        _PAID,
        "adapters/gemini/retries.py",
        "if unanswered.begun or (unanswered.taken and not again_once_taken):",
        "if unanswered.taken and not again_once_taken:",
        "tests/contracts/test_gemini_stream.py::test_a_text_that_breaks_off_is_not_asked_for_again",
    ),
    Guard(
        _PAID,
        "adapters/gemini/ends.py",
        "return isinstance(error.args[0] if error.args else None, ProtocolError | OSError)",
        "return False",
        "tests/contracts/test_gemini_stream.py::test_a_request_that_may_have_been_taken_is_not_sent_again_for_a_picture",
    ),
    Guard(
        _PAID,
        "adapters/gemini/streamed.py",
        "if self._draft is not None and isinstance(failure, Retryable):",
        "if False:",
        "tests/contracts/test_gemini_stream.py::test_the_last_draft_is_the_picture_if_the_model_stops_behind_it",
    ),
    Guard(
        _PAID,
        "adapters/gemini/streamed_text.py",
        "self._reason_came_late = bool(self._parts)",
        "self._reason_came_late = True",
        "tests/contracts/test_gemini_stream.py::test_a_text_is_read_whatever_its_answer_looks_like",
    ),
    Guard(
        _PAID,
        "adapters/gemini/client.py",
        "                        words.add(said)\n                    if streamed.is_complete:\n"
        "                        break\n"
        "                    silence.begins(has_stopped=streamed.has_stopped)",
        "                        words.add(said)",
        "tests/contracts/test_gemini_stream.py::test_a_text_is_read_whatever_its_answer_looks_like",
    ),
    Guard(
        _PAID,
        "adapters/gemini/retries.py",
        "pause = max(pause, reason.at_least * 2**retries)",
        "pause = max(pause, 0)",
        "tests/contracts/test_gemini_stream.py::test_a_wait_that_is_asked_for_is_kept_and_told",
    ),
    Guard(
        _ODD,
        "adapters/gemini/history.py",
        'call.get("name") != IMAGE_TOOL',
        "False",
        "tests/unit/test_gemini_history.py::test_what_the_model_would_refuse_is_mended",
    ),
    Guard(
        _ODD,
        "adapters/gemini/history.py",
        'if call.get("id") in ids:',
        "if False:",
        "tests/unit/test_gemini_history.py::test_whatever_was_answered_goes_back_as_a_history_that_is_taken",
    ),
    Guard(
        _ODD,
        "adapters/gemini/client.py",
        "                if not self._leave_form(forms):",
        "                if True:",
        "tests/unit/test_gemini_client.py::test_a_history_that_is_refused_is_sent_once_more_in_plain_words",
    ),
    Guard(
        _STOCK,
        "adapters/dynamodb/stock.py",
        "transaction.delete(row, condition=still(before))",
        "transaction.delete(row)",
        "tests/contracts/test_stock.py::test_what_is_taken_is_its_messages_alone",
    ),
    Guard(
        _STOCK,
        "use_cases/take_from_stock.py",
        "            SpendStock(taken.picture),\n",
        "",
        "tests/unit/test_take_from_stock.py::test_what_does_not_come_about_goes_the_usual_way_and_back",
    ),
    Guard(
        _STOCK,
        "use_cases/keep_stock.py",
        "        self._pictures.delete(ids.files_in(held.folder))\n",
        "",
        "tests/unit/test_stock_crashes.py::test_whatever_dies_nothing_is_lost_or_doubled",
    ),
    Guard(
        _BUDGET,
        "adapters/dynamodb/stock.py",
        "transaction.update(counted, actions=actions, condition=room)",
        "transaction.update(counted, actions=actions)",
        "tests/contracts/test_stock.py::test_a_days_calls_are_exact",
    ),
    Guard(
        _BUDGET,
        "adapters/dynamodb/stock.py",
        "transaction.save(job_row(job), condition=StockRow.id.does_not_exist())",
        "transaction.save(job_row(job))",
        "tests/contracts/test_stock.py::test_one_is_painted_at_a_time_and_delivered_once",
    ),
    Guard(
        _UNREAD,
        "use_cases/note_candidate.py",
        " == most:",
        " >= 1:",
        "tests/unit/test_candidates.py::test_words_are_written_by_who_completes_the_number",
    ),
)


def main() -> int:
    """Returns the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.guards", description=__doc__)
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="those whose promise or test has it"
    )
    only = parser.parse_args().only
    chosen = [guard for guard in GUARDS if only in f"{guard.promise} {guard.test}"]
    if not chosen:
        parser.error(f"no guard has {only!r}")
    verdicts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="guards-") as folder:
        copy = Path(folder) / "code"
        _copy(copy)
        for guard in chosen:
            verdict = _without(copy, guard)
            verdicts[verdict] += 1
            sys.stdout.write(f"{verdict:12} {guard.promise}: {guard.test.rpartition('::')[2]}\n")
            sys.stdout.flush()
    summary = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    sys.stdout.write(f"{len(chosen)} guards: {summary}\n")
    return 0 if verdicts.keys() == {_RED} else 1


def _copy(to: Path) -> None:
    """What git knows of; environments and caches stay behind."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)


def _without(copy: Path, guard: Guard) -> str:
    """What becomes of the test once its guard is gone."""
    file = copy / PACKAGE / guard.file
    text = file.read_text()
    if _status(copy, guard.test) != 0:
        return "fails anyway"
    file.write_text(text.replace(guard.there, guard.without))
    try:
        return _RED if _status(copy, guard.test) == _FAILED else "not missed"
    finally:
        file.write_text(text)


def _status(copy: Path, test: str) -> int:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", test]
    return subprocess.run(
        command, cwd=copy, capture_output=True, check=False, timeout=_SECONDS_A_TEST
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
