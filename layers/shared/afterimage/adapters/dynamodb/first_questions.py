"""Whether a question is a chat's first and its user's day has room, in one round trip."""

from __future__ import annotations

from afterimage.adapters.dynamodb.tables import ChatRow, LedgerRow
from afterimage.adapters.dynamodb.together import read_together
from afterimage.domain.limits import DailyLimits


class DynamoDbFirstQuestions:
    """Implements `FirstQuestions`."""

    def may_take(self, user_id: str, chat_id: str, day: str, limits: DailyLimits) -> bool:
        images, messages, chat = read_together(
            (LedgerRow, user_id, f"quota#{day}"),
            (LedgerRow, user_id, f"messages#{day}"),
            (ChatRow, user_id, chat_id),
        )
        room = (images, limits.daily_images), (messages, limits.daily_messages)
        return chat is None and all(row is None or int(row.used or 0) < most for row, most in room)
