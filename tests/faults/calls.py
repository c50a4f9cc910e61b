"""One request of a function to the world, named by what it is for.

The names are the API's own operation and what it is done to: `TransactWriteItems opening`,
`PutObject original`, `PostToConnection image-insert`, `streamGenerateContent text`,
`streamGenerateContent image`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from tests.local_stack.names import LAMBDA_PATH

_ASSIGNMENT = re.compile(r"(#\w+) = (:\w+)")
# Physical names begin with the stack's name and the logical id.
_TABLES = {
    "MessagesTable": "messages",
    "ChatsTable": "chats",
    "UserImagesTable": "user_images",
    "ImageGenerationLogTable": "image_generation_log",
    "ChannelsTable": "channels",
    "ChannelEventsTable": "channel_events",
    "StockTable": "stock",
    "CandidatesTable": "candidates",
    "SharesTable": "shares",
}
_SECRETS = {"Gemini": "gemini", "UrlSigning": "signing", "Pseudonym": "pseudonym"}
_LEDGER_MOVES = {"running": "claim", "reserved": "rescue"}
_PROVIDER = (":generateContent", ":streamGenerateContent")
_DYNAMODB = "DynamoDB_20120810"
_S3 = {"PUT": "PutObject", "GET": "GetObject", "DELETE": "DeleteObject"}
_CONNECTION = {
    "POST": "PostToConnection",
    "DELETE": "DeleteConnection",
    "GET": "GetConnection",
}


@dataclass(frozen=True)
class Request:
    """As it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def asking(self, operation: str, body: Any) -> Request:
        """Another request to DynamoDB, by the same sender; the emulator asks for no signature."""
        headers = {**self.headers, "x-amz-target": f"{_DYNAMODB}.{operation}"}
        headers.pop("content-length", None)
        return replace(self, headers=headers, body=json.dumps(body).encode())


@dataclass(eq=False)  # the same request again is another call
class Call:
    """What is known about a request; its body may be large and is not kept.

    Attributes:
        function: folder of the function that sent it; empty if that is unknown.
        step: its name.
        owner: whom it is about, of those the proxy was told to watch.
        at: seconds, monotonic.
        status: of the answer, once it was passed on and answered.
        killed: whether its sender was killed.
    """

    step: str
    function: str
    pid: int | None
    owner: str | None
    at: float
    status: int | None = None
    killed: bool = False


def step_of(request: Request) -> str:
    """The name of a request."""
    target = request.headers.get("x-amz-target", "")
    if (operation := operation_of(request)) is not None:
        return _dynamodb(operation, json.loads(request.body))
    if target.startswith("secretsmanager."):
        secret = json.loads(request.body)["SecretId"]
        names = (name for part, name in _SECRETS.items() if part in secret)
        return f"GetSecretValue {next(names, 'another')}"
    if target.startswith("AmazonSSM."):
        return target.partition(".")[2]
    path = urlsplit(request.path).path
    if path.endswith("/invalidation"):
        return "CreateInvalidation"
    if "/@connections/" in path:
        return f"{_CONNECTION[request.method]} {_frame(request)}".strip()
    if path.startswith(LAMBDA_PATH):
        return "Invoke"
    if path.endswith(_PROVIDER):
        config = json.loads(request.body).get("generationConfig", {})
        kind = "image" if "imageConfig" in config else "text"
        return f"{path.rpartition(':')[2]} {kind}"
    if request.method == "POST":
        return "DeleteObjects"
    return _s3(request, "shared.webp" if "/shared/" in path else path.rpartition("/")[2])


def _s3(request: Request, name: str) -> str:
    if "x-amz-copy-source" in {header.lower() for header in request.headers}:
        return f"CopyObject {name}"
    if "list-type=2" in request.path:
        return "ListObjectsV2"
    return f"{_S3.get(request.method, request.method)} {name}"


def operation_of(request: Request) -> str | None:
    """Which of DynamoDB's it is; None if it is for another service."""
    service, _, operation = request.headers.get("x-amz-target", "").partition(".")
    return operation if service == _DYNAMODB else None


def _dynamodb(operation: str, body: dict[str, Any]) -> str:
    if operation == "TransactWriteItems":
        return f"{operation} {_purpose(body['TransactItems'])}"
    if operation == "TransactGetItems":
        tables = {table_of(item["Get"]["TableName"]) for item in body["TransactItems"]}
        return f"{operation} {' '.join(sorted(tables))}"
    if operation in ("BatchGetItem", "BatchWriteItem"):
        return f"{operation} {' '.join(sorted(map(table_of, body['RequestItems'])))}"
    table = table_of(body["TableName"])
    if operation == "UpdateItem" and table == "image_generation_log":
        return f"{operation} {_ledger_move(body)}"
    if "IndexName" in body:
        return f"{operation} {table}/{body['IndexName']}"
    if operation == "Query" and "unresumed#" in json.dumps(body):
        return "Query unresumed"
    if operation in ("PutItem", "UpdateItem", "DeleteItem") and table == "channels":
        item = body.get("Item") or body["Key"]
        return f"{operation} {item['entry']['S'].partition('#')[0]}"
    return f"{operation} {table}"


def table_of(physical: str) -> str:
    """What we call a table, by its name in the stack."""
    return next((name for logical, name in _TABLES.items() if f"-{logical}" in physical), physical)


def _purpose(items: list[dict[str, Any]]) -> str:
    """What a transaction is for, by the messages it writes: its own, then whose turn comes."""
    writes = [write for item in items for name, write in item.items() if name in ("Put", "Update")]
    messages = [write for write in writes if table_of(write["TableName"]) == "messages"]
    if any("Item" in message for message in messages):
        return "opening"
    if messages:
        return " ".join(str(_assigned(message, "status")) for message in messages)
    deletes = [item["Delete"] for item in items if "Delete" in item]
    if any(table_of(delete["TableName"]) == "messages" for delete in deletes):
        return "removal"
    if any(table_of(write["TableName"]) == "stock" for write in writes):
        return "put back" if "ready#" in json.dumps(items[-1]) else "taken"
    put = json.dumps([item["Put"] for item in items if "Put" in item])
    marks = {"deletion#": "deletion", "sha256": "upload", "thumbhash": "image"}
    return next((name for mark, name in marks.items() if mark in put), "other")


def _ledger_move(body: dict[str, Any]) -> str:
    if "_calls#" in str(body["Key"]):
        return "call"
    if "cost_nano_usd" in str(body.get("ExpressionAttributeNames")):
        return "cost"
    expression = body.get("UpdateExpression", "")
    if "REMOVE" in expression and "SET" not in expression:
        return "purged"
    if status := _assigned(body, "status"):
        return _LEDGER_MOVES.get(status, status)
    return "postponed" if "purge_at" in body["ExpressionAttributeNames"].values() else "other"


def _assigned(update: dict[str, Any], column: str) -> str | None:
    """The text that an update sets a column to."""
    for name, value in _ASSIGNMENT.findall(update.get("UpdateExpression", "")):
        if update["ExpressionAttributeNames"][name] == column:
            return str(update["ExpressionAttributeValues"][value]["S"])
    return None


def _frame(request: Request) -> str:
    if not request.body:
        return ""
    frame: dict[str, Any] = json.loads(request.body)
    status = frame.get("payload", {}).get("message", {}).get("meta", {}).get("status", "")
    return f"{frame['event']} {status}".strip()
