"""The rows of the tables, as PynamoDB models: one a table, and no more than their columns.

Keys, indexes and time-to-live are declared in template.yaml; a test compares them.
"""

from __future__ import annotations

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
    KeysOnlyProjection,
    LocalSecondaryIndex,
)
from pynamodb.models import Model


class OpenMessages(GlobalSecondaryIndex["MessageRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "open"
        projection = KeysOnlyProjection()

    open = UnicodeAttribute(hash_key=True)
    deadline = NumberAttribute(range_key=True)


class MessageRow(Model):
    class Meta:
        table_name = ""

    user_id_chat_id = UnicodeAttribute(hash_key=True)
    message_id = UnicodeAttribute(range_key=True)
    chat_id = UnicodeAttribute()
    role = UnicodeAttribute()
    text = UnicodeAttribute()
    created_at = UnicodeAttribute()
    version = NumberAttribute()
    type = UnicodeAttribute()
    status = UnicodeAttribute()
    prompt = UnicodeAttribute(null=True)
    aspect_ratio = UnicodeAttribute(null=True)
    pictures = NumberAttribute(null=True)
    slots = JSONAttribute(null=True)
    error = JSONAttribute(null=True)
    parts = UnicodeAttribute(null=True)
    reply_to = UnicodeAttribute(null=True)
    tries = NumberAttribute(default=1)
    try_version = NumberAttribute(null=True)
    deadline = NumberAttribute(null=True)
    open = UnicodeAttribute(null=True)
    lease_until = NumberAttribute(null=True)
    image_ids = JSONAttribute(null=True)
    image_size = UnicodeAttribute(null=True)
    image_model = UnicodeAttribute(null=True)
    source_image_ids = JSONAttribute(null=True)
    version_of = UnicodeAttribute(null=True)
    stands = BooleanAttribute(null=True)
    stood_before = UnicodeAttribute(null=True)
    open_messages = OpenMessages()
    # The one picture of a row that was written before there were slots.
    job_id = UnicodeAttribute(null=True)
    image = JSONAttribute(null=True)
    image_deleted = BooleanAttribute(null=True)
    waiting = BooleanAttribute(null=True)
    refunded = BooleanAttribute(null=True)


class ChatsByUpdate(LocalSecondaryIndex["ChatRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_updated_at"
        projection = AllProjection()

    user_id = UnicodeAttribute(hash_key=True)
    updated_at = UnicodeAttribute(range_key=True)


# Name of a user's list of pinned chats among the chats; no chat's id has this character. Without
# a time it is in no index.
PINS = "#pinned"


class ChatRow(Model):
    """A chat, or the ids of those that are pinned (`#pinned`)."""

    class Meta:
        table_name = ""

    user_id = UnicodeAttribute(hash_key=True)
    chat_id = UnicodeAttribute(range_key=True)
    title = UnicodeAttribute()
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()
    deleting = BooleanAttribute(null=True)
    title_origin = UnicodeAttribute(null=True)
    pinned = BooleanAttribute(null=True)
    pins = UnicodeSetAttribute(null=True)
    last_line = UnicodeAttribute(null=True)
    by_updated_at = ChatsByUpdate()


class ImageRow(Model):
    class Meta:
        table_name = ""

    user_id = UnicodeAttribute(hash_key=True)
    image_id = UnicodeAttribute(range_key=True)
    image = JSONAttribute()
    shares_begun = NumberAttribute(null=True)
    share_number = NumberAttribute(null=True)
    shared_until = NumberAttribute(null=True)
    share_prompt = BooleanAttribute(null=True)


class OpenPurges(GlobalSecondaryIndex["LedgerRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "open"
        projection = KeysOnlyProjection()

    open = UnicodeAttribute(hash_key=True)
    purge_at = NumberAttribute(range_key=True)


class LedgerRow(Model):
    """A job or an upload (its id as `entry`), a day's counter or a `deletion#…`.

    An upload has a `kind`. Counters are `quota#…`, `messages#…`, `uploads#…`, `text_calls#…`,
    `image_calls#…` and `cost#…`, each with its day.

    Only a counter expires: a job's row is the record of what was painted and what it cost.
    """

    class Meta:
        table_name = ""

    user_id = UnicodeAttribute(hash_key=True)
    entry = UnicodeAttribute(range_key=True)
    used = NumberAttribute(null=True)
    reports = NumberAttribute(null=True)
    chat_id = UnicodeAttribute(null=True)
    message_id = UnicodeAttribute(null=True)
    slot = NumberAttribute(null=True)
    prompt = UnicodeAttribute(null=True)
    aspect_ratio = UnicodeAttribute(null=True)
    source_image_ids = JSONAttribute(null=True)
    image_size = UnicodeAttribute(null=True)
    pictures = NumberAttribute(null=True)
    counts = JSONAttribute(null=True)
    quota_day = UnicodeAttribute(null=True)
    model = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute(null=True)
    status = UnicodeAttribute(null=True)
    attempt = NumberAttribute(null=True)
    turn_at = UnicodeAttribute(null=True)
    claimed_by = UnicodeAttribute(null=True)
    claim_nonce = UnicodeAttribute(null=True)
    started_at = UnicodeAttribute(null=True)
    ended_at = UnicodeAttribute(null=True)
    price_usd = UnicodeAttribute(null=True)
    error_code = UnicodeAttribute(null=True)
    purge_at = NumberAttribute(null=True)
    at_edge = UnicodeAttribute(null=True)
    kind = UnicodeAttribute(null=True)
    sha256 = UnicodeAttribute(null=True)
    open = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)
    cost_nano_usd = NumberAttribute(null=True)
    cost_nonce = UnicodeAttribute(null=True)
    text_tokens = NumberAttribute(null=True)
    open_purges = OpenPurges()


# Name of a user's counter row among the rows of the channel.
COUNTER = "seq"


class ChannelRow(Model):
    """The counter (`seq`), a connection (`connection#…`), a ticket (`ticket#…`), a connection that
    has not resumed (`unresumed#…`), the numbers of those who wait to commit (`turn`), when
    functions were warmed (`warmed`), or a browser that is told by Web Push (`web_push#…`)."""

    class Meta:
        table_name = ""

    user_id = UnicodeAttribute(hash_key=True)
    entry = UnicodeAttribute(range_key=True)
    seq = NumberAttribute(null=True)
    open = NumberAttribute(null=True)
    painting = UnicodeSetAttribute(null=True)
    waiting = UnicodeSetAttribute(null=True)
    drawn = NumberAttribute(null=True)
    served = NumberAttribute(null=True)
    served_beyond = NumberSetAttribute(null=True)
    deleted_at = UnicodeAttribute(null=True)
    told = BooleanAttribute(null=True)
    connected_at = UnicodeAttribute(null=True)
    visible_at = UnicodeAttribute(null=True)
    endpoint = UnicodeAttribute(null=True)
    p256dh = UnicodeAttribute(null=True)
    auth = UnicodeAttribute(null=True)
    since = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class EventRow(Model):
    class Meta:
        table_name = ""

    user_id = UnicodeAttribute(hash_key=True)
    seq = NumberAttribute(range_key=True)
    name = UnicodeAttribute()
    chat_id = UnicodeAttribute(null=True)
    message_id = UnicodeAttribute(null=True)
    image_id = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute()
    expires_at = NumberAttribute()


class StockRow(Model):
    """What is kept of a suggestion: its `sample`, a picture `ready#…` or `taken#…`, or how often it
    was asked on a day (`asked#…`).

    The job that is under way is the row `job` of `painting`, and the calls of a day are rows of
    `calls`.
    """

    class Meta:
        table_name = ""

    suggestion = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    status = UnicodeAttribute(null=True)
    until = NumberAttribute(null=True)
    picture = UnicodeAttribute(null=True)
    image = JSONAttribute(null=True)
    model = UnicodeAttribute(null=True)
    cost_nano_usd = NumberAttribute(null=True)
    cost_nonce = UnicodeAttribute(null=True)
    folder = UnicodeAttribute(null=True)
    job = JSONAttribute(null=True)
    claimed_by = UnicodeAttribute(null=True)
    claim_nonce = UnicodeAttribute(null=True)
    used = NumberAttribute(null=True)
    most = NumberAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class CandidateRow(Model):
    """A text that several people may ask: how many, by hashes that name nobody, and its words once
    they are many."""

    class Meta:
        table_name = ""

    week = UnicodeAttribute(hash_key=True)
    text = UnicodeAttribute(range_key=True)
    users = UnicodeSetAttribute(null=True)
    words = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class ShareRow(Model):
    """What is shown to whoever has a link, by the SHA-256 of its token."""

    class Meta:
        table_name = ""

    name = UnicodeAttribute(hash_key=True)
    expires_at = NumberAttribute()
    width = NumberAttribute()
    height = NumberAttribute()
    color = UnicodeAttribute()
    prompt = UnicodeAttribute(null=True)


TABLES: dict[str, type[Model]] = {
    "messages": MessageRow,
    "chats": ChatRow,
    "user_images": ImageRow,
    "image_generation_log": LedgerRow,
    "channels": ChannelRow,
    "channel_events": EventRow,
    "stock": StockRow,
    "candidates": CandidateRow,
    "shares": ShareRow,
}
