"""The models the simulator knows, what each accepts, and which were retired.

Source: Google's model pages and deprecation table, November 2026.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "image"]

COMMON_SIZES: dict[str, tuple[int, int]] = {
    "1:1": (1024, 1024),
    "2:3": (848, 1264),
    "3:2": (1264, 848),
    "3:4": (896, 1200),
    "4:3": (1200, 896),
    "4:5": (928, 1152),
    "5:4": (1152, 928),
    "9:16": (768, 1376),
    "16:9": (1376, 768),
    "21:9": (1584, 672),
}
EXTREME_SIZES: dict[str, tuple[int, int]] = {
    "1:4": (512, 2064),
    "4:1": (2064, 512),
    "1:8": (352, 2928),
    "8:1": (2928, 352),
}
SCALES = {"1K": 1, "2K": 2, "4K": 4}
ANY_LEVEL = ("MINIMAL", "LOW", "MEDIUM", "HIGH")


@dataclass(frozen=True)
class Model:
    """`sizes`: pixels at 1K per aspect ratio; `scales`: the image sizes it can paint."""

    id: str
    title: str
    kind: Kind = "text"
    input_limit: int = 1_048_576
    output_limit: int = 65_536
    thinking_levels: tuple[str, ...] = ("LOW", "MEDIUM", "HIGH")
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    scales: tuple[str, ...] = ()
    takes_sampling: bool = True

    def describe(self) -> dict[str, object]:
        """The model as `GET models/{model}` shows it."""
        return {
            "name": f"models/{self.id}",
            "version": "001",
            "displayName": self.title,
            "inputTokenLimit": self.input_limit,
            "outputTokenLimit": self.output_limit,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
            "temperature": 1,
            "topP": 0.95,
            "topK": 64,
            "maxTemperature": 2,
            "thinking": bool(self.thinking_levels),
        }


ALL_SIZES = {**COMMON_SIZES, **EXTREME_SIZES}
MODELS = {
    model.id: model
    for model in (
        Model("gemini-3.8-flash", "Gemini 3.8 Flash"),
        Model("gemini-3.6-flash", "Gemini 3.6 Flash"),
        Model("gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite", thinking_levels=ANY_LEVEL),
        Model("gemini-3.1-flash-lite", "Gemini 3.1 Flash-Lite", thinking_levels=ANY_LEVEL),
        Model(
            "gemini-4-hydrogen",
            "Gemini 4 Hydrogen",
            thinking_levels=("LOW", "MEDIUM", "HIGH", "XHIGH"),
        ),
        Model(
            "gemini-nano-banana-2.1",
            "Nano Banana 2.1",
            kind="image",
            input_limit=131_072,
            output_limit=32_768,
            thinking_levels=("MINIMAL", "MEDIUM", "HIGH"),
            sizes=ALL_SIZES,
            scales=("1K", "2K", "4K"),
            takes_sampling=False,
        ),
        Model(
            "gemini-3.1-flash-lite-image",
            "Gemini 3.1 Flash-Lite Image",
            kind="image",
            input_limit=65_536,
            output_limit=4_096,
            thinking_levels=("MINIMAL", "HIGH"),
            sizes=ALL_SIZES,
            scales=("1K",),
        ),
        Model(
            "gemini-3-pro-image",
            "Gemini 3 Pro Image",
            kind="image",
            input_limit=65_536,
            output_limit=32_768,
            thinking_levels=(),
            sizes=COMMON_SIZES,
            scales=("1K", "2K", "4K"),
        ),
    )
}
RETIRED_IMAGE = re.compile(
    r"imagen-.*|.*-image-preview|gemini-2\.5-flash-image|gemini-3\.1-flash-image"
)
RETIRED_TEXT = re.compile(r"gemini-2\.0-.*|gemini-3-pro-preview")


def replacement_for(model_id: str) -> str | None:
    """What Google recommends instead of a retired model; None for one that never existed."""
    if RETIRED_IMAGE.fullmatch(model_id):
        return "gemini-nano-banana-2.1"
    if RETIRED_TEXT.fullmatch(model_id):
        return "gemini-3.8-flash"
    return None


def kind_of(model_id: str) -> Kind:
    """By the model's name alone, so that calls of unknown models can be counted too."""
    known = MODELS.get(model_id)
    if known is not None:
        return known.kind
    return "image" if re.search(r"image|imagen|banana", model_id) else "text"
