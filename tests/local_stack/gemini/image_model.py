"""What an image model answers: a sentence and a painted picture."""

import hashlib
import secrets

from PIL import Image

from tests.local_stack.gemini import tokens
from tests.local_stack.gemini.answer import Answer, signature
from tests.local_stack.gemini.behaviour import Behaviour
from tests.local_stack.gemini.catalogue import SCALES, Model
from tests.local_stack.gemini.conversation import last_pictures, last_prompt
from tests.local_stack.gemini.errors import invalid
from tests.local_stack.gemini.picture_call import asked_ratio
from tests.local_stack.gemini.studio import MIME_TYPES, Commission, open_picture
from tests.local_stack.gemini.wire import Json, encode_base64

UNREADABLE = (
    "Unable to process input image. Please retry or report in "
    "https://developers.generativeai.google/guide/troubleshooting"
)
SENTENCES = ("Here it is.", "Here is your picture.", "I painted this for you.", "There you are.")


def commission(model: Model, request: Json, how: Behaviour) -> Commission:
    """What to paint.

    Raises:
        Refusal: no prompt, or an input picture that cannot be read.
    """
    prompt = last_prompt(request["contents"])
    if not prompt:
        raise invalid("* GenerateContentRequest.contents: a text prompt is required.\n")
    try:
        sources = tuple(map(open_picture, last_pictures(request["contents"])))
    except ValueError:
        raise invalid(UNREADABLE) from None
    config: Json = request.get("generationConfig", {})
    wanted: Json = config.get("imageConfig", {})
    return Commission(
        prompt=prompt,
        size=model.sizes[wanted.get("aspectRatio") or _shape(model, prompt, sources)],
        scale=SCALES[wanted.get("imageSize") or "1K"],
        format=how.image_format,
        drafts=how.drafts,
        pictures=how.pictures,
        seed=config.get("seed", secrets.randbits(31) if how.seed is None else how.seed),
        sources=sources,
    )


def _shape(model: Model, prompt: str, sources: tuple[Image.Image, ...]) -> str:
    """Without an aspect ratio the words decide, then the last input picture."""
    like = sources[-1].width / sources[-1].height if sources else 1.0
    asked = asked_ratio(prompt, tuple(model.sizes), like if sources else None)
    return asked or min(model.sizes, key=lambda name: abs(_ratio(model.sizes[name]) - like))


def _ratio(size: tuple[int, int]) -> float:
    return size[0] / size[1]


def answer_image(
    model: Model, request: Json, work: Commission, files: list[bytes], response_id: str
) -> Answer:
    """`files` as the studio returns them: drafts first, the pictures last."""
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
    drafts, pictures = files[: work.drafts], files[work.drafts :]
    parts += [picture_part(data, mime_type) | {"thought": True} for data in drafts]
    signed = {"thoughtSignature": signature("image", work.prompt)}
    parts += [picture_part(data, mime_type) | signed for data in pictures]
    written["IMAGE"] *= len(pictures)
    thoughts = 300 + digest[1] if drafts else 0
    usage = tokens.usage(tokens.of_request(request), written, thoughts)
    return Answer(model.id, response_id, usage, parts)


def picture_part(data: bytes, mime_type: str) -> Json:
    return {"inlineData": {"mimeType": mime_type, "data": encode_base64(data)}}
