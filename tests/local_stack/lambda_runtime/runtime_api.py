"""The Lambda Runtime API, one address per worker ("Using the Lambda runtime API for custom
runtimes")."""

import secrets
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.local_stack.lambda_runtime.function import Function
from tests.local_stack.lambda_runtime.invocation import Invocation
from tests.local_stack.lambda_runtime.worker import Worker
from tests.local_stack.names import RUNTIME_PATH

_PREFIX = RUNTIME_PATH + "/{function}/{worker}/2018-06-01/runtime/invocation"


def runtime_routes(functions: Mapping[str, Function]) -> list[Route]:
    """Routes for `functions`, by name."""

    def worker_of(request: Request) -> Worker | None:
        function = functions.get(request.path_params["function"])
        return function.workers.get(request.path_params["worker"]) if function else None

    async def next_invocation(request: Request) -> Response:
        worker = worker_of(request)
        invocation = await worker.next_invocation() if worker else None
        if worker is None or invocation is None:
            return _unknown()
        deadline = ((invocation.started_at or 0) + worker.timeout) * 1000
        return Response(
            invocation.payload,
            headers={
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(int(deadline)),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                "Lambda-Runtime-Trace-Id": f"Root=1-00000000-{secrets.token_hex(12)};Sampled=0",
            },
            media_type="application/json",
        )

    async def response(request: Request) -> Response:
        payload = await request.body()
        invocation = _reported(request)
        if invocation is None:
            return _unknown()
        invocation.succeed(payload)
        return JSONResponse({"status": "OK"}, 202)

    async def error(request: Request) -> Response:
        payload = await request.body()
        invocation = _reported(request)
        if invocation is None:
            return _unknown()
        invocation.fail_with(payload)
        return JSONResponse({"status": "OK"}, 202)

    def _reported(request: Request) -> Invocation | None:
        worker = worker_of(request)
        return worker.take(request.path_params["request_id"]) if worker else None

    return [
        Route(_PREFIX + "/next", next_invocation),
        Route(_PREFIX + "/{request_id}/response", response, methods=["POST"]),
        Route(_PREFIX + "/{request_id}/error", error, methods=["POST"]),
    ]


def _unknown() -> Response:
    return JSONResponse({"errorType": "InvalidRequestID", "errorMessage": "unknown"}, 403)
