"""One call in a new environment, alone in its interpreter: prints the status that it answers.

The argument is an event, of the function that PYTHONPATH holds first.
"""

import importlib
import json
import sys
import uuid


class Context:
    """What a handler is given beside its event."""

    function_name = "llm_handler_gemini"
    memory_limit_in_mb = 1769
    invoked_function_arn = "arn:aws:lambda:eu-central-1:000000000000:function:bench"

    def __init__(self) -> None:
        self.aws_request_id = str(uuid.uuid4())

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


if __name__ == "__main__":
    handler = importlib.import_module("handler")
    answer = handler.lambda_handler(json.loads(sys.argv[1]), Context())
    print(answer["statusCode"])
