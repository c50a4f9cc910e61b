"""The HTTP surface: Google's paths under /v1beta and /v1, and /dev/gemini to steer them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.local_stack.gemini import errors, tokens
from tests.local_stack.gemini.catalogue import MODELS
from tests.local_stack.gemini.conversation import check_contents
from tests.local_stack.gemini.errors import Refusal
from tests.local_stack.gemini.generate import Simulator, check_body, known_model
from tests.local_stack.gemini.request_rules import check_instruction
from tests.local_stack.gemini.wire import Json, normalised

VERSIONS = ("v1beta", "v1")
# Google's limit for inline requests since 2026-01-08.
LARGEST_BODY = 100 * 1024 * 1024
INVALID_KEY = "invalid"
PAGE_SIZE = 50


def create_app() -> Starlette:
    """A simulator of its own: settings, script, log and painted pictures are not shared."""
    simulator = Simulator()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        simulator.stopping.set()
        simulator.studio.close()

    routes = [Route("/dev/gemini", _behaviour, methods=["GET", "PUT"])]
    for version in VERSIONS:
        routes += [
            Route(f"/{version}/models", _list_models, methods=["GET"]),
            Route(f"/{version}/models/{{model}}", _show_model, methods=["GET"]),
            Route(f"/{version}/models/{{target}}", _call_model, methods=["POST"]),
        ]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={Refusal: _refused})
    app.state.simulator = simulator
    return app


async def _call_model(request: Request) -> Response:
    arrived = asyncio.get_running_loop().time()
    version = request.url.path.split("/")[1]
    model_id, _, method = request.path_params["target"].rpartition(":")
    is_array = method == "streamGenerateContent" and request.query_params.get("alt") != "sse"
    try:
        _authenticate(request)
        raw = await _read_json(request)
        if method == "countTokens":
            return _count_tokens(raw, model_id, version)
        if method not in ("generateContent", "streamGenerateContent"):
            raise errors.not_found(model_id, version, method)
        stream = None if method == "generateContent" else "array" if is_array else "sse"
        simulator: Simulator = request.app.state.simulator
        return await simulator.generate(version, model_id, raw, arrived, stream)
    except Refusal as refusal:
        if is_array:
            return JSONResponse([refusal.body], refusal.status)
        raise


def _authenticate(request: Request) -> None:
    key = request.headers.get("x-goog-api-key") or request.query_params.get("key")
    if not key:
        raise errors.plain(403)
    if key == INVALID_KEY:
        raise errors.invalid_key()


async def _read_json(request: Request) -> Any:
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > LARGEST_BODY:
        raise errors.plain(413)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            raise errors.plain(413)
    try:
        return json.loads(body)
    except ValueError:
        raise errors.invalid("Invalid JSON payload received. Unexpected end of string.") from None


def _count_tokens(raw: Any, model_id: str, version: str) -> Response:
    known_model(model_id, version, "countTokens")
    check_body(raw)
    request: Json = normalised(raw)
    request = request.get("generateContentRequest", request)
    check_body(request)
    check_contents(request.get("contents"), needs_signatures=False)
    check_instruction(request)
    counts = tokens.of_request(request)
    details = tokens.details(counts)
    return JSONResponse({"totalTokens": sum(counts.values()), "promptTokensDetails": details})


async def _list_models(request: Request) -> Response:
    _authenticate(request)
    size, start = (
        request.query_params.get("pageSize", "0"),
        request.query_params.get("pageToken", "0"),
    )
    if not (size.isdigit() and start.isdigit()):
        raise errors.invalid("Invalid page size or page token.")
    end = int(start) + (int(size) or PAGE_SIZE)
    described = [model.describe() for model in MODELS.values()]
    page: Json = {"models": described[int(start) : end]}
    if end < len(described):
        page["nextPageToken"] = str(end)
    return JSONResponse(page)


async def _show_model(request: Request) -> Response:
    _authenticate(request)
    version = request.url.path.split("/")[1]
    return JSONResponse(known_model(request.path_params["model"], version).describe())


async def _behaviour(request: Request) -> Response:
    behaviour = request.app.state.simulator.behaviour
    if request.method == "PUT":
        try:
            behaviour.change(json.loads(await request.body()))
        except ValueError as mistake:
            problem = {"code": "invalid_settings", "message": str(mistake), "retry_after": None}
            return JSONResponse({"error": problem}, 400)
    return JSONResponse(behaviour.shown())


async def _refused(request: Request, refusal: Exception) -> Response:
    if not isinstance(refusal, Refusal):
        raise refusal
    return JSONResponse(refusal.body, refusal.status)
