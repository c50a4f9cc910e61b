"""What each function reads from its environment, checked at first use.

The names are set in template.yaml; a test compares the two and the table of docs/settings.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def _https(url: str) -> str:
    """An address that keeps secrets in transit; plain http only on this machine."""
    parts = urlsplit(url)
    secure = parts.scheme in ("https", "wss")
    local = parts.scheme in ("http", "ws") and parts.hostname in _LOOPBACK
    if not parts.hostname or not (secure or local):
        raise ValueError("must be an https address")
    return url


Url = Annotated[str, AfterValidator(_https)]
Name = Annotated[str, Field(min_length=1)]


class Settings(BaseModel):
    """Environment names are the fields' names in capitals."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Raises: RuntimeError naming every setting that is missing or wrong, never a value."""
        names = {field: environment.get(field.upper()) for field in cls.model_fields}
        try:
            return cls.model_validate({k: v for k, v in names.items() if v is not None})
        except ValidationError as error:
            wrong = [
                f"{'.'.join(map(str, e['loc'])).upper() or 'settings'}: {e['msg']}"
                for e in error.errors(include_input=False, include_url=False)
            ]
            raise RuntimeError("; ".join(wrong)) from None


class ParameterSettings(Settings):
    """Names of what is read from SSM at the first call."""

    public_config_parameter: Name
    model_catalogue_parameter: Name


class SuggestionSettings(Settings):
    """Of every function that knows what is suggested, and of what there is a stock."""

    suggestions_parameter: Name


class OfferSettings(ParameterSettings):
    """Of every function that knows which image models a message may choose among."""

    image_model: Name


class PageSettings(OfferSettings):
    image_price_usd: str = Field(pattern=r"^\d+(\.\d+)?$")


class TableSettings(ParameterSettings):
    aws_lambda_function_version: Name  # set by Lambda itself
    stack_name: Name
    messages_table: Name
    chats_table: Name
    user_images_table: Name
    image_generation_log_table: Name
    channels_table: Name
    channel_events_table: Name
    stock_table: Name
    candidates_table: Name
    url_signing_secret: Name
    url_lifetime_days: int = Field(ge=1)
    websocket_endpoint: Url


class WebSocketSettings(TableSettings):
    warm_on_typing: bool
    llm_handler_function: Name
    image_generate_function: Name


class PaintingSettings(TableSettings):
    """Of every function that may hand a picture to the painter."""

    image_generate_function: Name
    image_deadline: int = Field(ge=1)
    max_painting_per_user: int = Field(ge=1)


# Where the operator names no number of calls: room for answers that are tried again, and no more.
_CALLS_PER_IMAGE, _CALLS_PER_MESSAGE = 3, 2


class ImageCallSettings(TableSettings):
    """Of every function that counts calls of image models."""

    daily_image_limit: int = Field(ge=0)
    daily_image_calls: int = Field(ge=0)

    @property
    def image_calls(self) -> int:
        """Calls of image models that one user and UTC day may be billed for."""
        return self.daily_image_calls or _CALLS_PER_IMAGE * self.daily_image_limit


class CallSettings(ImageCallSettings):
    """Of every function that counts calls of text models, too."""

    daily_message_limit: int = Field(ge=1)
    daily_text_calls: int = Field(ge=0)

    @property
    def text_calls(self) -> int:
        """The same of text models."""
        return self.daily_text_calls or _CALLS_PER_MESSAGE * self.daily_message_limit


class UploadSettings(TableSettings):
    """Of every function that knows how many pictures one may bring."""

    daily_upload_limit: int = Field(ge=0)


class ChatApiSettings(
    PaintingSettings, CallSettings, UploadSettings, OfferSettings, SuggestionSettings
):
    images_bucket: Name
    image_timeout: int = Field(ge=1)
    keeper_function: Name


class GeminiFunctionSettings(TableSettings):
    gemini_base_url: Url
    gemini_api_version: Name
    gemini_api_key_secret: Name
    image_model: Name
    follow_successor: bool
    pseudonym_secret: Name


class LlmHandlerSettings(
    GeminiFunctionSettings, PaintingSettings, CallSettings, SuggestionSettings
):
    images_bucket: Name
    text_model: Name
    max_open_messages: int = Field(ge=1)
    text_timeout: int = Field(ge=1)
    text_deadline: int = Field(ge=1)
    image_timeout: int = Field(ge=1)
    image_event_age: int = Field(ge=1)

    @model_validator(mode="after")
    def _deadlines_outlast_the_functions(self) -> Self:
        if self.text_deadline < self.text_timeout + 10:
            raise ValueError("TEXT_DEADLINE must be at least TEXT_TIMEOUT + 10")
        if self.image_deadline < self.image_event_age + 2 * self.image_timeout + 30:
            raise ValueError(
                "IMAGE_DEADLINE must be at least IMAGE_EVENT_AGE + 2 x IMAGE_TIMEOUT + 30"
            )
        return self


class PictureSettings(TableSettings):
    """Of every function that stores pictures."""

    images_bucket: Name
    pseudonym_secret: Name
    webp_quality: int = Field(ge=1, le=100)
    webp_method: int = Field(ge=0, le=6)


class ImageGenerateSettings(
    GeminiFunctionSettings, PaintingSettings, ImageCallSettings, PictureSettings
):
    image_price_usd: str = Field(pattern=r"^\d+(\.\d+)?$")
    show_drafts: bool


class ImageUploadSettings(PictureSettings, UploadSettings):
    pass


class KeeperSettings(PaintingSettings, SuggestionSettings):
    image_timeout: int = Field(ge=1)
    images_bucket: Name
    pseudonym_secret: Name


class PublicConfig(BaseModel):
    """The one SSM parameter: who signs people in, the addresses browsers use, and the edge."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    issuer: Url
    audience: Name
    client_id: Name
    scopes: str = "openid offline_access"  # of a parameter that an earlier version has written
    sign_in_origin: Url | Literal[""]  # of the token endpoint, where it is not the issuer's own
    public_url: Url
    websocket_url: Url
    distribution_id: Name
