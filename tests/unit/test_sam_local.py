"""What `make sam-local` is made of: choosing an engine, reading what was printed, judging it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.sam_local import beside, engine
from tests.sam_local.__main__ import main
from tests.sam_local.base_image import libraries_in, place_of
from tests.sam_local.engine_api import EngineApi, EngineError, bridge_of
from tests.sam_local.events import all_events, functions
from tests.sam_local.forward import Forward
from tests.sam_local.judging import http_problems, policy_problems, same_problems
from tests.sam_local.printed import container_ids, read
from tests.sam_local.rows import Row, table
from tests.sam_local.runner import not_run
from tests.sam_local.served import Served

REPORT = (
    "START RequestId: 1 Version: $LATEST\n"
    "END RequestId: 1\n"
    "REPORT RequestId: 1\tInit Duration: 0.04 ms\tDuration: 812.3 ms\tBilled Duration: 813 ms\t"
    "Memory Size: 1769 MB\tMax Memory Used: 1769 MB\t\n"
)


# --- The engine ----------------------------------------------------------------------------------


def test_docker_host_is_the_only_place_where_it_is_named() -> None:
    named = {"DOCKER_HOST": "unix:///elsewhere.sock", "HOME": "/home/alice"}

    assert engine.sockets(named) == ["unix:///elsewhere.sock"]
    assert engine.sockets({"HOME": "/home/alice", "XDG_RUNTIME_DIR": "/run/user/1"}) == [
        "unix:///var/run/docker.sock",
        "unix:///run/user/1/docker.sock",
        "unix:///home/alice/.docker/run/docker.sock",
    ]


@pytest.mark.parametrize(
    ("environment", "user_id", "apt_get", "why"),
    [
        ({}, 0, "/usr/bin/apt-get", None),
        ({}, 1000, "/usr/bin/apt-get", "only root"),
        ({}, 0, None, "no apt-get"),
        ({"DOCKER_HOST": "unix:///elsewhere.sock"}, 0, "/usr/bin/apt-get", "DOCKER_HOST="),
    ],
)
def test_an_engine_is_installed_by_root_where_none_is_named(
    environment: dict[str, str], user_id: int, apt_get: str | None, why: str | None
) -> None:
    said = engine.why_not_installed(environment, user_id, apt_get)

    assert said is None if why is None else why in (said or "")


@pytest.mark.parametrize(("arguments", "status"), [([], 3), (["--if-possible"], 0)])
def test_without_an_engine_it_says_so_and_is_told_apart(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
) -> None:
    def none() -> list[Row]:
        raise engine.NoEngineError("no container engine answers, and only root can install one")

    monkeypatch.setattr("tests.sam_local.__main__._run", none)
    monkeypatch.setattr("signal.alarm", lambda _: 0)
    monkeypatch.setattr("signal.signal", lambda *_: None)

    assert main(arguments) == status
    assert capsys.readouterr().out == (
        "sam local was not run: no container engine answers, and only root can install one.\n"
    )


def api(answer: Callable[[httpx.Request], httpx.Response]) -> EngineApi:
    return EngineApi("unix:///none", httpx.MockTransport(answer))


def test_a_pull_that_fails_in_its_progress_has_failed() -> None:
    progress = b'{"status":"Pulling"}\n{"error":"no such host"}\n'

    refused = api(lambda _: httpx.Response(200, content=progress))

    with refused, pytest.raises(EngineError, match="no such host"):
        refused.pull("public.ecr.aws/lambda/python:3.13-x86_64")


def test_an_image_is_pulled_by_repository_and_tag() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=b'{"status":"Done"}')

    with api(answer) as pulled:
        pulled.pull("public.ecr.aws/lambda/python:3.13-x86_64")

    assert dict(asked[0].url.params) == {
        "fromImage": "public.ecr.aws/lambda/python",
        "tag": "3.13-x86_64",
    }


@pytest.mark.parametrize("config", [{}, {"Gateway": "172.17.0.1"}])
def test_the_bridge_is_the_first_address_of_its_network(config: dict[str, str]) -> None:
    network = {"IPAM": {"Config": [{"Subnet": "172.17.0.0/16", **config}]}}

    assert bridge_of(network) == (IPv4Address("172.17.0.1"), IPv4Network("172.17.0.0/16"))


def test_a_network_without_addresses_is_none() -> None:
    with pytest.raises(EngineError):
        bridge_of({"IPAM": {"Config": []}})


# --- The image -----------------------------------------------------------------------------------


def test_libraries_are_those_that_lie_in_files() -> None:
    said = (
        "/usr/bin/sh:\n\tlinux-vdso.so.1 (0x00007ffc)\n"
        "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f10)\n"
        "\t/lib64/ld-linux-x86-64.so.2 (0x00007f11)\n\tlibgone.so => not found\n"
    )

    assert libraries_in(said) == {
        "/lib/x86_64-linux-gnu/libc.so.6",
        "/lib64/ld-linux-x86-64.so.2",
    }


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/lib/x86_64-linux-gnu/libc.so.6", "usr/lib/x86_64-linux-gnu/libc.so.6"),
        ("/lib64/ld-linux-x86-64.so.2", "usr/lib64/ld-linux-x86-64.so.2"),
        ("/opt/python/lib/libpython3.13.so", "opt/python/lib/libpython3.13.so"),
    ],
)
def test_a_library_lies_where_the_image_has_its_folders(path: str, place: str) -> None:
    assert place_of(path) == place


# --- Beside the stack ----------------------------------------------------------------------------

STACK = beside.Surroundings(
    url="http://127.0.0.1:8000",
    websocket="ws://127.0.0.1:8000/dev/websocket/live",
    aws_endpoint="http://127.0.0.1:4566",
    gemini="http://127.0.0.1:9000",
    functions={
        "keeper": {
            "PUBLIC_CONFIG_PARAMETER": "/afterimage/public-config",
            "POWERTOOLS_SERVICE_NAME": "keeper",
            "IMAGES_BUCKET": "pictures",
        },
        "llm_handler_gemini": {
            "PUBLIC_CONFIG_PARAMETER": "/afterimage/public-config",
            "POWERTOOLS_SERVICE_NAME": "llm_handler_gemini",
            "TEXT_MODEL": "text",
        },
    },
)


def test_a_container_finds_the_stack_at_localhost_and_aws_at_the_bridge() -> None:
    assert beside.variables(STACK, IPv4Address("172.17.0.1")) == {
        "IMAGES_BUCKET": "pictures",
        "TEXT_MODEL": "text",
        "PUBLIC_CONFIG_PARAMETER": "/afterimage/public-config-in-containers",
        "GEMINI_BASE_URL": "http://localhost:9000",
        "WEBSOCKET_ENDPOINT": "http://localhost:8000/dev/websocket/live",
        "AWS_ENDPOINT_URL": "http://172.17.0.1:4566",
        "AWS_ENDPOINT_URL_LAMBDA": "http://localhost:8000/dev/lambda",
    }


def test_only_what_listens_on_this_machine_is_forwarded() -> None:
    real = beside.Surroundings(
        STACK.url, STACK.websocket, STACK.aws_endpoint, "https://gemini.test", STACK.functions
    )

    assert beside.ports_of(STACK) == {8000, 4566, 9000}
    assert beside.ports_of(real) == {8000, 4566}
    assert beside.seen_from_inside("https://gemini.test") == "https://gemini.test"


@pytest.mark.parametrize(
    ("peer", "takes"), [("172.17.0.2", True), ("172.17.0.1", True), ("192.168.1.7", False)]
)
def test_the_forward_takes_the_bridges_own_network_alone(peer: str, takes: bool) -> None:
    forward = Forward(IPv4Address("172.17.0.1"), IPv4Network("172.17.0.0/16"), [])

    assert forward._takes(peer) is takes
    forward._loop.close()


def test_the_forward_takes_a_bounded_number() -> None:
    forward = Forward(IPv4Address("172.17.0.1"), IPv4Network("172.17.0.0/16"), [])

    async def fill() -> None:
        forward._open.update(asyncio.create_task(asyncio.sleep(0)) for _ in range(256))
        assert not forward._takes("172.17.0.2")
        await asyncio.gather(*forward._open)

    forward._loop.run_until_complete(fill())
    forward._loop.close()


# --- What was printed ----------------------------------------------------------------------------


def test_a_good_run_has_an_answer_and_a_report() -> None:
    printed = read('{"statusCode": 200}\n', REPORT)

    assert printed.answer == {"statusCode": 200}
    assert (printed.billed_ms, printed.memory_mb, printed.problems) == (813, 1769, ())
    assert read("null\n", REPORT).problems == ()
    assert printed.started
    assert not read("", "No response from invoke container for KeeperFunction").started


@pytest.mark.parametrize(
    ("stdout", "stderr", "problem"),
    [
        ("", REPORT, "nothing was answered"),
        ("no json\n", REPORT, "no JSON was answered: no json"),
        (
            '{"errorMessage": "no", "errorType": "KeyError"}\n',
            REPORT,
            "KeyError: no",
        ),
        ("null\n", "", "the runtime reported no end"),
        (
            "null\n",
            f"{REPORT}Function 'K' timed out after 29 seconds",
            "Function 'K' timed out after 29 seconds",
        ),
        (
            "null\n",
            f"Traceback (most recent call last): {REPORT}",
            f"Traceback (most recent call last): {REPORT.partition('REPORT')[0]}",
        ),
        (
            "null\n",
            f'{REPORT}{{"level":"ERROR","message":"http_failed"}}\n',
            "it logged: http_failed",
        ),
    ],
)
def test_whatever_went_wrong_is_a_problem(stdout: str, stderr: str, problem: str) -> None:
    assert problem in read(stdout, stderr).problems


def test_each_invocation_has_its_own_piece_of_what_a_container_prints(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.touch()
    raising = f"Traceback (most recent call last): {REPORT}"
    pieces = iter([(200, raising), (200, REPORT), (502, REPORT)])

    def answer(_: httpx.Request) -> httpx.Response:
        status, printed = next(pieces)
        with log.open("a") as written:
            written.write(printed)
        return httpx.Response(status, text="null")

    http = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://cli")
    function = Served("KeeperFunction", http, log)

    raised, good, refused = (function.invoke({}) for _ in range(3))

    assert "Traceback" in raised.problems[0]
    assert (good.billed_ms, good.problems) == (813, ())
    assert refused.problems == ("the CLI answered 502",)


def test_what_the_cli_stumbles_over_behind_the_report_is_not_the_functions() -> None:
    assert read("null\n", f"{REPORT}Traceback (most recent call last):\n").problems == ()


def test_containers_are_known_by_their_ids() -> None:
    assert container_ids("x\nSAM_CONTAINER_ID: 28fe65d7\nSTART") == ["28fe65d7"]


# --- Judging -------------------------------------------------------------------------------------


def http_answer(status: int, body: Any, kind: str = "application/json") -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": kind}, "body": json.dumps(body)}


REFUSED = {"error": {"code": "not_found", "message": "It is not there.", "retry_after": None}}
USAGE = {
    "limit": 10,
    "used": 0,
    "resets_at": "2026-11-26T00:00:00.000Z",
    "message_limit": 200,
    "messages_used": 0,
    "upload_limit": 50,
    "uploads_used": 0,
    "provider_calls": 0,
    "provider_call_limit": 30,
    "text_calls": 0,
    "text_call_limit": 400,
    "painting": 0,
    "painting_limit": 4,
    "cost_usd": "0",
    "typical_ms": None,
    "typical_ms_by_model": {},
}


def test_what_the_contract_describes_is_right() -> None:
    assert http_problems("GET /usage", http_answer(200, USAGE), 200) == []
    assert http_problems("GET /", http_answer(200, "<p>", "text/html"), 200) == []
    assert http_problems("GET /{proxy+}", http_answer(404, REFUSED), 404, "not_found") == []
    assert http_problems("DELETE /images/{image_id}", {"statusCode": 204, "headers": {}}, 204) == []


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (None, 200, None),
        ({"statusCode": 500}, 200, None),
        (http_answer(200, {**USAGE, "surplus": 1}), 200, None),
        (http_answer(200, {}), 200, None),
        (http_answer(401, REFUSED), 401, "unauthorized"),
        ({"statusCode": 200, "headers": {"content-type": "text/html"}}, 200, None),
    ],
)
def test_what_it_does_not_describe_is_wrong(answer: Any, status: int, code: str | None) -> None:
    assert http_problems("GET /usage", answer, status, code) != []


def test_a_policy_is_for_the_method_that_was_asked_about() -> None:
    event = {"methodArn": "arn:x"}
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "arn:x"}
    policy = {"policyDocument": {"Statement": [statement]}}

    assert policy_problems(policy, "Allow", event) == []
    assert policy_problems(policy, "Deny", event) != []
    assert policy_problems(None, "Allow", event) != []


def test_nothing_is_an_answer_too() -> None:
    assert same_problems(None, None) == []
    assert same_problems({}, None) != []


def test_every_function_has_an_event_and_every_event_a_function() -> None:
    assert {event.function for event in all_events().values()} == functions()


def test_an_event_that_was_not_run_is_wrong() -> None:
    left = not_run(set(all_events()) - {"keeper_sweep"})

    assert [(row.function, row.event) for row in left] == [("KeeperFunction", "keeper_sweep")]
    assert [line.split()[-1] for line in table(left)] == ["verdict", "WRONG", "run"]
