"""Pictures that are shared, in DynamoDB."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from afterimage.adapters.dynamodb import columns
from afterimage.adapters.dynamodb.tables import ImageRow, LedgerRow, ShareRow
from afterimage.domain.deletions import DeletionKind, deletion_names, kind_and_subject
from afterimage.domain.shares import Share, SharedPicture, image_and_number

_BEHIND_ALL_IDS = "~"


class DynamoDbShares:
    """Implements `ShareReader`, `ShareRows` and `ShareIndex`."""

    def get(self, name: str) -> SharedPicture | None:
        try:
            row = ShareRow.get(name, consistent_read=True)
        except DoesNotExist:
            return None
        return SharedPicture(
            name=row.name,
            until=datetime.fromtimestamp(row.expires_at, UTC),
            width=int(row.width),
            height=int(row.height),
            color=row.color,
            prompt=row.prompt,
        )

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            ShareRow(name).delete()

    def page(self, user_id: str, before: str | None, limit: int) -> list[str]:
        """By the deletions in the ledger, of which there is one for each sharing."""
        prefix = deletion_names(DeletionKind.SHARE)
        found = LedgerRow.query(
            user_id,
            LedgerRow.entry.between(prefix, f"{prefix}{before or _BEHIND_ALL_IDS}"),
            attributes_to_get=["user_id", "entry"],
            scan_index_forward=False,
            consistent_read=True,
        )
        ids: dict[str, None] = {}
        for row in found:
            image_id, _ = image_and_number(kind_and_subject(row.entry)[1])
            ids[image_id] = None
            if len(ids) == limit:
                break
        return list(ids)


def share_row(picture: SharedPicture) -> ShareRow:
    """Its time-to-live removes what nobody has removed, days later."""
    return ShareRow(
        picture.name,
        expires_at=columns.epoch(picture.until),
        width=picture.width,
        height=picture.height,
        color=picture.color,
        prompt=picture.prompt,
    )


def claimed(user_id: str, image_id: str, number: int) -> tuple[ImageRow, list[Action], Condition]:
    """The write that takes the next number: row, actions and condition."""
    begun = ImageRow.shares_begun
    next_one = begun.does_not_exist() if number == 1 else begun == number - 1
    condition: Condition = ImageRow.image_id.exists() & next_one
    return ImageRow(user_id, image_id), [begun.set(number)], condition


def actions(share: Share | None) -> list[Action]:
    """What a picture's row says of its sharing."""
    if share is None:
        written = (ImageRow.share_number, ImageRow.shared_until, ImageRow.share_prompt)
        return [column.remove() for column in written]
    return [
        ImageRow.share_number.set(share.number),
        ImageRow.shared_until.set(columns.epoch(share.until)),
        ImageRow.share_prompt.set(share.with_prompt),
    ]


def shared_as(share: Share | None) -> Condition:
    """The picture is there, and shared as it was seen."""
    condition: Condition = ImageRow.image_id.exists()
    if share is None:
        condition &= ImageRow.share_number.does_not_exist()
        return condition
    same = ImageRow.share_number == share.number
    condition &= same & (ImageRow.shared_until == columns.epoch(share.until))
    return condition
