"""One cold start, alone in its interpreter: prints its milliseconds of CPU, and by the clock.

The argument is a function's folder, which PYTHONPATH holds, or "floor". A second one is a folder of
what functions read of AWS, where they are not built.
"""

import importlib
import os
import sys
import time

_CONFIG = (
    '{"issuer": "https://i.example", "audience": "a", "client_id": "c", "sign_in_origin": "",'
    ' "public_url": "https://p.example", "websocket_url": "wss://w.example",'
    ' "distribution_id": "E1"}'
)


def floor() -> None:
    """What every function that uses boto3 pays."""
    import boto3

    boto3.client("dynamodb")


def with_tables() -> None:
    """A function of the unified channel, and the client that all its tables share."""
    importlib.import_module("handler").application()
    from afterimage.adapters.dynamodb.tables import ChannelRow

    _ = ChannelRow._get_connection().connection.client


def web_page() -> None:
    """The page's configuration: its SSM client is made, and its calls are answered here."""
    import botocore.client

    own_models = os.environ["MODEL_CATALOGUE_PARAMETER"]

    def answer(_client: object, _operation: str, asked: dict[str, str]) -> object:
        return {"Parameter": {"Value": "{}" if asked["Name"] == own_models else _CONFIG}}

    botocore.client.BaseClient._make_api_call = answer  # type: ignore[attr-defined]
    response = importlib.import_module("handler").application()(
        {"routeKey": "GET /config.json"}, None
    )
    assert response["statusCode"] == 200, response


if __name__ == "__main__":
    name, *aws_models = sys.argv[1:]
    what = {"floor": floor, "web_page": web_page}.get(name, with_tables)
    cpu, clock = time.process_time(), time.perf_counter()
    if aws_models:
        (importlib.import_module("botocore.loaders").Loader.BUILTIN_DATA_PATH,) = aws_models
    what()
    print((time.process_time() - cpu) * 1000, (time.perf_counter() - clock) * 1000)
