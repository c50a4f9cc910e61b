"""The local stack keeps AWS's rules, shown on a bundle made for the purpose.

Each rule stands with the page of AWS's documentation beside the code that enforces it.
"""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import httpx
import pytest
import websockets
from botocore.exceptions import ClientError
from tests.local_stack.options import ROOT
from tests.local_stack.testing import RunningStack, StackProcess
from tests.sam.aws_models import OPERATIONS
from websockets.asyncio.client import ClientConnection

pytestmark = pytest.mark.slow

T = TypeVar("T")

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.13
    Handler: handler.lambda_handler
    AutoPublishAlias: live
    Timeout: 4
    Environment:
      Variables:
        RESULTS_TABLE: !Ref Results
        MANAGEMENT: !Sub https://${Sockets}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live
Resources:
  Results:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Web:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: web/
      Events:
        Echo: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: ANY, Path: "/echo/{name}"}}
        File: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: "/files/{path+}"}}
        Act: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: POST, Path: /act}}
        Otherwise: {Type: HttpApi, Properties: {ApiId: !Ref Api}}
  Socket:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: socket/
      Policies:
        - Statement:
            - {Effect: Allow, Action: dynamodb:PutItem, Resource: !GetAtt Results.Arn}
            - Effect: Allow
              Action: execute-api:ManageConnections
              Resource: !Sub "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Sockets}/*"
  Job:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: job/
      ReservedConcurrentExecutions: 1
      EventInvokeConfig:
        MaximumRetryAttempts: 1
        MaximumEventAgeInSeconds: 60
        DestinationConfig:
          OnFailure: {Type: Lambda, Destination: !Ref Record.Alias}
      Policies:
        - Statement:
            - {Effect: Allow, Action: dynamodb:PutItem, Resource: !GetAtt Results.Arn}
            - {Effect: Allow, Action: lambda:InvokeFunction, Resource: !Ref Record.Alias}
  Record:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: record/
      Policies:
        - Statement:
            - {Effect: Allow, Action: dynamodb:PutItem, Resource: !GetAtt Results.Arn}
      Events:
        Tick: {Type: Schedule, Properties: {Schedule: rate(1 minute)}}
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration:
        AllowOrigins: ["https://friend.example"]
        AllowMethods: [GET]
        AllowHeaders: [authorization]
        MaxAge: 60
  Sockets:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      StageName: live
      Auth:
        AuthType: CUSTOM
        AuthArn: !Ref Socket.Alias
        IdentitySource: [route.request.querystring.ticket]
      Routes:
        $connect: {FunctionArn: !Ref Socket.Alias}
        $disconnect: {FunctionArn: !Ref Socket.Alias}
        $default: {FunctionArn: !Ref Socket.Alias}
        shout: {FunctionArn: !Ref Socket.Alias}
"""

WEB = """
    import os
    import time
    import boto3
    from botocore.exceptions import ClientError

    def lambda_handler(event, context):
        if event["rawPath"] != "/act":
            return event
        act = event["body"]
        if act == "raise":
            raise ValueError("secret detail")
        if act == "exit":
            os._exit(3)
        if act == "leave":
            raise SystemExit(4)
        if act == "sleep":
            time.sleep(3)
        if act == "too long":
            time.sleep(20)
        if act == "who":
            return {"pid": os.getpid(), "left": context.get_remaining_time_in_millis()}
        if act == "large":
            return "x" * 7_000_000
        if act == "forbidden":
            table, item = os.environ["RESULTS_TABLE"], {"id": {"S": "never"}}
            return boto3.client("dynamodb").put_item(TableName=table, Item=item)
        if act == "services":
            return boto3.Session().get_available_services()
        if act == "invoke":
            return refused(boto3.client("lambda").invoke, FunctionName="afterimage-Job")
        if act == "post":
            client = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["MANAGEMENT"])
            return refused(client.post_to_connection, ConnectionId="x", Data=b"")
        if act == "binary":
            return {"statusCode": 201, "isBase64Encoded": True, "body": "AAH/", "cookies":
                    ["a=1", "b=2"], "headers": {"Content-Type": "image/png", "X-One": True}}
        return {"statusCode": 200, "body": act}

    def refused(call, **arguments):
        try:
            call(**arguments)
        except ClientError as error:
            return error.response["Error"]["Code"]
"""

SOCKET = """
    import json
    import os
    import boto3

    table = boto3.resource("dynamodb").Table(os.environ["RESULTS_TABLE"])

    def lambda_handler(event, context):
        if event.get("type") == "REQUEST":
            return authorize(event)
        key = event["requestContext"]["routeKey"]
        connection = event["requestContext"]["connectionId"]
        table.put_item(Item={"id": f"{connection} {key}", "event": json.dumps(event)})
        if key == "$connect" and event["queryStringParameters"]["ticket"] == "late":
            return {"statusCode": 402}
        if key == "shout":
            client = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["MANAGEMENT"])
            client.post_to_connection(ConnectionId=connection, Data=event["body"].upper())
        if event.get("body") == "raise":
            raise ValueError("no")
        return {"statusCode": 200, "body": "never sent"}

    def authorize(event):
        ticket = event["queryStringParameters"]["ticket"]
        if ticket == "unauthorized":
            raise Exception("Unauthorized")
        if ticket == "broken":
            raise ValueError("broken")
        effect = "Deny" if ticket == "bad" else "Allow"
        statement = {"Action": "execute-api:Invoke", "Effect": effect,
                     "Resource": event["methodArn"]}
        return {"principalId": "alice", "context": {"level": 3, "admin": True},
                "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
"""

JOB = """
    import os
    import time
    import boto3

    table = boto3.resource("dynamodb").Table(os.environ["RESULTS_TABLE"])

    def lambda_handler(event, context):
        table.put_item(Item={"id": f"{event['job']} {time.time_ns()}",
                             "request": context.aws_request_id, "pid": os.getpid()})
        time.sleep(event.get("seconds", 0))
        if event.get("fail"):
            raise RuntimeError("job failed")
"""

RECORD = """
    import json
    import os
    import boto3

    table = boto3.resource("dynamodb").Table(os.environ["RESULTS_TABLE"])

    def lambda_handler(event, context):
        name = event["requestPayload"]["job"] if "requestPayload" in event else "tick"
        table.put_item(Item={"id": "record " + name, "event": json.dumps(event)})
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack of four small functions, with short delays."""
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "template.yaml").write_text(TEMPLATE)
    for name, code in {"web": WEB, "socket": SOCKET, "job": JOB, "record": RECORD}.items():
        (folder / name).mkdir()
        (folder / name / "handler.py").write_text(textwrap.dedent(code))
    process = StackProcess(
        folder,
        *("--template", str(folder / "template.yaml")),
        *("--retry-delay", "0.2"),
        *("--throttle-delay", "0.1"),
        *("--schedule-interval", "0.5"),
        *("--integration-timeout", "2"),
    )
    with process.running(may_be_refused=True) as running:
        yield running


@pytest.fixture
def client(bundle: RunningStack) -> Iterator[httpx.Client]:
    """A client without any token."""
    with httpx.Client(base_url=bundle.url, trust_env=False, timeout=10) as made:
        yield made


def act(client: httpx.Client, what: str) -> httpx.Response:
    return client.post("/act", content=what, headers={"content-type": "text/plain"})


def item(bundle: RunningStack, key: str) -> dict[str, Any] | None:
    answer = bundle.aws("dynamodb").get_item(
        TableName=bundle.name("Results"), Key={"id": {"S": key}}, ConsistentRead=True
    )
    found = answer.get("Item")
    return json.loads(found["event"]["S"]) if found else None


def eventually(look: Callable[[], T | None], seconds: float = 30) -> T:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return found


# --- HTTP API -------------------------------------------------------------------------------


def test_event_is_payload_format_2(client: httpx.Client) -> None:
    headers = [("X-Two", "a"), ("X-Two", "b"), ("cookie", "c=1; d=2")]
    event = client.get("/echo/a%20b?q=1&q=2&e=", headers=headers).json()
    assert event["version"] == "2.0"
    assert event["routeKey"] == "ANY /echo/{name}"
    assert event["pathParameters"] == {"name": "a b"}
    assert event["rawQueryString"] == "q=1&q=2&e="
    assert event["queryStringParameters"] == {"q": "1,2", "e": ""}
    assert event["headers"]["x-two"] == "a,b"
    assert event["cookies"] == ["c=1", "d=2"]
    assert "cookie" not in event["headers"]
    assert event["requestContext"]["stage"] == "$default"
    assert event["requestContext"]["http"]["method"] == "GET"


def test_binary_bodies_arrive_and_leave_base64(client: httpx.Client) -> None:
    body = b"\x00\xff"
    event = client.post("/echo/x", content=body, headers={"content-type": "image/png"}).json()
    assert (event["isBase64Encoded"], base64.b64decode(event["body"])) == (True, body)
    answer = act(client, "binary")
    assert (answer.status_code, answer.content) == (201, b"\x00\x01\xff")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["x-one"] == "true"


@pytest.mark.parametrize("what", ["raise", "exit", "leave", "large", "forbidden"])
def test_function_errors_are_500_without_detail(client: httpx.Client, what: str) -> None:
    answer = act(client, what)
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


def test_functions_know_of_aws_what_a_built_layer_knows(client: httpx.Client) -> None:
    assert act(client, "services").json() == sorted(OPERATIONS)


@pytest.mark.parametrize("what", ["invoke", "post"])
def test_roles_without_the_permission_are_refused(client: httpx.Client, what: str) -> None:
    assert act(client, what).json() == "AccessDeniedException"


def test_body_over_10_mb_is_refused(client: httpx.Client) -> None:
    assert client.post("/act", content=b"x" * (10 * 1024 * 1024 + 1)).status_code == 413


def test_function_goes_on_after_the_gateway_gave_up(
    client: httpx.Client, bundle: RunningStack
) -> None:
    answer = act(client, "sleep")
    assert (answer.status_code, answer.json()) == (503, {"message": "Service Unavailable"})
    assert [i["function"] for i in bundle.status()["invocations"]] == ["web"]


def test_timeout_kills_the_worker(client: httpx.Client, bundle: RunningStack) -> None:
    answer = bundle.aws("lambda").invoke(
        FunctionName=bundle.functions["web"],
        Payload=json.dumps({"rawPath": "/act", "body": "too long"}),
    )
    assert answer["FunctionError"] == "Unhandled"
    assert (
        "Task timed out after 4.00 seconds" in json.loads(answer["Payload"].read())["errorMessage"]
    )


def test_warm_worker_is_used_again_and_a_killed_one_replaced(client: httpx.Client) -> None:
    first = act(client, "who").json()
    assert act(client, "who").json()["pid"] == first["pid"]
    assert 0 < first["left"] <= 4000
    os.kill(first["pid"], signal.SIGKILL)
    time.sleep(0.2)
    assert act(client, "who").json()["pid"] != first["pid"]


def test_cors_is_the_templates(client: httpx.Client) -> None:
    friend = client.get("/echo/x", headers={"origin": "https://friend.example"})
    assert friend.headers["access-control-allow-origin"] == "https://friend.example"
    stranger = client.get("/echo/x", headers={"origin": "https://stranger.example"})
    assert "access-control-allow-origin" not in stranger.headers


@pytest.mark.parametrize(
    ("path", "key"), [("/echo/x", "ANY /echo/{name}"), ("/nowhere", "$default")]
)
def test_what_takes_every_method_takes_a_preflight_too(
    client: httpx.Client, path: str, key: str
) -> None:
    preflight = {"origin": "https://friend.example", "access-control-request-method": "GET"}
    assert client.options(path, headers=preflight).json()["routeKey"] == key


# --- WebSocket ------------------------------------------------------------------------------


def with_socket(
    bundle: RunningStack, use: Callable[[ClientConnection], Awaitable[Any]], ticket: str = "good"
) -> Any:
    async def connected() -> Any:
        url = f"{bundle.websocket_url}?ticket={ticket}"
        async with websockets.connect(url, proxy=None, compression=None, close_timeout=1) as socket:
            return await asyncio.wait_for(use(socket), 15)

    return asyncio.run(connected())


async def nothing(_: ClientConnection) -> None:
    return


@pytest.mark.parametrize(
    ("ticket", "status"),
    [("", 401), ("bad", 403), ("unauthorized", 401), ("broken", 500), ("late", 402)],
)
def test_handshake_is_refused(bundle: RunningStack, ticket: str, status: int) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        with_socket(bundle, nothing, ticket)
    assert refused.value.response.status_code == status


def test_authorizer_context_reaches_every_event_as_strings(bundle: RunningStack) -> None:
    async def shout(socket: ClientConnection) -> Any:
        await socket.send('{"action": "shout"}')
        return await socket.recv()

    assert with_socket(bundle, shout) == '{"ACTION": "SHOUT"}'
    scanned = bundle.aws("dynamodb").scan(TableName=bundle.name("Results"))["Items"]
    events = [json.loads(i["event"]["S"]) for i in scanned if "event" in i]
    shouted = next(e for e in events if e.get("body") == '{"action": "shout"}')
    context = shouted["requestContext"]
    assert context["routeKey"] == "shout"
    assert context["authorizer"] == {"principalId": "alice", "level": "3", "admin": "true"}
    key = f"{context['connectionId']} $disconnect"
    ended = eventually(lambda: item(bundle, key))
    assert ended["requestContext"]["authorizer"]["principalId"] == "alice"
    assert ended["requestContext"]["disconnectStatusCode"] == 1000


def test_answers_without_route_response_are_not_sent(bundle: RunningStack) -> None:
    async def ask(socket: ClientConnection) -> Any:
        await socket.send("not json")
        await socket.send("raise")
        return json.loads(await socket.recv())

    frame = with_socket(bundle, ask)
    assert frame["message"] == "Internal server error"
    assert set(frame) == {"message", "connectionId", "requestId"}


@pytest.mark.parametrize(
    ("frame", "code"), [("x" * 32_769, 1009), (["x" * 32_000] * 5, 1009), (b"\x00", 1003)]
)
def test_limits_close_the_connection(bundle: RunningStack, frame: Any, code: int) -> None:
    async def send(socket: ClientConnection) -> int | None:
        await socket.send(frame)
        await socket.wait_closed()
        return socket.close_code

    assert with_socket(bundle, send) == code


def test_message_of_several_frames_is_accepted(bundle: RunningStack) -> None:
    async def send(socket: ClientConnection) -> Any:
        await socket.send(['{"action": "shout", "x": "', "y" * 30_000, '"}'])
        return await socket.recv()

    assert len(with_socket(bundle, send)) > 30_000


def connection_id(bundle: RunningStack, body: str) -> str:
    def look() -> str | None:
        scanned = bundle.aws("dynamodb").scan(TableName=bundle.name("Results"))["Items"]
        for found in scanned:
            event = json.loads(found["event"]["S"]) if "event" in found else {}
            if event.get("body") == body:
                return str(event["requestContext"]["connectionId"])
        return None

    return eventually(look)


def test_management_api(bundle: RunningStack) -> None:
    management = bundle.aws("apigatewaymanagementapi")

    async def managed(socket: ClientConnection) -> str:
        await socket.send("hello from management")
        found = await asyncio.to_thread(connection_id, bundle, "hello from management")
        await asyncio.to_thread(management.post_to_connection, ConnectionId=found, Data=b"hi")
        assert await socket.recv() == "hi"
        about = await asyncio.to_thread(management.get_connection, ConnectionId=found)
        assert about["Identity"]["SourceIp"] == "127.0.0.1"
        with pytest.raises(ClientError) as large:
            await asyncio.to_thread(
                management.post_to_connection, ConnectionId=found, Data=b"x" * 131_073
            )
        assert large.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
        await asyncio.to_thread(management.delete_connection, ConnectionId=found)
        await socket.wait_closed()
        assert socket.close_code == 1000
        return found

    gone = with_socket(bundle, managed)
    with pytest.raises(management.exceptions.GoneException):
        management.post_to_connection(ConnectionId=gone, Data=b"hi")


def test_unread_socket_fills_its_buffer(bundle: RunningStack) -> None:
    management = bundle.aws("apigatewaymanagementapi")

    async def fill(socket: ClientConnection) -> None:
        await socket.send("hello from a slow client")
        found = await asyncio.to_thread(connection_id, bundle, "hello from a slow client")
        socket.transport.pause_reading()
        for _ in range(400):
            await asyncio.to_thread(
                management.post_to_connection, ConnectionId=found, Data=b"x" * 131_072
            )

    with pytest.raises(ClientError, match="LimitExceededException"):
        with_socket(bundle, fill)


# --- Lambda ---------------------------------------------------------------------------------


def job(bundle: RunningStack, **event: Any) -> str:
    answer = bundle.aws("lambda").invoke(
        FunctionName=bundle.functions["job"] + ":live",
        InvocationType="Event",
        Payload=json.dumps(event),
    )
    assert answer["StatusCode"] == 202
    request_id: str = answer["ResponseMetadata"]["RequestId"]
    return request_id


def attempts(bundle: RunningStack, name: str) -> list[Any]:
    scanned = bundle.aws("dynamodb").scan(TableName=bundle.name("Results"))["Items"]
    return [i for i in scanned if i["id"]["S"].startswith(name + " ")]


def test_failed_event_is_retried_and_recorded(bundle: RunningStack) -> None:
    request_id = job(bundle, job="failing", fail=True)
    record = eventually(lambda: item(bundle, "record failing"))
    assert [i["request"]["S"] for i in attempts(bundle, "failing")] == [request_id] * 2
    assert record["version"] == "1.0"
    assert record["requestContext"] == {
        "requestId": request_id,
        "functionArn": record["requestContext"]["functionArn"],
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 2,
    }
    assert record["requestContext"]["functionArn"].endswith(":live")
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorMessage"] == "job failed"
    assert record["responsePayload"]["errorType"] == "RuntimeError"


def test_throttles_wait_without_counting_as_attempts(bundle: RunningStack) -> None:
    for number in range(4):
        job(bundle, job=f"queued{number}", seconds=0.3)
    eventually(lambda: all(attempts(bundle, f"queued{n}") for n in range(4)) or None)
    assert all(len(attempts(bundle, f"queued{n}")) == 1 for n in range(4))
    assert item(bundle, "record queued3") is None


def test_synchronous_throttle_is_429(bundle: RunningStack) -> None:
    job(bundle, job="busy", seconds=2.5)
    eventually(lambda: attempts(bundle, "busy") or None)
    client = bundle.aws("lambda")
    with pytest.raises(client.exceptions.TooManyRequestsException):
        client.invoke(FunctionName=bundle.functions["job"], Payload=b'{"job": "refused"}')
    eventually(lambda: bundle.status()["invocations"] == [] or None)


def test_killed_worker_is_a_failed_attempt(bundle: RunningStack) -> None:
    job(bundle, job="killed", seconds=2.0)
    for _ in range(2):
        running = eventually(
            lambda: [i for i in bundle.status()["invocations"] if i["function"] == "job"]
        )
        os.kill(running[0]["pid"], signal.SIGKILL)
        eventually(lambda: bundle.status()["invocations"] == [] or None)
    record = eventually(lambda: item(bundle, "record killed"))
    assert "Runtime exited" in record["responsePayload"]["errorMessage"]


def test_asynchronous_payload_over_1_mb_is_refused(bundle: RunningStack) -> None:
    client = bundle.aws("lambda")
    payload = json.dumps({"job": "x" * 1_048_576})
    with pytest.raises(ClientError, match="RequestEntityTooLargeException"):
        client.invoke(FunctionName=bundle.functions["job"], InvocationType="Event", Payload=payload)


def test_schedule_invokes_its_function(bundle: RunningStack) -> None:
    event = eventually(lambda: item(bundle, "record tick"))
    assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")


def test_unknown_functions_and_unsigned_calls_are_refused(bundle: RunningStack) -> None:
    functions = f"{bundle.env()['AWS_ENDPOINT_URL_LAMBDA']}/2015-03-31/functions"
    unknown = httpx.post(f"{functions}/unknown/invocations", trust_env=False)
    assert unknown.status_code == 404
    name = bundle.functions["job"]
    unsigned = httpx.post(f"{functions}/{name}/invocations", trust_env=False)
    assert unsigned.status_code == 403


# --- Its port -------------------------------------------------------------------------------


def test_a_port_in_use_is_one_line(bundle: RunningStack) -> None:
    port = bundle.url.rsplit(":", 1)[1]

    second = subprocess.run(
        [sys.executable, "-m", "tests.local_stack"],
        cwd=ROOT,
        env={**os.environ, "PORT": port},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert second.returncode == 2
    assert len(second.stderr.splitlines()) == 1
    assert f"Port {port} is in use" in second.stderr
