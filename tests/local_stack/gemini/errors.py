"""Error answers as Google words them: (HTTP status, body) pairs and the exception that carries one.

`Refusal` is raised wherever a request is found wanting and becomes the answer in `app.py`. Wording:
400 key, 403, 404 and 429 are verbatim from recorded answers; 401, 408, 502 and 504 follow reports.
"""

from collections.abc import Sequence

Body = dict[str, object]

STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
MESSAGES = {
    400: "Request contains an invalid argument.",
    401: "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
    "cookie or other valid authentication credential.",
    403: "Method doesn't allow unregistered callers (callers without established identity). Please "
    "use API Key or other form of API consumer identity to call this API.",
    408: "The request timed out. Please try again.",
    413: "Request payload size exceeds the limit: 104857600 bytes.",
    500: "An internal error has occurred. Please retry or report in "
    "https://developers.generativeai.google/guide/troubleshooting",
    502: "The service is currently unavailable.",
    503: "This model is currently experiencing high demand. Spikes in demand are usually "
    "temporary. Please try again later.",
    504: "The request timed out. Please try again.",
}
TYPE = "type.googleapis.com/google.rpc."
LIMITS_PAGE = "https://ai.google.dev/gemini-api/docs/rate-limits"
MISSING_SIGNATURE = (
    "Function call is missing a thought_signature in functionCall parts. This is required for "
    "tools to work correctly, and missing thought_signature may lead to degraded model "
    "performance. Additional data, function call `default_api:{name}` , position {position}. "
    "Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details."
)


class Refusal(Exception):
    """A request that is answered with an error; `body` is the JSON to send."""

    def __init__(self, status: int, body: Body) -> None:
        super().__init__(f"answered with HTTP {status}")
        self.status = status
        self.body = body


def error_body(
    code: int, message: str, status: str | None = None, details: Sequence[Body] = ()
) -> Body:
    error: Body = {"code": code, "message": message, "status": status or STATUS_NAMES[code]}
    if details:
        error["details"] = list(details)
    return {"error": error}


def invalid(message: str) -> Refusal:
    return Refusal(400, error_body(400, message))


def plain(code: int) -> Refusal:
    return Refusal(code, error_body(code, MESSAGES[code]))


def unknown_names(violations: Sequence[tuple[str, str]]) -> Refusal:
    """`violations`: (path in snake_case or "", the unknown name) pairs."""
    sentences = []
    details: list[Body] = []
    for path, name in violations:
        where = f" at '{path}'" if path else ""
        sentence = (
            f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'
        )
        sentences.append(sentence)
        details.append(
            {"field": path, "description": sentence} if path else {"description": sentence}
        )
    detail: Body = {"@type": f"{TYPE}BadRequest", "fieldViolations": details}
    return Refusal(400, error_body(400, "\n".join(sentences), details=[detail]))


def invalid_key() -> Refusal:
    message = "API key not valid. Please pass a valid API key."
    info: Body = {
        "@type": f"{TYPE}ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    }
    localized: Body = {"@type": f"{TYPE}LocalizedMessage", "locale": "en-US", "message": message}
    return Refusal(400, error_body(400, message, details=[info, localized]))


def location() -> Refusal:
    message = "User location is not supported for the API use."
    return Refusal(400, error_body(400, message, "FAILED_PRECONDITION"))


def not_found(model_id: str, version: str, method: str = "generateContent") -> Refusal:
    message = (
        f"models/{model_id} is not found for API version {version}, or is not supported for "
        f"{method}. Call ListModels to see the list of available models and their supported "
        "methods."
    )
    return Refusal(404, error_body(404, message))


def retired(model_id: str, replacement: str) -> Refusal:
    message = (
        f"This model models/{model_id} is no longer available. Please update your code to use "
        f"models/{replacement} for the latest features and improvements. We recommend you to use "
        "the Interactions API (https://ai.google.dev/gemini-api/docs/get-started)."
    )
    return Refusal(404, error_body(404, message))


def quota(model_id: str, period: str, retry_delay_s: float) -> Refusal:
    """`period` is "per_minute" or "per_day"; Google sends a delay (seconds) with both."""
    metric = "generativelanguage.googleapis.com/generate_content_free_tier_requests"
    window, limit = ("PerDay", "20") if period == "per_day" else ("PerMinute", "5")
    message = (
        "You exceeded your current quota, please check your plan and billing details. For more "
        f"information on this error, head to: {LIMITS_PAGE}. To monitor your current usage, head "
        f"to: https://ai.dev/rate-limit. \n* Quota exceeded for metric: {metric}, limit: {limit}, "
        f"model: {model_id}\nPlease retry in {retry_delay_s:.9f}s."
    )
    links = [{"description": "Learn more about Gemini API quotas", "url": LIMITS_PAGE}]
    violation = {
        "quotaMetric": metric,
        "quotaId": f"GenerateRequests{window}PerProjectPerModel-FreeTier",
        "quotaDimensions": {"location": "global", "model": model_id},
        "quotaValue": limit,
    }
    details: list[Body] = [
        {"@type": f"{TYPE}Help", "links": links},
        {"@type": f"{TYPE}QuotaFailure", "violations": [violation]},
        {"@type": f"{TYPE}RetryInfo", "retryDelay": f"{retry_delay_s:g}s"},
    ]
    return Refusal(429, error_body(429, message, details=details))
