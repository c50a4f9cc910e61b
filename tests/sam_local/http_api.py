"""`sam local start-api`: a public route, an authorised one, its refusal, and no route."""

import time
from pathlib import Path

import httpx

from tests.sam_local.judging import http_problems
from tests.sam_local.printed import container_ids
from tests.sam_local.rows import Row
from tests.sam_local.sam import Sam
from tests.sam_local.served import free_port

_START_SECONDS = 60
_ANSWER_SECONDS = 60
_COMMAND = "sam local start-api"


def http_rows(sam: Sam, token: str, folder: Path) -> tuple[list[Row], list[str]]:
    """A row for each request; and the containers that it made."""
    port, log = free_port(), folder / "start-api.txt"
    signed_in = {"authorization": f"Bearer {token}"}
    with sam.start(["start-api"], port, log):
        base = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=base, timeout=_ANSWER_SECONDS, trust_env=False) as client:
            try:
                _wait_for(client)
                rows = [
                    _row(client, "GET /openapi.json", 200),
                    _row(client, "GET /chats", 200, headers=signed_in),
                    _row(client, "GET /chats", 401, "unauthorized"),
                    _row(client, "GET /albums", 404, "not_found", signed_in, route="GET /{proxy+}"),
                ]
            except (httpx.HTTPError, TimeoutError) as error:
                last = log.read_text(errors="replace").strip()[-500:]
                rows = [Row(_COMMAND, "answers", problems=[repr(error), last])]
    return rows, container_ids(log.read_text(errors="replace"))


def _row(
    client: httpx.Client,
    asked: str,
    status: int,
    code: str | None = None,
    headers: dict[str, str] | None = None,
    *,
    route: str | None = None,
) -> Row:
    method, _, path = asked.partition(" ")
    response = client.request(method, path, headers=headers)
    answer = {
        "statusCode": response.status_code,
        "headers": {"content-type": response.headers.get("content-type", "")},
        "body": response.text,
    }
    problems = http_problems(route or asked, answer, status, code)
    who = "signed in" if headers else "nobody"
    return Row(_COMMAND, f"{asked}, {who}", str(response.status_code), problems=problems)


def _wait_for(client: httpx.Client) -> None:
    give_up = time.monotonic() + _START_SECONDS
    while time.monotonic() < give_up:
        try:
            client.get("/config.json", timeout=_ANSWER_SECONDS)
        except httpx.ConnectError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError("it does not listen")
