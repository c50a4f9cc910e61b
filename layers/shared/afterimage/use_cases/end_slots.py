"""Commits an ending, whoever else changes the same answer meanwhile.

The move of its job decides a picture's ending: where that fails, somebody else has ended it. Where
only the message is another version by now, because another of its pictures ended, began or was
deleted, it is read again, the same ending is made of it, and committed inside the function's time.
So it is where the pair of messages moved that stands again with the ending.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import timedelta

from afterimage.channel import Delivery, UnifiedChannel
from afterimage.domain import endings, ids
from afterimage.domain.changes import ReplaceMessage
from afterimage.domain.channels import Channel
from afterimage.domain.endings import Ending
from afterimage.domain.errors import Busy
from afterimage.domain.job_life import Move, may
from afterimage.domain.jobs import Job
from afterimage.domain.messages import Message
from afterimage.domain.versions import Pair
from afterimage.invocation import Invocation, Patience
from afterimage.ports.channel import ConditionsFailed, LostRace
from afterimage.ports.chats import MessageReader
from afterimage.ports.jobs import JobStore
from afterimage.use_cases.attach import Attach

# Each try that fails is another ending of the same answer that came through.
_PATIENCE = Patience(
    first_pause=0.005,
    longest_pause=0.16,
    at_most=timedelta(seconds=20),
    keeping=timedelta(seconds=3),  # as the channel keeps, to post what is committed
)


class EndSlots:
    """Ends pictures of an answer."""

    def __init__(
        self,
        channel: UnifiedChannel,
        messages: MessageReader,
        jobs: JobStore,
        attach: Attach,
        invocation: Invocation,
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._jobs = jobs
        self._attach = attach
        self._invocation = invocation

    def of_job(
        self,
        user_id: str,
        message: Message,
        job: Job,
        ending: Callable[[Message], Ending],
        channel: Channel | None = None,
    ) -> Delivery | None:
        """End the picture of a job that the caller runs, or has just ordered.

        Args:
            ending: what becomes of the message, as it is read for each try.
            channel: a read made beforehand, to save the first round trip.

        Returns:
            None if somebody else decided: the job has moved, or its slot is another's.

        Raises:
            AccountDeleted: it went meanwhile.
            Busy: others came first for as long as there was time.
        """

        def still(now: Message) -> Ending | None:
            return ending(now) if is_for(now, job) else None

        return self._commit(user_id, message, still, channel, if_jobs_moved=False)

    def of_message(
        self,
        user_id: str,
        message: Message,
        ending: Callable[[Message], Ending | None],
        channel: Channel | Future[Channel] | None = None,
        *,
        if_jobs_moved: bool = False,
    ) -> Delivery | None:
        """The same of whoever has no job: `ending` reads those it is about for each try.

        Args:
            ending: None if there is nothing to end any more. It may raise LostRace where it has not
                seen enough to decide, to be asked again.
            if_jobs_moved: whether to look again, too, where a job has moved in between.
        """
        return self._commit(user_id, message, ending, channel, if_jobs_moved=if_jobs_moved)

    def running(self, user_id: str, slots: Sequence[str], move: Move) -> list[Job]:
        """The jobs of these slots that can move like this."""
        return [job for job in self._jobs.some(user_id, slots) if may(job, move)]

    def _commit(
        self,
        user_id: str,
        message: Message,
        ending: Callable[[Message], Ending | None],
        channel: Channel | Future[Channel] | None,
        *,
        if_jobs_moved: bool,
    ) -> Delivery | None:
        now: Message | None = message
        refusal: LostRace | ConditionsFailed | None = None
        for _ in self._invocation.tries(_PATIENCE):
            if refusal is not None:
                with self._channel.reading(user_id) as channel:
                    now = self._messages.get(user_id, message.chat_id, message.id)
            try:
                proposed = None if now is None else ending(now)
                if proposed is None:
                    return None
                whole = self._whole(user_id, proposed)
                known = channel.result() if isinstance(channel, Future) else channel
                return self._channel.change(user_id, whole.transition, known)
            except LostRace as unseen:
                refusal = unseen
            except ConditionsFailed as failed:
                only_messages = all(isinstance(one, ReplaceMessage) for one in failed.changes)
                if not only_messages and not if_jobs_moved:
                    return None
                refusal = failed
        raise Busy("the message kept moving") from refusal

    def _whole(self, user_id: str, ending: Ending) -> Ending:
        """The ending, with what stands again where it gives way."""
        ended = ending.message
        if not ending.gives_way or ended.stood_before is None:
            return ending
        before = ended.stood_before
        wanted = (ended.reply_to or "", before, ids.assistant_message_id(ended.chat_id, before))
        rows = [self._messages.get(user_id, ended.chat_id, id_) for id_ in wanted]
        found = [row for row in rows if row is not None]
        if len(found) < len(wanted):
            return ending  # they are being deleted
        question, earlier, answer = self._attach(user_id, found)
        return endings.standing_again(ending, question, Pair(earlier, answer))


def is_for(message: Message, job: Job) -> bool:
    """Whether a slot of the message waits for this job."""
    slot = message.slot(job.id)
    return message.id == job.message_id and slot is not None and slot.is_open
