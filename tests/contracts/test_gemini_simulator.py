"""The Gemini simulator over real HTTP: Google's own SDK as the client, httpx for the raw wire."""

import base64
import hashlib
import io
import json
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import errors, types
from PIL import Image, ImageStat
from tests.local_stack.gemini.delivery import paced
from tests.support.simulator import AT_ONCE, start, stop

ROOT = Path(__file__).parents[2]
TEXT = "gemini-3.8-flash"
PAINTER = "gemini-nano-banana-2.1"
KEY = {"x-goog-api-key": "test-key"}
Json = dict[str, Any]

GENERATE_IMAGE = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="generate_image",
            description="Paint a picture.",
            parameters_json_schema={
                "type": "object",
                "properties": {
                    "prompt": {"type": "string"},
                    "aspect_ratio": {"type": "string", "enum": ["1:1", "16:9", "9:16"]},
                },
                "required": ["prompt"],
            },
        )
    ]
)


@pytest.fixture
def http(simulator: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=simulator, headers=KEY, timeout=10) as client:
        assert client.put("/dev/gemini", json=AT_ONCE).is_success
        yield client


@pytest.fixture(params=["v1beta", "v1"])
def sdk(
    request: pytest.FixtureRequest, simulator: str, http: httpx.Client
) -> Iterator[genai.Client]:
    """Google's client; it follows `http` so that every test starts from the same settings."""
    yield from connected(simulator, str(request.param))


@pytest.fixture
def beta(simulator: str, http: httpx.Client) -> Iterator[genai.Client]:
    yield from connected(simulator, "v1beta")


def connected(address: str, version: str) -> Iterator[genai.Client]:
    options = types.HttpOptions(base_url=address, api_version=version, timeout=10_000)
    client = genai.Client(api_key="test-key", http_options=options)
    yield client
    client.close()


def behave(http: httpx.Client, **settings: Any) -> Json:
    answer = http.put("/dev/gemini", json=settings)
    assert answer.status_code == 200, answer.text
    result: Json = answer.json()
    return result


def ask(text: str, **more: Any) -> Json:
    return {"contents": [{"role": "user", "parts": [{"text": text}]}], **more}


def post(
    http: httpx.Client, body: Any, model: str = TEXT, method: str = "generateContent"
) -> httpx.Response:
    return http.post(f"/v1beta/models/{model}:{method}", json=body)


def message(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["error"]["code"] == status
    return str(body["error"]["message"])


def picture_bytes(response: types.GenerateContentResponse) -> list[tuple[bytes, bool]]:
    """(file, is a draft) of every picture part."""
    return [
        (part.inline_data.data, bool(part.thought))
        for part in response.parts or []
        if part.inline_data is not None and part.inline_data.data is not None
    ]


# --- with Google's SDK --------------------------------------------------------------------------


def test_text(sdk: genai.Client) -> None:
    response = sdk.models.generate_content(model=TEXT, contents="Hello")

    assert response.text is not None
    assert response.text.startswith("Hello!")
    assert response.model_version == TEXT
    assert response.response_id
    assert response.candidates is not None
    assert response.candidates[0].finish_reason == types.FinishReason.STOP
    usage = response.usage_metadata
    assert usage is not None
    assert usage.total_token_count == sum(
        count or 0
        for count in (
            usage.prompt_token_count,
            usage.candidates_token_count,
            usage.thoughts_token_count,
        )
    )


def test_function_call_round_trip(sdk: genai.Client) -> None:
    config = types.GenerateContentConfig(
        tools=[GENERATE_IMAGE],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    chat = sdk.chats.create(model=TEXT, config=config)

    asked = chat.send_message("Please paint me a wide river at dawn")

    assert asked.candidates is not None
    assert asked.candidates[0].finish_reason == types.FinishReason.STOP
    (call,) = asked.function_calls or []
    assert (call.name, call.args) == (
        "generate_image",
        {"prompt": "a wide river at dawn", "aspect_ratio": "16:9"},
    )
    (part,) = asked.parts or []
    assert part.thought_signature

    result = types.FunctionResponse(
        id=call.id, name=call.name, response={"output": {"image_id": "img_1"}}
    )
    told = chat.send_message(types.Part(function_response=result))

    assert told.text == "Here is your picture: a wide river at dawn."
    assert not told.function_calls
    assert "paint me a wide river" in (chat.send_message("What did I say?").text or "")


@pytest.mark.parametrize(
    ("ratio", "size", "pixels"),
    [
        (None, None, (1024, 1024)),
        ("1:8", "1K", (352, 2928)),
    ],
)
def test_picture_has_the_size_asked_for(
    beta: genai.Client, ratio: str | None, size: str | None, pixels: tuple[int, int]
) -> None:
    image = types.ImageConfig(aspect_ratio=ratio, image_size=size)
    config = types.GenerateContentConfig(response_modalities=["IMAGE"], image_config=image)

    response = beta.models.generate_content(model=PAINTER, contents="a fox", config=config)

    ((data, is_draft),) = picture_bytes(response)
    assert not is_draft
    assert not response.text
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        assert (picture.format, picture.size) == ("JPEG", pixels)


def test_words_come_before_the_picture(sdk: genai.Client, http: httpx.Client) -> None:
    behave(http, image_format="png")

    response = sdk.models.generate_content(model="gemini-3-pro-image", contents="a fox")

    text, image = response.parts or []
    assert text.text
    assert image.inline_data is not None
    assert image.inline_data.mime_type == "image/png"
    assert (image.inline_data.data or b"").startswith(b"\x89PNG")
    assert image.thought_signature
    usage = response.usage_metadata
    assert usage is not None
    assert (usage.candidates_token_count or 0) > 1120


def test_edit_follows_the_source(beta: genai.Client) -> None:
    file = io.BytesIO()
    Image.new("RGB", (1600, 900), (90, 90, 90)).save(file, "PNG")
    source = types.Part.from_bytes(data=file.getvalue(), mime_type="image/png")

    wish = types.Content(role="user", parts=[source, types.Part(text="make it red")])
    response = beta.models.generate_content(model=PAINTER, contents=wish)

    ((data, _),) = picture_bytes(response)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (1376, 768)
        red, _, blue = picture.resize((1, 1)).convert("RGB").getpixel((0, 0))  # type: ignore[misc]
        assert red > blue + 40


def test_the_earlier_picture_is_repainted_at_the_size_asked_for(
    beta: genai.Client, http: httpx.Client
) -> None:
    behave(http, seed=None)
    (day,) = painted(beta, "a cat by day", seed=3, times=1)
    source = types.Part.from_bytes(data=day, mime_type="image/jpeg")

    size = types.ImageConfig(image_size="2K")
    night, again = painted(beta, source, "make it night", image_config=size, times=2)

    with Image.open(io.BytesIO(day)) as before, Image.open(io.BytesIO(night)) as after:
        assert after.size == (2048, 2048)
        bright, dark = (mean_level(picture) for picture in (before, after))
    assert bright > dark + 40
    assert night != again, "without a seed every call is another one"


def painted(client: genai.Client, *parts: Any, times: int = 2, **config: Any) -> list[bytes]:
    """The last picture of each of so many answers."""
    wish = types.Content(
        role="user", parts=[types.Part(text=p) if isinstance(p, str) else p for p in parts]
    )
    settings = types.GenerateContentConfig(response_modalities=["IMAGE"], **config)
    answers = [
        client.models.generate_content(model=PAINTER, contents=wish, config=settings)
        for _ in range(times)
    ]
    return [picture_bytes(answer)[-1][0] for answer in answers]


def mean_level(picture: Image.Image) -> float:
    return float(ImageStat.Stat(picture.convert("L")).mean[0])


def test_a_seed_is_one_picture(beta: genai.Client, http: httpx.Client) -> None:
    first, second = painted(beta, "a fox", seed=7)
    other, _ = painted(beta, "a fox", seed=8)
    behave(http, seed=7)

    assert first == second != other
    assert painted(beta, "a fox") == [first, first]


def test_several_finals_in_one_answer(beta: genai.Client, http: httpx.Client) -> None:
    behave(http, pictures=3, drafts=1)

    answer = beta.models.generate_content(model=PAINTER, contents="a fox, 1:4")

    found = picture_bytes(answer)
    assert [is_draft for _, is_draft in found] == [True, False, False, False]
    assert len({data for data, _ in found}) == 4
    assert Image.open(io.BytesIO(found[-1][0])).size == (512, 2064)


def test_labels_are_taken_from_the_sdk_by_both_kinds_of_model(sdk: genai.Client) -> None:
    config = types.GenerateContentConfig(labels={"safety_identifier": "5afe" * 10})

    for model in (TEXT, PAINTER):
        assert sdk.models.generate_content(model=model, contents="a fox", config=config).parts


def test_text_stream(sdk: genai.Client, http: httpx.Client) -> None:
    behave(http, text_ms=300)
    began = time.monotonic()

    chunks, times = [], []
    for chunk in sdk.models.generate_content_stream(model=TEXT, contents="tell me a story"):
        chunks.append(chunk)
        times.append(time.monotonic() - began)

    assert len(chunks) > 3
    assert times[0] < times[-1]
    assert times[-1] > 0.28
    reasons = [chunk.candidates[0].finish_reason for chunk in chunks if chunk.candidates]
    assert reasons == [None] * (len(chunks) - 1) + [types.FinishReason.STOP]
    whole = sdk.models.generate_content(model=TEXT, contents="tell me a story")
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    assert chunks[-1].usage_metadata is not None


def test_text_stream_at_a_pace(sdk: genai.Client, http: httpx.Client) -> None:
    behave(http, words_a_second=100)

    chunks = sdk.models.generate_content_stream(model=TEXT, contents="a story in 60 words")

    texts = [chunk.text or "" for chunk in chunks]
    assert [len(text.split()) for text in texts] == [10] * 6 + [0]
    assert "".join(texts).count(" ") == 59


def test_picture_over_a_line(beta: genai.Client, http: httpx.Client) -> None:
    behave(http, bytes_a_second=100_000_000)

    chunks = beta.models.generate_content_stream(model=PAINTER, contents="a lake")

    assert sum(len(picture_bytes(chunk)) for chunk in chunks) == 1
    assert http.get("/dev/gemini").json()["log"][-1]["sent_at"].endswith("Z")
    whole, late = bytes(range(256)) * 512, b"a"
    steps = list(paced([(2.0, whole), (2.5, late)], 131_072, free=1.0))
    assert [due for due, _ in steps] == [2.5, 3.0, 3.0 + 1 / 131_072]
    assert b"".join(piece for _, piece in steps) == whole + late


def test_text_stream_that_is_cut(sdk: genai.Client, http: httpx.Client) -> None:
    behave(http, script=[{"on": "text", "cut_after_words": 20}])
    heard: list[str] = []

    chunks = sdk.models.generate_content_stream(model=TEXT, contents="a story in 60 words")
    with pytest.raises(Exception, match="incomplete chunked read"):
        heard.extend(chunk.text or "" for chunk in chunks)

    assert len("".join(heard).split()) == 20


def test_image_stream_with_drafts(sdk: genai.Client, http: httpx.Client) -> None:
    behave(http, drafts=2)

    chunks = list(sdk.models.generate_content_stream(model=PAINTER, contents="a lake"))

    per_chunk = [picture_bytes(chunk) for chunk in chunks]
    pictures = [picture for found in per_chunk for picture in found]
    assert max(len(found) for found in per_chunk) == 1
    assert [is_draft for _, is_draft in pictures] == [True, True, False]
    sizes = {Image.open(io.BytesIO(data)).size for data, _ in pictures}
    assert sizes == {(1024, 1024)}
    assert len({data for data, _ in pictures}) == 3


def test_count_tokens(sdk: genai.Client) -> None:
    short, long = (
        sdk.models.count_tokens(model=TEXT, contents=text).total_tokens or 0
        for text in ("a fox", "a fox " * 20)
    )

    assert 0 < short < long


def test_models_are_listed_page_by_page(sdk: genai.Client) -> None:
    listed = [model.name for model in sdk.models.list(config={"page_size": 3})]

    assert len(listed) == len(set(listed)) > 5
    assert {
        f"models/{name}"
        for name in (
            TEXT,
            PAINTER,
            "gemini-3.5-flash-lite",
            "gemini-4-hydrogen",
            "gemini-3.1-flash-lite-image",
            "gemini-3-pro-image",
        )
    } <= set(listed)
    assert sdk.models.get(model=PAINTER).name == f"models/{PAINTER}"


def test_errors_reach_the_sdk_as_its_own(sdk: genai.Client, http: httpx.Client) -> None:
    behave(http, script=[{"on": "text", "status": 429}, {"on": "text", "status": 503}])

    with pytest.raises(errors.ClientError) as client_error:
        sdk.models.generate_content(model=TEXT, contents="hi")
    with pytest.raises(errors.ServerError) as server_error:
        sdk.models.generate_content(model=TEXT, contents="hi")

    assert (client_error.value.code, client_error.value.status) == (429, "RESOURCE_EXHAUSTED")
    assert (server_error.value.code, server_error.value.status) == (503, "UNAVAILABLE")


def test_error_in_mid_stream(sdk: genai.Client, http: httpx.Client) -> None:
    behave(http, script=[{"on": "text", "mid_stream_error": True}])
    seen: list[str] = []

    def read() -> None:
        for chunk in sdk.models.generate_content_stream(model=TEXT, contents="tell me a story"):
            seen.append(chunk.text or "")  # noqa: PERF401 - what came before the error counts

    with pytest.raises(errors.ServerError):
        read()

    assert "".join(seen).startswith("Once a lamp")


def test_blocked_prompt(sdk: genai.Client, http: httpx.Client) -> None:
    behave(http, script=[{"on": "image", "block_reason": "PROHIBITED_CONTENT"}])

    response = sdk.models.generate_content(model=PAINTER, contents="a fox")

    assert response.candidates is None
    assert response.prompt_feedback is not None
    assert response.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT


@pytest.mark.parametrize(
    ("kind", "reason", "has_text", "has_image"),
    [
        ("image", "IMAGE_SAFETY", False, False),
        ("image", "NO_IMAGE", True, False),
        ("image", "MAX_TOKENS", False, False),
        ("image", "IMAGE_OTHER", False, False),
        ("text", "SAFETY", False, False),
        ("text", "MAX_TOKENS", True, False),
        ("text", "MALFORMED_FUNCTION_CALL", False, False),
    ],
)
def test_finish_reasons(
    beta: genai.Client, http: httpx.Client, kind: str, reason: str, has_text: bool, has_image: bool
) -> None:
    behave(http, script=[{"on": kind, "finish_reason": reason}])

    model = TEXT if kind == "text" else PAINTER
    response = beta.models.generate_content(model=model, contents="a fox")

    assert response.candidates is not None
    assert response.candidates[0].finish_reason == types.FinishReason(reason)
    assert bool(response.text) == has_text
    assert bool(picture_bytes(response)) == has_image


# --- the raw wire ---------------------------------------------------------------------------------


def test_snake_case_and_urlsafe_base64(http: httpx.Client) -> None:
    file = io.BytesIO()
    Image.effect_noise((64, 64), 90).convert("RGB").save(file, "PNG")
    data = base64.urlsafe_b64encode(file.getvalue()).decode().rstrip("=")
    assert "-" in data
    assert "_" in data
    parts = [{"inline_data": {"mime_type": "image/png", "data": data}}, {"text": "paint it blue"}]
    body = {
        "contents": [{"parts": parts}],
        "system_instruction": {"parts": [{"text": "Be kind."}]},
        "generation_config": {
            "response_modalities": ["IMAGE"],
            "image_config": {"aspect_ratio": "4:3", "image_size": "1K"},
        },
    }

    answer = post(http, body, PAINTER)

    assert answer.status_code == 200, answer.text
    (line,) = http.get("/dev/gemini").json()["log"]
    assert line["sources"] == [hashlib.sha256(file.getvalue()).hexdigest()]
    (part,) = answer.json()["candidates"][0]["content"]["parts"]
    assert part["inlineData"]["mimeType"] == "image/jpeg"
    with Image.open(io.BytesIO(base64.b64decode(part["inlineData"]["data"]))) as picture:
        assert picture.size == (1200, 896)


def test_events_on_the_wire(http: httpx.Client) -> None:
    answer = post(http, ask("hello"), method="streamGenerateContent?alt=sse")

    assert answer.headers["content-type"] == "text/event-stream"
    *events, end = answer.content.split(b"\r\n\r\n")
    assert end == b""
    assert all(event.startswith(b"data: {") for event in events)
    last = json.loads(events[-1].removeprefix(b"data: "))
    assert last["candidates"][0]["finishReason"] == "STOP"


def test_without_sse_the_stream_is_an_array(http: httpx.Client) -> None:
    answer = post(http, ask("hello"), method="streamGenerateContent")
    refused = post(http, {"contents": []}, method="streamGenerateContent")

    assert answer.json()[-1]["candidates"][0]["finishReason"] == "STOP"
    assert refused.status_code == 400
    assert refused.json()[0]["error"]["status"] == "INVALID_ARGUMENT"


def test_keys(simulator: str) -> None:
    url = f"{simulator}/v1beta/models/{TEXT}:generateContent"
    missing = httpx.post(url, json=ask("hi"))
    wrong = httpx.post(url, json=ask("hi"), headers={"x-goog-api-key": "invalid"})
    in_query = httpx.post(f"{url}?key=something", json=ask("hi"))

    assert "unregistered callers" in message(missing, 403)
    assert message(wrong, 400) == "API key not valid. Please pass a valid API key."
    assert wrong.json()["error"]["details"][0]["reason"] == "API_KEY_INVALID"
    assert in_query.status_code == 200
    assert httpx.get(f"{simulator}/v1/models").status_code == 403


def test_unknown_and_retired_models(http: httpx.Client) -> None:
    unknown = message(post(http, ask("hi"), "gemini-1.5-flash"), 404)
    assert unknown.startswith("models/gemini-1.5-flash is not found for API version v1beta")

    for retired, successor in (
        ("imagen-4.0-generate-001", PAINTER),
        ("gemini-2.5-flash-image", PAINTER),
        ("gemini-2.0-flash", TEXT),
    ):
        told = message(post(http, ask("hi"), retired), 404)
        assert f"models/{retired} is no longer available" in told
        assert f"use models/{successor} for" in told


def image_config(**config: str) -> Json:
    return ask("a fox", generationConfig={"imageConfig": config})


@pytest.mark.parametrize(
    ("model", "body", "words"),
    [
        (TEXT, {"contents": []}, "contents is not specified"),
        (TEXT, {"contents": [{"parts": []}]}, "parts must not be empty"),
        (TEXT, {}, "contents is not specified"),
        (TEXT, [], "Invalid JSON payload"),
        (TEXT, ask("hi", foo=1), 'Unknown name "foo": Cannot find field.'),
        (
            TEXT,
            ask("hi", generationConfig={"max_tokens": 1}),
            "Unknown name \"max_tokens\" at 'generation_config': Cannot find field.",
        ),
        (
            PAINTER,
            image_config(outputMimeType="image/png"),
            "Unknown name \"outputMimeType\" at 'generation_config.image_config'",
        ),
        (PAINTER, image_config(aspectRatio="7:3"), "aspect ratio"),
        (PAINTER, image_config(imageSize="1k"), "image size"),
        (PAINTER, image_config(imageSize="512"), "image size"),
        ("gemini-3.1-flash-lite-image", image_config(imageSize="2K"), "image size"),
        ("gemini-3-pro-image", image_config(aspectRatio="1:8"), "aspect ratio"),
        (PAINTER, ask("a fox", generationConfig={"temperature": 1}), "temperature"),
        (PAINTER, ask("a fox", generationConfig={"top_k": 1}), "top_k"),
        (
            PAINTER,
            ask("a fox", tools=[{"functionDeclarations": [{"name": "f"}]}]),
            "Function calling is not enabled",
        ),
        (PAINTER, ask("a fox", generationConfig={"candidateCount": 2}), "Multiple candidates"),
        (TEXT, image_config(aspectRatio="1:1"), "not supported"),
        (TEXT, ask("hi", generationConfig={"responseModalities": ["IMAGE"]}), "modalities (IMAGE)"),
        (
            TEXT,
            ask("hi", generationConfig={"thinkingConfig": {"thinkingLevel": "MINIMAL"}}),
            "Thinking level MINIMAL",
        ),
        (TEXT, ask("hi", systemInstruction="be kind"), "system_instruction"),
        (
            PAINTER,
            ask("a fox", generationConfig={"imageConfig": {"aspectRatio": ["1:1"]}}),
            "aspect",
        ),
        (TEXT, {"contents": [{"parts": [{"functionCall": {"args": [1]}}]}]}, "function_call.args"),
        (TEXT, {"contents": [{"role": "system", "parts": [{"text": "x"}]}]}, "valid role"),
        (TEXT, {"contents": [{"parts": [{"text": "a", "foo": 1}]}]}, "contents[0].parts[0]"),
        (
            PAINTER,
            {"contents": [{"parts": [{"text": "a"}, {"inlineData": {"data": "not base64!"}}]}]},
            "Base64 decoding failed",
        ),
        (
            PAINTER,
            {"contents": [{"parts": [{"text": "a"}, {"inlineData": {"data": "AAAA"}}]}]},
            "Unable to process input image",
        ),
    ],
)
def test_wrong_requests(http: httpx.Client, model: str, body: Any, words: str) -> None:
    answer = post(http, body, model)

    assert words in message(answer, 400)
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"


def after_a_call(signature: str | None, results: int = 1, calls: int = 1) -> Json:
    call: Json = {"functionCall": {"name": "generate_image", "args": {"prompt": "a fox"}}}
    first = call if signature is None else call | {"thoughtSignature": signature}
    result: Json = {"functionResponse": {"name": "generate_image", "response": {"output": "img_1"}}}
    turns: list[Json] = [
        {"role": "user", "parts": [{"text": "draw a fox"}]},
        {"role": "model", "parts": [first, *[call] * (calls - 1)]},
        {"role": "user", "parts": [result] * results or [{"text": "well?"}]},
    ]
    return {"contents": turns}


def with_ids(first: str, second: str, results: tuple[str, str]) -> Json:
    """Two calls of one turn, and their results."""
    body = after_a_call("AAAA", results=2, calls=2)
    for turn, kind, ids in ((1, "functionCall", (first, second)), (2, "functionResponse", results)):
        parts = body["contents"][turn]["parts"]
        body["contents"][turn]["parts"] = [
            part | {kind: part[kind] | {"id": call_id}}
            for part, call_id in zip(parts, ids, strict=True)
        ]
    return body


BARE = {"role": "model", "parts": [{"text": "Hi"}, {"thoughtSignature": "AAAA"}]}
OTHER_TOOLS = [{"functionDeclarations": [{"name": "google_search"}]}]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (after_a_call("AAAA") | {"tools": OTHER_TOOLS}, "generate_image is not declared"),
        (with_ids("c1", "c1", ("c1", "c1")), "id c1 is not unique"),
        (with_ids("c1", "c2", ("c1", "c3")), "each function response has its call's id"),
        ({"contents": [*ask("hello")["contents"], BARE, *ask("go on")["contents"]]}, "oneof field"),
        (after_a_call(None), "Function call is missing a thought_signature in functionCall parts"),
        (after_a_call("?!"), "thought_signature' (TYPE_BYTES), Base64 decoding failed"),
        (after_a_call("AAAA", results=0), "number of function response parts is equal"),
        (after_a_call("AAAA", results=2), "number of function response parts is equal"),
        (after_a_call("AAAA", calls=2), "number of function response parts is equal"),
        (
            {"contents": after_a_call("AAAA")["contents"][2:]},
            "function response turn comes immediately after a function call turn",
        ),
    ],
)
def test_rules_between_turns(http: httpx.Client, body: Json, words: str) -> None:
    assert words in message(post(http, body), 400)


@pytest.mark.parametrize("signature", ["AAAA", "-_-_", "skip_thought_signature_validator"])
def test_history_that_keeps_the_rules(http: httpx.Client, signature: str) -> None:
    answer = post(http, after_a_call(signature, results=2, calls=2))

    assert answer.json()["candidates"][0]["content"]["parts"][0]["text"].startswith("Here is your")


def test_max_output_tokens(http: httpx.Client) -> None:
    answer = post(http, ask("tell me a story", generationConfig={"maxOutputTokens": 4})).json()

    (candidate,) = answer["candidates"]
    assert candidate["finishReason"] == "MAX_TOKENS"
    assert 0 < len(candidate["content"]["parts"][0]["text"]) <= 16


def test_body_over_the_limit(http: httpx.Client) -> None:
    """The declared size is enough to refuse it: nothing of the body is sent."""
    where = (str(http.base_url.host), http.base_url.port or 0)
    head = f"POST /v1beta/models/{TEXT}:generateContent HTTP/1.1\r\nHost: localhost\r\n"
    size = 101 * 1024 * 1024

    with socket.create_connection(where, timeout=5) as connection:
        connection.sendall(f"{head}x-goog-api-key: k\r\nContent-Length: {size}\r\n\r\n".encode())
        answer = b""
        while not answer.endswith(b"}}"):
            answer += connection.recv(65536) or b"}}"

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"payload size exceeds" in answer


# --- scripts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "status", "words"),
    [
        ({"status": 400}, "INVALID_ARGUMENT", "invalid argument"),
        ({"status": 400, "reason": "bad_request"}, "INVALID_ARGUMENT", "invalid argument"),
        ({"status": 400, "reason": "api_key_invalid"}, "INVALID_ARGUMENT", "API key not valid"),
        ({"status": 400, "reason": "location"}, "FAILED_PRECONDITION", "User location"),
        ({"status": 400, "reason": "thought_signature"}, "INVALID_ARGUMENT", "thought_signature"),
        ({"status": 401}, "UNAUTHENTICATED", "authentication"),
        ({"status": 403}, "PERMISSION_DENIED", "unregistered"),
        ({"status": 404}, "NOT_FOUND", "is not found"),
        ({"status": 404, "reason": "retired"}, "NOT_FOUND", "no longer available"),
        ({"status": 408}, "DEADLINE_EXCEEDED", "timed out"),
        ({"status": 500}, "INTERNAL", "internal error"),
        ({"status": 502}, "UNAVAILABLE", "unavailable"),
        ({"status": 503}, "UNAVAILABLE", "high demand"),
        ({"status": 504}, "DEADLINE_EXCEEDED", "timed out"),
    ],
)
def test_scripted_errors(http: httpx.Client, entry: Json, status: str, words: str) -> None:
    """At once: the client would not wait for as long as the model takes here."""
    behave(http, text_ms=300_000, script=[{"on": "text"} | entry])

    answer = post(http, ask("hi"))

    assert words in message(answer, entry["status"])
    assert answer.json()["error"]["status"] == status


@pytest.mark.parametrize(
    ("reason", "window", "delay"), [("per_minute", "PerMinute", 3), ("per_day", "PerDay", 7.5)]
)
def test_quota(http: httpx.Client, reason: str, window: str, delay: float) -> None:
    behave(http, script=[{"on": "image", "status": 429, "reason": reason, "retry_delay_s": delay}])

    answer = post(http, ask("a fox"), PAINTER)

    assert f"Please retry in {delay:.9f}s." in message(answer, 429)
    details = {item["@type"].rpartition(".")[2]: item for item in answer.json()["error"]["details"]}
    assert window in details["QuotaFailure"]["violations"][0]["quotaId"]
    assert details["RetryInfo"]["retryDelay"] == f"{delay}s"


@pytest.mark.parametrize("method", ["generateContent", "streamGenerateContent?alt=sse"])
def test_cut(http: httpx.Client, method: str) -> None:
    behave(http, script=[{"on": "image", "cut_after_bytes": 1000}])
    received = bytearray()

    def read() -> None:
        with http.stream("POST", f"/v1beta/models/{PAINTER}:{method}", json=ask("a fox")) as answer:
            assert answer.status_code == 200
            assert int(answer.headers.get("content-length", 1001)) > 1000
            for piece in answer.iter_raw():
                received.extend(piece)

    with pytest.raises(httpx.RemoteProtocolError):
        read()

    assert len(received) == 1000


def test_hang(http: httpx.Client) -> None:
    behave(http, script=[{"on": "text", "hang": True}])

    with pytest.raises(httpx.ReadTimeout):
        http.post(f"/v1/models/{TEXT}:generateContent", json=ask("hi"), timeout=0.3)

    assert post(http, ask("hi")).status_code == 200


def test_html_instead_of_json(http: httpx.Client) -> None:
    entry = {
        "on": "text",
        "status": 502,
        "body": "<h1>Bad Gateway</h1>",
        "content_type": "text/html",
    }
    behave(http, script=[entry])

    answer = post(http, ask("hi"))

    assert (answer.status_code, answer.text) == (502, "<h1>Bad Gateway</h1>")
    assert answer.headers["content-type"] == "text/html"


def test_answers_without_content(http: httpx.Client) -> None:
    behave(
        http,
        script=[
            {"on": "text", "empty_object": True},
            {"on": "text", "no_candidates": True},
            {"on": "image", "text_only": True},
            {"on": "text", "finish_reason": "NEW"},
        ],
    )

    assert post(http, ask("hi")).json() == {}
    assert "candidates" not in post(http, ask("hi")).json()
    (candidate,) = post(http, ask("a fox"), PAINTER).json()["candidates"]
    assert candidate["finishReason"] == "STOP"
    assert all(set(part) == {"text"} for part in candidate["content"]["parts"])
    assert post(http, ask("hi")).json()["candidates"][0]["finishReason"] == "NEW"


@pytest.mark.parametrize(
    ("entry", "mime_type", "start"),
    [
        ({"image": "not_an_image"}, "image/jpeg", b"This"),
        ({"image": "truncated"}, "image/jpeg", b"\xff\xd8"),
        ({"image": "bomb"}, "image/png", b"\x89PNG"),
        ({"image": "animated"}, "image/png", b"\x89PNG"),
        ({"image": "cmyk_jpeg"}, "image/jpeg", b"\xff\xd8"),
        ({"image": "text_bomb"}, "image/png", b"\x89PNG"),
        ({"image": "many_scans"}, "image/jpeg", b"\xff\xd8"),
        ({"image": "sixteen_bits"}, "image/png", b"\x89PNG"),
        ({"image_base64": "R0lGODlh", "mime_type": "image/gif"}, "image/gif", b"GIF89a"),
    ],
)
def test_odd_pictures(http: httpx.Client, entry: Json, mime_type: str, start: bytes) -> None:
    behave(http, script=[{"on": "image"} | entry])

    answer = post(http, ask("a fox"), PAINTER).json()

    inline = answer["candidates"][0]["content"]["parts"][-1]["inlineData"]
    assert inline["mimeType"] == mime_type
    assert base64.b64decode(inline["data"]).startswith(start)


def test_calls_and_log(http: httpx.Client) -> None:
    post(http, ask("first"))
    post(http, ask("a fox"), PAINTER)
    post(http, ask("refused", foo=1))
    httpx.post(f"{http.base_url}/v1beta/models/{TEXT}:generateContent", json=ask("no key"))

    state = http.get("/dev/gemini")

    assert state.json()["calls"] == {"text": 2, "image": 1}
    log = state.json()["log"]
    assert [(line["kind"], line["prompt"]) for line in log] == [
        ("text", "first"),
        ("image", "a fox"),
        ("text", "refused"),
    ]
    assert [line["sources"] for line in log] == [[], [], []]
    assert all(len(line["at"]) == len("2026-11-20T10:00:00.000Z") for line in log)
    assert "test-key" not in state.text


def test_wrong_settings_are_explained(http: httpx.Client) -> None:
    answer = http.put("/dev/gemini", json={"text_mss": 1})

    assert answer.status_code == 400
    assert "text_mss" in answer.json()["error"]["message"]
    assert http.put("/dev/gemini", content=b"{").status_code == 400


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_cleanly_with_a_call_that_hangs(number: signal.Signals) -> None:
    process, address = start()
    with (
        httpx.Client(base_url=address, headers=KEY, timeout=10) as http,
        ThreadPoolExecutor(1) as pool,
    ):
        behave(http, script=[{"on": "text", "hang": True}])
        hanging = pool.submit(post, http, ask("hi"))
        deadline = time.monotonic() + 20
        while http.get("/dev/gemini").json()["calls"]["text"] == 0:
            assert time.monotonic() < deadline

        assert stop(process, number) == ""

        assert isinstance(hanging.exception(), httpx.TransportError)
