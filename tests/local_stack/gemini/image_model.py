"""What an image model answers: a sentence and a painted picture."""

import hashlib

from tests.local_stack.gemini import tokens
from tests.local_stack.gemini.answer import Answer, signature
from tests.local_stack.gemini.catalogue import SCALES, Model
from tests.local_stack.gemini.conversation import last_pictures, last_prompt
from tests.local_stack.gemini.errors import invalid
from tests.local_stack.gemini.studio import MIME_TYPES, Commission, open_picture
from tests.local_stack.gemini.wire import Json, encode_base64

UNREADABLE = (
    "Unable to process input image. Please retry or report in "
    "https://developers.generativeai.google/guide/troubleshooting"
)
SENTENCES = ("Here it is.", "Here is your picture.", "I painted this for you.", "There you are.")


def commission(model: Model, request: Json, image_format: str, drafts: int) -> Commission:
    """What to paint.

    Raises:
        Refusal: no prompt, or an input picture that cannot be read.
    """
    prompt = last_prompt(request["contents"])
    if not prompt:
        raise invalid("* GenerateContentRequest.contents: a text prompt is required.\n")
    pictures = last_pictures(request["contents"])
    wanted: Json = request.get("generationConfig", {}).get("imageConfig", {})
    size = model.sizes["1:1"]
    if pictures:
        size = _closest(model, pictures)
    if wanted.get("aspectRatio"):
        size = model.sizes[wanted["aspectRatio"]]
    scale = SCALES[wanted.get("imageSize") or "1K"]
    return Commission(prompt, size, scale, image_format, drafts, pictures[-1] if pictures else None)


def _closest(model: Model, pictures: list[bytes]) -> tuple[int, int]:
    """Without an aspect ratio the answer follows the last input picture; all must be readable."""
    try:
        opened = [open_picture(data) for data in pictures]
    except ValueError:
        raise invalid(UNREADABLE) from None
    shape = opened[-1].width / opened[-1].height
    return min(model.sizes.values(), key=lambda size: abs(size[0] / size[1] - shape))


def answer_image(
    model: Model, request: Json, work: Commission, files: list[bytes], response_id: str
) -> Answer:
    """`files` as the studio returns them: drafts first, the picture last."""
    config: Json = request.get("generationConfig", {})
    modalities = {
        str(name).upper() for name in config.get("responseModalities") or ("TEXT", "IMAGE")
    }
    digest = hashlib.sha256(work.prompt.encode()).digest()
    parts: list[Json] = []
    written = {"IMAGE": tokens.PAINTED[config.get("imageConfig", {}).get("imageSize") or "1K"]}
    if "TEXT" in modalities:
        sentence = SENTENCES[digest[0] % len(SENTENCES)]
        parts.append({"text": sentence})
        written["TEXT"] = tokens.of_text(sentence)
    mime_type = MIME_TYPES[work.format]
    parts += [picture_part(data, mime_type) | {"thought": True} for data in files[:-1]]
    signed = {"thoughtSignature": signature("image", work.prompt)}
    parts.append(picture_part(files[-1], mime_type) | signed)
    thoughts = 300 + digest[1] if files[:-1] else 0
    usage = tokens.usage(tokens.of_request(request), written, thoughts)
    return Answer(model.id, response_id, usage, parts)


def picture_part(data: bytes, mime_type: str) -> Json:
    return {"inlineData": {"mimeType": mime_type, "data": encode_base64(data)}}
