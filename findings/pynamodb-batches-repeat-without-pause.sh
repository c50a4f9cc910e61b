#!/bin/sh
# PynamoDB sends again without a pause what DynamoDB left undone of a batch.
#
# Seen with pynamodb 6.1.0 and botocore 1.43.106 on 2026-11-29.
#
# A BatchWriteItem or BatchGetItem that meets a throttle succeeds, and names what it left undone
# in UnprocessedItems or UnprocessedKeys. DynamoDB's guide asks for a growing pause before the rest
# is sent. `batch_write` sends it at once, twice more by default, and then raises PutError.
# `batch_get` sends it at once for as long as anything is left. A throttle lasts longer than that.
#
# Here every answer comes from a hook of botocore's, so nothing leaves this machine. The writes are
# never done, the reads after two hundred answers.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pynamodb==6.1.0 botocore==1.43.106

AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x "$folder/venv/bin/python" - >"$folder/seen" <<'END'
import json
import time

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.models import Model

READS_LEFT_UNDONE = 200
times = {"BatchWriteItem": [], "BatchGetItem": []}


class Note(Model):
    class Meta:
        table_name = "notes"
        region = "eu-central-1"

    id = UnicodeAttribute(hash_key=True)


class Body:
    def __init__(self, content):
        self.content = content

    def stream(self, **_):
        yield self.content


def left_undone(request, **_):
    operation = request.headers["X-Amz-Target"].decode().split(".")[1]
    asked = json.loads(request.body)
    times[operation].append(time.monotonic())
    said = {}
    if operation == "BatchWriteItem":
        said = {"UnprocessedItems": asked["RequestItems"]}
    elif len(times[operation]) <= READS_LEFT_UNDONE:
        said = {"Responses": {"notes": []}, "UnprocessedKeys": asked["RequestItems"]}
    else:
        said = {"Responses": {"notes": [{"id": {"S": "a"}}]}, "UnprocessedKeys": {}}
    return AWSResponse(request.url, 200, HTTPHeaders(), Body(json.dumps(said).encode()))


connection = Note._get_connection().connection
connection.client.meta.events.register("before-send.dynamodb", left_undone)

try:
    with Note.batch_write() as batch:
        batch.save(Note("a"))
    ended = "nothing raised"
except PutError as error:
    ended = type(error).__name__
found = [note.id for note in Note.batch_get(["a"])]

for operation, sent in times.items():
    pauses = [later - earlier for earlier, later in zip(sent, sent[1:])]
    paused = sum(pause > 0.5 for pause in pauses)
    print(f"{operation}: {len(sent)} requests, {paused} pauses of half a second")
print(f"batch_write: {ended}; batch_get: {found}")
END
cat >"$folder/expected" <<'END'
BatchWriteItem: 3 requests, 0 pauses of half a second
BatchGetItem: 201 requests, 0 pauses of half a second
batch_write: PutError; batch_get: ['a']
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"
