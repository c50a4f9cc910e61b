"""The table: every step that touches the world, by scenario, and how often it is taken.

A step is what the proxy sees (`calls.py`): the API's operation and what it is done to. A test
compares the table with what an undisturbed run does, so that a new step cannot be forgotten.
"""

from __future__ import annotations

_DEVELOPING_STORED = {
    "PostToConnection message-preview": 1,
    "PutObject full.webp": 1,
    "PutObject thumbnail.webp": 1,
    "TransactWriteItems complete": 1,
    "PostToConnection message-update complete": 1,
    "PostToConnection image-insert": 1,
}
_DEVELOPING = {"PutObject original": 1, **_DEVELOPING_STORED}
_OPENING = {
    "TransactWriteItems opening": 1,
    "PostToConnection message-insert complete": 1,
    "PostToConnection message-insert thinking": 1,
    "Query messages": 1,
    "streamGenerateContent text": 1,
}
_ORDERING = {
    "TransactWriteItems generating": 1,
    "PostToConnection message-update generating": 1,
    "Invoke": 1,
}
_FAILING = {
    "TransactWriteItems failed": 1,
    "PostToConnection message-update failed": 1,
}
_TEXT_COST = {"UpdateItem cost": 1}  # of the day
_PICTURE_COST = {"UpdateItem cost": 2}  # of the job and of the day
_READING = {"BatchGetItem chats messages": 1}
_CANCELLING = {
    **_READING,
    "Query channels": 3,
    "TransactWriteItems cancelled": 1,
    "PostToConnection message-update cancelled": 1,
}

STEPS: dict[str, dict[str, int]] = {
    # llm_handler_gemini
    "text reply": {
        "Query channels": 3,
        **_OPENING,
        **_TEXT_COST,
        "TransactWriteItems complete": 1,
        "PostToConnection message-update complete": 1,
    },
    "text written": {
        "Query channels": 3,
        **_OPENING,
        **_TEXT_COST,
        "PostToConnection message-delta": 1,
        "TransactWriteItems complete": 1,
        "PostToConnection message-update complete": 1,
    },
    "text refused": {
        "Query channels": 4,
        **_OPENING,
        "UpdateItem call": 1,
        **_FAILING,
    },
    "picture ordered": {"Query channels": 3, **_OPENING, **_TEXT_COST, **_ORDERING},
    "painted at once": {
        "Query channels": 2,
        "TransactWriteItems opening": 1,
        "PostToConnection message-insert complete": 1,
        "PostToConnection message-insert generating": 1,
        "Invoke": 1,
    },
    "suggestion taken": {
        "BatchGetItem chats image_generation_log": 1,
        "TransactWriteItems taken": 1,
        "CopyObject original": 1,
        "CopyObject full.webp": 1,
        "CopyObject thumbnail.webp": 1,
        "Query channels": 2,
        "TransactWriteItems opening": 1,
        "PostToConnection message-insert complete": 2,
        "PostToConnection image-insert": 1,
    },
    "question replaced": {
        "BatchGetItem chats": 2,  # whether it is of the last line
        "Query messages": 2,  # its line, and what the model is asked with
        "Query channels": 4,
        "TransactWriteItems opening": 1,
        "PostToConnection message-insert complete": 1,
        "PostToConnection message-insert thinking": 1,
        "PostToConnection message-update complete": 5,
        "streamGenerateContent text": 1,
        "UpdateItem call": 1,
        "BatchGetItem chats messages": 4,  # what is to stand again
        "TransactWriteItems failed complete complete complete": 1,
        "PostToConnection message-update failed": 1,
    },
    "picture waits": {
        "Query channels": 4,
        **_OPENING,
        **_TEXT_COST,
        "GetItem image_generation_log": 1,
        "TransactWriteItems generating": 1,
        "PostToConnection message-update generating": 1,
    },
    "painter unreachable": {
        "Query channels": 5,
        **_OPENING,
        **_TEXT_COST,
        **_ORDERING,
        **_FAILING,
    },
    "text retried": {
        "BatchGetItem chats messages": 2,
        "Query channels": 3,
        "TransactWriteItems thinking": 1,
        "PostToConnection message-update thinking": 1,
        "Query messages": 1,
        "streamGenerateContent text": 1,
        **_TEXT_COST,
        "TransactWriteItems complete": 1,
        "PostToConnection message-update complete": 1,
    },
    "picture retried": {**_READING, "Query channels": 2, **_ORDERING},
    # image_generate
    "picture painted": {
        "UpdateItem claim": 1,
        **_PICTURE_COST,
        **_READING,
        "streamGenerateContent image": 1,
        "Query channels": 3,
        **_DEVELOPING,
    },
    "picture refused": {
        "UpdateItem claim": 1,
        **_READING,
        "streamGenerateContent image": 2,  # and without drafts
        "UpdateItem call": 1,
        "Query channels": 3,
        **_FAILING,
    },
    "second attempt": {
        "UpdateItem claim": 1,
        **_PICTURE_COST,
        **_READING,
        "GetObject original": 1,
        "UpdateItem call": 1,
        "streamGenerateContent image": 1,
        "Query channels": 3,
        **_DEVELOPING,
    },
    "second attempt, original stored": {
        "UpdateItem claim": 1,
        **_READING,
        "GetObject original": 2,  # and what may have come with it
        "Query channels": 3,
        **_DEVELOPING_STORED,
    },
    "next begun": {
        "GetItem image_generation_log": 1,
        "BatchGetItem chats messages": 2,
        "PostToConnection message-update generating": 1,
        "Invoke": 1,
        "UpdateItem claim": 1,
        "UpdateItem cost": 4,  # of two pictures
        "streamGenerateContent image": 1,
        "Query channels": 5,
        **{step: 2 * times for step, times in _DEVELOPING.items()},
        "TransactWriteItems complete generating": 1,
        "TransactWriteItems complete": 1,
    },
    "two of four done": {
        "PostToConnection message-update generating": 2,
        "PostToConnection image-insert": 3,
        "GetItem image_generation_log": 1,
        "BatchGetItem chats messages": 5,
        "Invoke": 2,
        "UpdateItem claim": 2,
        "UpdateItem cost": 4,
        "streamGenerateContent image": 2,
        "Query channels": 7,
        **{step: 2 for step in _DEVELOPING if "complete" not in step and "insert" not in step},
        "TransactWriteItems generating": 1,
        "TransactWriteItems complete": 1,
        "PostToConnection message-update complete": 1,
    },
    "edit ordered": {
        "Query channels": 3,
        **_OPENING,
        "GetObject full.webp": 1,
        **_TEXT_COST,
        **_ORDERING,
    },
    "edit painted": {
        "UpdateItem claim": 1,
        **_PICTURE_COST,
        **_READING,
        "BatchGetItem user_images": 1,
        "BatchGetItem chats": 1,
        "GetObject original": 2,  # how it begins, and all of it
        "streamGenerateContent image": 1,
        "Query channels": 3,
        **_DEVELOPING,
    },
    "edit, source deleted": {
        "BatchGetItem user_images": 1,
        "UpdateItem call": 1,
        "Query channels": 3,
        **_FAILING,
    },
    # image_upload
    "picture brought": {
        "Query channels": 2,
        "TransactWriteItems upload": 1,
        "PutObject original": 1,
        "PutObject full.webp": 1,
        "PutObject small.webp": 1,
        "PutObject thumbnail.webp": 1,
        "TransactWriteItems image": 1,
        "PostToConnection image-insert": 1,
    },
    "rubbish brought": {
        "Query channels": 1,
        "TransactWriteItems upload": 1,
        "UpdateItem failed": 1,
    },
    # chat_api
    "text cancelled": _CANCELLING,
    "reserved picture cancelled": {**_CANCELLING, "GetItem image_generation_log": 1},
    "running picture cancelled": {**_CANCELLING, "GetItem image_generation_log": 1},
    "next begun by cancel": {
        "Query channels": 3,
        "TransactWriteItems cancelled generating": 1,
        "PostToConnection message-update cancelled": 1,
        "BatchGetItem chats messages": 2,
        "GetItem image_generation_log": 2,
        "PostToConnection message-update generating": 1,
        "Invoke": 1,
    },
    "picture deleted": {
        **_READING,
        "GetItem user_images": 1,
        "Query channels": 3,
        "TransactWriteItems complete": 1,
        "PostToConnection image-delete": 1,
        "PostToConnection message-update complete": 1,
        "Invoke": 1,
    },
    "question deleted": {
        **_READING,
        "BatchGetItem chats": 2,
        "Query channels": 3,
        "GetItem image_generation_log": 1,  # the job
        "TransactWriteItems removal": 1,
        "PostToConnection message-delete": 2,
        "PostToConnection image-delete": 1,
        "PostToConnection chat-update": 1,
        "Invoke": 1,
    },
    "chat deleted": {
        "Query channels": 3,
        "GetItem chats": 1,
        "TransactWriteItems deletion": 1,
        "PostToConnection chat-delete": 1,
        "Invoke": 1,
    },
    "account deleted": {
        "Query channels": 2,
        "TransactWriteItems deletion": 1,
        "Invoke": 1,
    },
    "picture shared": {
        **_READING,
        "GetItem user_images": 1,
        "Query image_generation_log": 1,  # whether its chat is being deleted
        "Query channels": 4,
        "TransactWriteItems deletion": 1,
        "CopyObject shared.webp": 1,
        "TransactWriteItems complete": 1,
        "PostToConnection image-update": 1,
        "PostToConnection message-update complete": 1,
    },
    "link taken back": {
        **_READING,
        "GetItem user_images": 1,
        "Query channels": 3,
        "TransactWriteItems complete": 1,
        "PostToConnection image-update": 1,
        "PostToConnection message-update complete": 1,
        "Invoke": 1,
    },
    # keeper
    "link removed": {
        "GetItem image_generation_log": 1,
        "GetItem user_images": 1,
        "DeleteItem shares": 1,
        "DeleteObjects": 1,
        "CreateInvalidation": 1,
        "DeleteItem image_generation_log": 1,
    },
    "picture removed": {
        "GetItem image_generation_log": 1,
        "DeleteObjects": 1,
        "CreateInvalidation": 1,
        "DeleteItem image_generation_log": 1,
    },
    "chat removed": {
        "GetItem image_generation_log": 1,
        "Query messages": 2,
        "Query image_generation_log": 1,  # its links
        "DeleteObjects": 1,
        "CreateInvalidation": 1,
        "BatchWriteItem user_images": 1,
        "BatchWriteItem image_generation_log": 1,
        "BatchWriteItem messages": 1,
        "UpdateItem postponed": 1,
    },
    "versions removed": {
        "GetItem image_generation_log": 1,
        "BatchGetItem chats": 1,
        "Query messages": 2,
        "Query channels": 2,
        "TransactWriteItems removal": 1,
        "PostToConnection message-delete": 2,
        "DeleteItem image_generation_log": 1,
    },
    "running chat removed": {
        "GetItem image_generation_log": 2,
        "Query messages": 2,
        "Query image_generation_log": 1,
        "Query channels": 1,
        "TransactWriteItems removal": 1,
        "BatchWriteItem messages": 1,
        "UpdateItem postponed": 1,
    },
    "account removed": {
        "GetItem image_generation_log": 1,
        "Query channels": 2,
        "ListObjectsV2": 2,
        "DeleteObjects": 1,
        "CreateInvalidation": 1,
        "Query chats": 2,
        "Query messages": 2,
        "BatchWriteItem messages": 1,
        "DeleteItem chats": 1,
        "Query user_images": 2,
        "BatchWriteItem user_images": 1,
        "Query image_generation_log": 3,
        "BatchWriteItem image_generation_log": 1,
        "Query channel_events": 2,
        "BatchWriteItem channel_events": 1,
        "UpdateItem postponed": 1,
    },
    "suggestion put back": {
        "UpdateItem stock": 1,
        "DeleteObjects": 1,
        "TransactWriteItems put back": 1,
    },
    "rescue": {"GetItem image_generation_log": 1, "UpdateItem rescue": 1, "Invoke": 1},
    "rescue, painter unreachable": {
        "GetItem image_generation_log": 2,
        "UpdateItem rescue": 1,
        "Invoke": 1,
        **_READING,
        "Query channels": 2,
        **_FAILING,
    },
    "last attempt died": {
        "GetItem image_generation_log": 2,
        **_READING,
        "Query channels": 2,
        **_FAILING,
    },
    "posts died": {
        "GetItem image_generation_log": 1,
        "Query channel_events": 1,
        # The events are a moment old, so their rows are read as whole transactions.
        "TransactGetItems messages": 1,
        "TransactGetItems user_images": 1,
        "TransactGetItems chats": 2,
        "Query channels": 1,
        "PostToConnection message-insert complete": 1,
        "PostToConnection message-update complete": 2,
        "PostToConnection image-insert": 1,
    },
    "text swept": {
        "Query messages/open": 1,
        **_READING,
        "Query channels": 2,
        **_FAILING,
    },
    "reserved picture swept": {
        **_READING,
        "GetItem image_generation_log": 1,
        "Query channels": 2,
        **_FAILING,
    },
    "unclaimed started": {**_READING, "GetItem image_generation_log": 1, "Invoke": 1},
    "running picture swept": {
        **_READING,
        "GetItem image_generation_log": 1,
        "Query channels": 2,
        **_FAILING,
    },
    "uploads purged": {
        "Query image_generation_log/open": 1,
        "GetItem image_generation_log": 2,  # it may be an upload
        "DeleteObjects": 1,
        "UpdateItem purged": 1,
    },
    "upload purged": {
        "Query image_generation_log/open": 1,
        "GetItem image_generation_log": 1,
        "UpdateItem failed": 2,
        "DeleteObjects": 1,
    },
}

# Taken only by a process that has just started, or every five minutes.
COLD_STEPS: dict[str, tuple[str, ...]] = {
    "text reply": ("GetParameter", "GetSecretValue gemini", "GetSecretValue pseudonym"),
    "picture painted": (
        "GetSecretValue gemini",
        "GetSecretValue pseudonym",
        "GetParameter",
        "GetSecretValue signing",
    ),
    "picture brought": ("GetSecretValue pseudonym",),  # the others as of a painted one
    "text cancelled": ("GetParameter",),
    "picture removed": ("GetSecretValue pseudonym",),
    "posts died": ("GetParameter", "GetSecretValue signing"),
}
COLD = frozenset(step for steps in COLD_STEPS.values() for step in steps)
# What passes while a text is written: as often as there is time for before it has been.
PASSING = frozenset({"PostToConnection message-delta"})
# About nobody in particular, so the proxy cannot tell whose scenario they belong to. Those of the
# index stand for its 16 partitions.
OF_NOBODY = frozenset({"Query messages/open", "Query image_generation_log/open", "Scan channels"})
# What the cases themselves ask for while they look on.
OF_THE_TEST = {"chat_api": frozenset({"Query messages", "PutItem ticket", "Query unresumed"})}
