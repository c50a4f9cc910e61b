#!/bin/sh
# MiniStack stores how an alias is to treat events, and treats them otherwise.
#
# Seen with MiniStack 1.5.33 on 2026-11-30.
#
# `PutFunctionEventInvokeConfig` says how often Lambda tries an asynchronous invocation that failed, and
# who is told of it in the end. By the function's name MiniStack does as it says. By an alias it answers
# that it has stored the same, shows it when it is asked, and then tries three times and tells nobody. So a
# stack that deploys by aliases, as gradual deployments do, shows neither its retries nor its failures
# there.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ministack==1.5.33 boto3==1.43.106

AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test "$folder/venv/bin/python" - "$folder" >"$folder/seen" <<'END'
import io
import json
import os
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import boto3

FOLDER, PORT = Path(sys.argv[1]), 8003
CALLS = FOLDER / "calls"
CODE = f"""
def handler(event, context):
    with open({str(CALLS)!r}, "a") as calls:
        calls.write(event["by"] + "\\n")
    raise RuntimeError("as it is meant to")
"""
WAYS = {"name": "$LATEST", "alias": "live"}


def served():
    own = {"TMPDIR": str(FOLDER), "STATE_DIR": str(FOLDER / "state"), "IOT_MTLS_ENABLED": "0"}
    ministack = {"GATEWAY_PORT": str(PORT), "BIND_HOST": "127.0.0.1", "SERVICES": "lambda,sqs,iam"}
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        cwd=FOLDER,
        env={**os.environ, **own, **ministack, "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2"},
        stdout=(FOLDER / "log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", PORT), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    return process


def client(service):
    address = f"http://127.0.0.1:{PORT}"
    return boto3.client(service, region_name="eu-central-1", endpoint_url=address)


def packed():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("index.py", CODE)
    return file.getvalue()


def look():
    functions, queues = client("lambda"), client("sqs")
    queue = queues.create_queue(QueueName="failed")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    functions.create_function(
        FunctionName="greet",
        Runtime="python3.13",
        Handler="index.handler",
        Role="arn:aws:iam::000000000000:role/greet",
        Code={"ZipFile": packed()},
    )
    version = functions.publish_version(FunctionName="greet")["Version"]
    functions.create_alias(FunctionName="greet", Name="live", FunctionVersion=version)
    for qualifier in WAYS.values():
        functions.put_function_event_invoke_config(
            FunctionName="greet",
            Qualifier=qualifier,
            MaximumRetryAttempts=0,
            DestinationConfig={"OnFailure": {"Destination": arn}},
        )
    for by, qualifier in WAYS.items():
        functions.invoke(
            FunctionName="greet",
            Qualifier=qualifier,
            InvocationType="Event",
            Payload=json.dumps({"by": by}),
        )
    told, quiet, before = [], 0, None
    while quiet < 10:  # seconds in which nothing happened
        got = queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        told += [json.loads(message["Body"])["requestPayload"]["by"] for message in got]
        now = (len(told), CALLS.exists() and CALLS.stat().st_size)
        quiet, before = (quiet + 1 if now == before else 0), now
        time.sleep(1)
    calls = CALLS.read_text().split()
    for by, qualifier in WAYS.items():
        kept = functions.get_function_event_invoke_config(FunctionName="greet", Qualifier=qualifier)
        print(f"by its {by}: {kept['MaximumRetryAttempts']} retries are set,", end=" ")
        print(f"{calls.count(by) - 1} were made, {told.count(by)} failure told")


process = served()
try:
    look()
finally:
    process.terminate()
    process.wait()
END
cat >"$folder/expected" <<'END'
by its name: 0 retries are set, 0 were made, 1 failure told
by its alias: 0 retries are set, 2 were made, 0 failure told
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"
