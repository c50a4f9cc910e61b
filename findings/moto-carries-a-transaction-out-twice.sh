#!/bin/sh
# moto carries a transaction out again when the SDK sends it again after a lost answer.
#
# Seen with moto 5.2.5, MiniStack 1.5.33 and botocore 1.43.106 on 2026-11-30.
#
# botocore gives each TransactWriteItems a ClientRequestToken of its own, so that a request which it
# repeats by itself, because the answer was lost on the way, is carried out once: DynamoDB remembers
# the token for ten minutes. MiniStack does so as well. moto reads no token: one call that says
# nothing but "done" adds twice, and a test of what a lost answer costs is wrong about AWS.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
  'moto[dynamodb,server]==5.2.5' ministack==1.5.33 boto3==1.43.106 botocore==1.43.106

cat >"$folder/ask.py" <<'END'
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import boto3
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError
from botocore.httpsession import URLLib3Session

FOLDER = sys.argv[1]
TABLE = {
    "TableName": "shelves",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "shelf", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "shelf", "KeyType": "HASH"}],
}
KEY = {"shelf": {"S": "poems"}}
ONE_MORE = {
    "TableName": "shelves",
    "Key": KEY,
    "UpdateExpression": "ADD books :one",
    "ExpressionAttributeValues": {":one": {"N": "1"}},
}


@contextmanager
def served(command, port, **environment):
    process = subprocess.Popen(
        command,
        env=dict(os.environ, TMPDIR=FOLDER, **environment),
        cwd=FOLDER,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield boto3.client(
            "dynamodb",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="eu-central-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"mode": "standard"}),
        )
    finally:
        process.terminate()
        process.wait(30)


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return str(held.getsockname()[1])


def ready(client):
    for _ in range(300):
        try:
            return client.create_table(**TABLE)
        except (EndpointConnectionError, ConnectionClosedError):
            time.sleep(0.1)
    raise SystemExit("no emulator")


@contextmanager
def first_answer_lost():
    send, tokens = URLLib3Session.send, []

    def send_and_lose(self, request):
        answer = send(self, request)
        tokens.append(request.body)
        if len(tokens) == 1:
            raise ConnectionClosedError(endpoint_url=request.url)
        return answer

    URLLib3Session.send = send_and_lose
    yield tokens
    URLLib3Session.send = send


def look(name, client):
    ready(client)
    with first_answer_lost() as sent:
        client.transact_write_items(TransactItems=[{"Update": ONE_MORE}])
    books = client.get_item(TableName="shelves", Key=KEY)["Item"]["books"]["N"]
    print(f"{name}: {len(sent)} requests, {len(set(sent))} body, books on the shelf: {books}")


tools = os.path.dirname(sys.executable)
port = free_port()
with served([f"{tools}/moto_server", "-H", "127.0.0.1", "-p", port], port) as client:
    look("moto", client)
port = free_port()
alone = {"BIND_HOST": "127.0.0.1", "SERVICES": "dynamodb", "IOT_MTLS_ENABLED": "0"}
with served([f"{tools}/ministack"], port, GATEWAY_PORT=port, **alone) as client:
    look("MiniStack", client)
END
"$folder/venv/bin/python" "$folder/ask.py" "$folder" >"$folder/seen"
cat >"$folder/expected" <<'END'
moto: 2 requests, 1 body, books on the shelf: 2
MiniStack: 2 requests, 1 body, books on the shelf: 1
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"
