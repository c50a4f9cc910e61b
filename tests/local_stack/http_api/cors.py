"""Cross-origin requests by the API's own configuration.

Page "Configure CORS for HTTP APIs": with a CORS configuration, API Gateway answers preflight
OPTIONS requests itself where no route takes them, and ignores CORS headers returned by a function.
`$default` and ANY take all methods, OPTIONS among them.
"""

from collections.abc import Mapping

from tests.local_stack.http_api.responses import HttpResponse
from tests.local_stack.template.serving import CorsSettings

Headers = Mapping[str, str]  # lower-case names


def preflight(cors: CorsSettings | None, method: str, headers: Headers) -> HttpResponse | None:
    """The answer to a preflight request, None for any other request."""
    if cors is None or method != "OPTIONS" or "origin" not in headers:
        return None
    if "access-control-request-method" not in headers:
        return None
    allowed = origin_headers(cors, headers)
    if allowed:
        allowed += [
            ("access-control-allow-methods", ",".join(cors.methods)),
            ("access-control-allow-headers", ",".join(cors.headers)),
        ]
        if cors.max_age is not None:
            allowed.append(("access-control-max-age", str(cors.max_age)))
    return HttpResponse(204, tuple(allowed), b"")


def with_cors(cors: CorsSettings | None, response: HttpResponse, headers: Headers) -> HttpResponse:
    """The response with the configured headers instead of the function's own."""
    if cors is None:
        return response
    own = [pair for pair in response.headers if not pair[0].startswith("access-control-")]
    return HttpResponse(response.status, (*own, *origin_headers(cors, headers)), response.body)


def origin_headers(cors: CorsSettings, headers: Headers) -> list[tuple[str, str]]:
    """What an answer says to the origin that asked; nothing to a stranger's."""
    origin = headers.get("origin")
    if origin is None or not ("*" in cors.origins or origin in cors.origins):
        return []
    found = [("access-control-allow-origin", "*" if "*" in cors.origins else origin)]
    if "*" not in cors.origins:
        found.append(("vary", "Origin"))
    if cors.credentials:
        found.append(("access-control-allow-credentials", "true"))
    if cors.exposed:
        found.append(("access-control-expose-headers", ",".join(cors.exposed)))
    return found
