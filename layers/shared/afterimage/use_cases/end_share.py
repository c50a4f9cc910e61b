"""A link ends: nobody is shown the picture by it at once, and its copy goes soon after.

By its owner (`TakeBack`), or by the keeper once its time is over (`EndShare`): then also what a
function has left that died while it was sharing.
"""

from __future__ import annotations

from dataclasses import replace

from afterimage.channel import UnifiedChannel
from afterimage.domain.changes import BeginDeletion, Change, HideShared, SetShare, Transition
from afterimage.domain.deletions import Deletion, DeletionKind
from afterimage.domain.errors import AccountDeleted
from afterimage.domain.images import Image
from afterimage.domain.shares import image_and_number, name_of, shared_key, subject_of
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import ImageReader, MessageReader
from afterimage.ports.keeping import DeletionStarter, Edge
from afterimage.ports.pictures import PictureStore
from afterimage.ports.shares import ShareRows, ShareTokens
from afterimage.ports.system import Clock
from afterimage.use_cases.picture_changes import ChangePicture, message_of, with_picture


class TakeBack:
    def __init__(self, change: ChangePicture, tokens: ShareTokens, clock: Clock) -> None:
        self._change = change
        self._tokens = tokens
        self._clock = clock

    def __call__(self, user_id: str, image_id: str) -> None:
        """End the link of a picture; nothing happens if there is none. Raises: Busy."""

        def unshared(image: Image) -> Transition | None:
            if image.share is None:
                return None
            ending = share_of(image, self._tokens, user_id, self._clock)
            changes = (SetShare(image.id, image.share, None), *ending)
            message = self._change.message_of(user_id, image)
            return with_picture(changes, replace(image, share=None), message)

        self._change(user_id, image_id, unshared, "image_unshared")


def share_of(image: Image, tokens: ShareTokens, user_id: str, clock: Clock) -> tuple[Change, ...]:
    """What ends a picture's link beside the change of its row; nothing if it has none."""
    if image.share is None:
        return ()
    number = image.share.number
    subject = subject_of(image.id, number)
    return (
        HideShared(name_of(tokens.token(user_id, image.id, number))),
        BeginDeletion(Deletion.now(DeletionKind.SHARE, subject, clock.now())),
    )


def start_ends(transition: Transition, starter: DeletionStarter, user_id: str) -> None:
    """Have the copies removed whose links a transition has ended."""
    for change in transition.changes:
        if isinstance(change, BeginDeletion) and change.deletion.kind is DeletionKind.SHARE:
            starter.start(user_id, change.deletion)


class EndShare:
    def __init__(
        self,
        channel: UnifiedChannel,
        images: ImageReader,
        messages: MessageReader,
        shares: ShareRows,
        tokens: ShareTokens,
        pictures: PictureStore,
        edge: Edge,
        clock: Clock,
    ) -> None:
        self._channel = channel
        self._images = images
        self._messages = messages
        self._shares = shares
        self._tokens = tokens
        self._pictures = pictures
        self._edge = edge
        self._clock = clock

    def __call__(self, user_id: str, deletion: Deletion) -> bool:
        """Whether nothing is left of a sharing, whose deletion is due."""
        image_id, number = image_and_number(deletion.subject)
        name = name_of(self._tokens.token(user_id, image_id, number))
        image = self._images.get(user_id, image_id)
        if image is not None and image.share is not None and image.share.number == number:
            if not self._ended(user_id, image, name):
                return False
        else:
            self._shares.remove([name])
        self._pictures.delete([shared_key(name)])
        tag = self._tokens.tag(user_id, image_id, number)
        return self._edge.invalidate(deletion.subject, (), (tag,))

    def _ended(self, user_id: str, image: Image, name: str) -> bool:
        """Whether the picture is shared no more; it may last longer by now, or be changing."""
        if image.share is None or image.share.until > self._clock.now():
            return False
        message = message_of(self._messages, user_id, image)
        unshared = (SetShare(image.id, image.share, None), HideShared(name))
        transition = with_picture(unshared, replace(image, share=None), message)
        try:
            self._channel.deliver(self._channel.change(user_id, transition))
        except ConditionsFailed:
            return False
        except AccountDeleted:
            self._shares.remove([name])
        return True
