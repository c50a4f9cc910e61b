"""What every generateContent request must obey before a model looks at it."""

from typing import Any

from tests.local_stack.gemini.catalogue import Model
from tests.local_stack.gemini.errors import Refusal, invalid, unknown_names
from tests.local_stack.gemini.wire import Json, camel, snake

TOP = frozenset(
    [
        "model",
        "contents",
        "systemInstruction",
        "safetySettings",
        "tools",
        "toolConfig",
        "cachedContent",
        "generationConfig",
        "serviceTier",
        "store",
        "continuationToken",
        "labels",
    ]
)
GENERATION = frozenset(
    [
        "temperature",
        "topP",
        "topK",
        "candidateCount",
        "maxOutputTokens",
        "stopSequences",
        "seed",
        "presencePenalty",
        "frequencyPenalty",
        "responseMimeType",
        "responseSchema",
        "responseJsonSchema",
        "responseModalities",
        "mediaResolution",
        "speechConfig",
        "thinkingConfig",
        "imageConfig",
        "responseLogprobs",
        "logprobs",
    ]
)
IMAGE = frozenset(("aspectRatio", "imageSize"))
THINKING = frozenset(("thinkingLevel", "thinkingBudget", "includeThoughts"))
SAMPLING = ("temperature", "topP", "topK")


def check_request(raw: Any, request: Json, model: Model) -> None:
    """`raw` is the body as it came, `request` the same with normalised names.

    Raises:
        Refusal: an unknown field, or one this model does not take.
    """
    _check_names(raw)
    for name in ("generationConfig", "toolConfig"):
        if not isinstance(request.get(name, {}), dict):
            raise wrong_type(snake(name))
    check_instruction(request)
    config: Json = request.get("generationConfig", {})
    for name in ("imageConfig", "thinkingConfig"):
        if not isinstance(config.get(name, {}), dict):
            raise wrong_type(f"generation_config.{snake(name)}")
    _check_numbers(config)
    _check_thinking(config, model)
    _check_modalities(config, model)
    if model.kind == "image":
        _check_image_model(request, config, model)
    elif "imageConfig" in config:
        raise invalid(f"Image generation config is not supported for models/{model.id}.")


def check_instruction(request: Json) -> None:
    """The system instruction's shape, which token counting relies on as well."""
    instruction = request.get("systemInstruction", {})
    if not isinstance(instruction, dict):
        raise wrong_type("system_instruction")
    parts = instruction.get("parts", [])
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise wrong_type("system_instruction.parts")
    if not all(isinstance(part.get("text", ""), str) for part in parts):
        raise wrong_type("system_instruction.parts.text")


def wrong_type(path: str) -> Refusal:
    return invalid(f"Invalid value at '{path}': Proto field is not repeating or of another type.")


def _check_names(raw: Json) -> None:
    violations = [("", name) for name in raw if camel(name) not in TOP]
    config = _child(raw, "generationConfig")
    for path, part, known in (
        ("generation_config", config, GENERATION),
        ("generation_config.image_config", _child(config, "imageConfig"), IMAGE),
        ("generation_config.thinking_config", _child(config, "thinkingConfig"), THINKING),
    ):
        violations += [(path, name) for name in part if camel(name) not in known]
    if violations:
        raise unknown_names(violations)


def _child(parent: Json, wanted: str) -> Json:
    for name, value in parent.items():
        if camel(name) == wanted and isinstance(value, dict):
            return value
    return {}


def _check_numbers(config: Json) -> None:
    for name in ("maxOutputTokens", "candidateCount", "topK", "seed"):
        value = config.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int):
            path = f"generation_config.{snake(name)}"
            raise invalid(f"Invalid value at '{path}' (TYPE_INT32), {value!r}")
    if config.get("maxOutputTokens", 1) < 1:
        raise invalid("max_output_tokens must be positive.")


def _check_thinking(config: Json, model: Model) -> None:
    level = config.get("thinkingConfig", {}).get("thinkingLevel")
    if level is None:
        return
    if not isinstance(level, str) or level.upper() not in model.thinking_levels:
        raise invalid(f"Thinking level {level} is not supported for this model.")


def _check_modalities(config: Json, model: Model) -> None:
    wanted = config.get("responseModalities", [])
    if not isinstance(wanted, list):
        raise wrong_type("generation_config.response_modalities")
    possible = {"TEXT", "IMAGE"} if model.kind == "image" else {"TEXT"}
    asked = {str(modality).upper() for modality in wanted}
    if not asked <= possible or (model.kind == "image" and asked == {"TEXT"}):
        listed = ", ".join(sorted(asked))
        raise invalid(
            f"The requested combination of response modalities ({listed}) is not supported by the "
            f"model. models/{model.id} accepts the following combination of response modalities:\n"
            + ("* TEXT, IMAGE\n* IMAGE\n" if model.kind == "image" else "* TEXT\n")
        )


def _check_image_model(request: Json, config: Json, model: Model) -> None:
    if request.get("tools"):
        raise invalid(f"Function calling is not enabled for models/{model.id}")
    if config.get("candidateCount", 1) != 1:
        raise invalid("Multiple candidates is not enabled for this model")
    used = [name for name in SAMPLING if name in config]
    if used and not model.takes_sampling:
        raise invalid(f"{snake(used[0])} is not supported for models/{model.id}.")
    image = config.get("imageConfig", {})
    ratio, size = image.get("aspectRatio"), image.get("imageSize")
    if ratio is not None and ratio not in tuple(model.sizes):
        raise invalid(f"Invalid aspect ratio: {ratio}. Supported: {', '.join(model.sizes)}.")
    if size is not None and size not in model.scales:
        raise invalid(f"Invalid image size: {size}. Supported: {', '.join(model.scales)}.")
