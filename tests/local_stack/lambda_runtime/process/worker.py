"""The loop of one worker: takes an invocation, calls the handler, reports, takes the next."""

import json
import os
import time
import traceback
from collections.abc import Callable
from email.message import Message
from typing import Any

from tests.local_stack.lambda_runtime.process.context import LambdaContext
from tests.local_stack.lambda_runtime.process.runtime_client import RuntimeClient

Handler = Callable[[Any, LambdaContext], Any]


def work(handler: Handler, address: str) -> None:
    """Serves invocations until the Runtime API is gone.

    Args:
        handler: the function's handler.
        address: of the Runtime API, as in AWS_LAMBDA_RUNTIME_API.
    """
    client = RuntimeClient(address)
    while True:
        try:
            headers, event = client.next_invocation()
        except OSError:
            return
        if "Lambda-Runtime-Aws-Request-Id" not in headers:
            return
        _serve(handler, client, LambdaContext(headers), headers, event)


def _serve(
    handler: Handler,
    client: RuntimeClient,
    context: LambdaContext,
    headers: Message,
    event: bytes,
) -> None:
    os.environ["_X_AMZN_TRACE_ID"] = str(headers["Lambda-Runtime-Trace-Id"])
    request_id = context.aws_request_id
    started = time.perf_counter()
    print(f"START RequestId: {request_id} Version: {context.function_version}")
    try:
        payload = json.dumps(handler(json.loads(event), context), ensure_ascii=False).encode()
    except Exception as error:  # noqa: BLE001  # whatever a handler raises is a function error
        print("[ERROR]", "".join(traceback.format_exception(error)), sep=" ", end="")
        client.fail(request_id, error)
    else:
        client.respond(request_id, payload)
    milliseconds = (time.perf_counter() - started) * 1000
    print(f"REPORT RequestId: {request_id} Duration: {milliseconds:.2f} ms", flush=True)
