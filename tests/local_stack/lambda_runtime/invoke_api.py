"""The Invoke API of Lambda (API reference, action "Invoke")."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.local_stack.lambda_runtime.caller import Callers, aws_error
from tests.local_stack.lambda_runtime.invocation import ThrottledError
from tests.local_stack.lambda_runtime.service import LambdaService, UnknownFunctionError
from tests.local_stack.names import LAMBDA_PATH

# "6 MB (synchronous), 1 MB (asynchronous)": page "Lambda quotas", invocation payload.
_MAX_BYTES = {"RequestResponse": 6_291_456, "Event": 1_048_576}


def invoke_routes(service: LambdaService, callers: Callers) -> list[Route]:
    """The one route of the Invoke API."""

    async def invoke(request: Request) -> Response:
        payload = await request.body() or b"{}"
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        try:
            function, qualifier = service.find(
                request.path_params["name"], request.query_params.get("Qualifier")
            )
        except UnknownFunctionError as error:
            return aws_error("ResourceNotFoundException", f"Function not found: {error}", 404)
        arn = f"{function.spec.arn}:{qualifier}" if qualifier else function.spec.arn
        refusal = callers.refusal(request, "lambda:InvokeFunction", arn)
        if refusal is not None:
            return refusal
        if kind == "DryRun":
            return Response(status_code=204)
        if kind not in _MAX_BYTES:
            return aws_error("InvalidParameterValueException", f"unknown type {kind}", 400)
        if len(payload) > _MAX_BYTES[kind]:
            return aws_error(
                "RequestEntityTooLargeException",
                f"{len(payload)} byte payload is too large for the {kind} invocation type "
                f"(limit {_MAX_BYTES[kind]} bytes)",
                413,
            )
        if kind == "Event":
            request_id = service.enqueue(arn, payload)
            return Response(b"", 202, {"x-amzn-RequestId": request_id})
        return await _synchronous(service, arn, payload)

    path = LAMBDA_PATH + "/2015-03-31/functions/{name}/invocations"
    return [Route(path, invoke, methods=["POST"])]


async def _synchronous(service: LambdaService, arn: str, payload: bytes) -> Response:
    try:
        outcome = await asyncio.shield(service.begin(arn, payload))
    except ThrottledError:
        return aws_error("TooManyRequestsException", "Rate Exceeded.", 429)
    headers = {"X-Amz-Executed-Version": service.find(arn)[0].spec.version}
    if outcome.failed:
        headers["X-Amz-Function-Error"] = "Unhandled"
    return Response(outcome.payload, 200, headers, media_type="application/json")
