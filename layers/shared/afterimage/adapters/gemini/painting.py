"""What an image model is asked: sources in their order, then words; one turn, and no history.

That is how Google's own SDK sends an edit. A picture that is sent anew needs none of the signatures
that the model gave to it once, so any model can change a picture of any other.
"""

from __future__ import annotations

from typing import Any

from afterimage.ports.models import PaintRequest


def body(
    request: PaintRequest, *, image_only: bool = False, with_thoughts: bool = False
) -> dict[str, Any]:
    """The request, with bytes where `Body` puts base64.

    Args:
        image_only: ask for a picture without words beside it.
        with_thoughts: ask for what the model thinks, which is where its drafts are.
    """
    parts: list[dict[str, Any]] = [
        {"inlineData": {"mimeType": source.mime_type, "data": source.data}}
        for source in request.sources
    ]
    parts.append({"text": request.prompt})
    config: dict[str, Any] = {"responseModalities": ["IMAGE"] if image_only else ["TEXT", "IMAGE"]}
    image = {"aspectRatio": request.aspect_ratio, "imageSize": request.image_size}
    if wanted := {name: value for name, value in image.items() if value}:
        config["imageConfig"] = wanted
    if with_thoughts:
        config["thinkingConfig"] = {"includeThoughts": True}
    return {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}
