"""What each function reads from its environment, checked at first use.

The names are set in template.yaml; a test compares the two and the table of docs/settings.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Self

from afterimage.setting import Settings, number, switch, text, url

_PRICE = r"[0-9]+(\.[0-9]+)?"


class ParameterSettings(Settings):
    """Names of what is read from SSM at the first call."""

    public_config_parameter = text()
    model_catalogue_parameter = text()


class SuggestionSettings(Settings):
    """Of every function that knows what is suggested, and of what there is a stock."""

    suggestions_parameter = text()


class OfferSettings(ParameterSettings):
    """Of every function that knows which image models a message may choose among."""

    image_model = text()


class WebPushSettings(ParameterSettings):
    """Of every function that knows the key by which push services know us."""

    web_push_secret = text()


class PageSettings(OfferSettings, WebPushSettings):
    aws_lambda_function_version = text()  # set by Lambda itself
    stack_name = text()
    image_price_usd = text(_PRICE)
    shares_table = text()


class TableSettings(ParameterSettings):
    aws_lambda_function_version = text()  # set by Lambda itself
    stack_name = text()
    messages_table = text()
    chats_table = text()
    user_images_table = text()
    image_generation_log_table = text()
    channels_table = text()
    channel_events_table = text()
    stock_table = text()
    candidates_table = text()
    shares_table = text()
    url_signing_secret = text()
    url_lifetime_days = number(1)
    websocket_endpoint = url()


class WebSocketSettings(TableSettings):
    warm_on_typing = switch()
    llm_handler_function = text()
    image_generate_function = text()


class PaintingSettings(TableSettings):
    """Of every function that may hand a picture to the painter."""

    image_generate_function = text()
    keeper_function = text()
    image_deadline = number(1)
    max_painting_per_user = number(1)


# Where the operator names no number of calls: room for answers that are tried again, and no more.
_CALLS_PER_IMAGE, _CALLS_PER_MESSAGE = 3, 2


class ImageCallSettings(TableSettings):
    """Of every function that counts calls of image models."""

    daily_image_limit = number(0)
    daily_image_calls = number(0)

    @property
    def image_calls(self) -> int:
        """Calls of image models that one user and UTC day may be billed for."""
        return self.daily_image_calls or _CALLS_PER_IMAGE * self.daily_image_limit


class CallSettings(ImageCallSettings):
    """Of every function that counts calls of text models, too."""

    daily_message_limit = number(1)
    daily_text_calls = number(0)

    @property
    def text_calls(self) -> int:
        """The same of text models."""
        return self.daily_text_calls or _CALLS_PER_MESSAGE * self.daily_message_limit


class UploadSettings(TableSettings):
    """Of every function that knows how many pictures one may bring."""

    daily_upload_limit = number(0)


class ChatApiSettings(
    PaintingSettings, CallSettings, UploadSettings, OfferSettings, SuggestionSettings
):
    images_bucket = text()
    pseudonym_secret = text()
    image_timeout = number(1)


class GeminiFunctionSettings(TableSettings):
    gemini_base_url = url()
    gemini_api_version = text()
    gemini_api_key_secret = text()
    image_model = text()
    follow_successor = switch()
    pseudonym_secret = text()


class LlmHandlerSettings(
    GeminiFunctionSettings, PaintingSettings, CallSettings, SuggestionSettings
):
    images_bucket = text()
    text_model = text()
    max_open_messages = number(1)
    text_timeout = number(1)
    text_deadline = number(1)
    image_timeout = number(1)
    image_event_age = number(1)

    def contradictions(self) -> Iterator[str]:
        if self.text_deadline < self.text_timeout + 10:
            yield "TEXT_DEADLINE must be at least TEXT_TIMEOUT + 10"
        if self.image_deadline < self.image_event_age + 2 * self.image_timeout + 30:
            yield "IMAGE_DEADLINE must be at least IMAGE_EVENT_AGE + 2 x IMAGE_TIMEOUT + 30"


class PictureSettings(TableSettings):
    """Of every function that stores pictures."""

    images_bucket = text()
    pseudonym_secret = text()
    webp_quality = number(1, 100)
    webp_method = number(0, 6)


class ImageGenerateSettings(
    GeminiFunctionSettings, PaintingSettings, ImageCallSettings, PictureSettings
):
    image_price_usd = text(_PRICE)
    show_drafts = switch()


class ImageUploadSettings(PictureSettings, UploadSettings):
    pass


class KeeperSettings(PaintingSettings, SuggestionSettings, WebPushSettings):
    image_timeout = number(1)
    images_bucket = text()
    pseudonym_secret = text()


class PublicConfig(Settings):
    """The one SSM parameter: who signs people in, the addresses browsers use, and the edge."""

    issuer = url()
    audience = text()
    client_id = text()
    scopes = text(default="openid offline_access")  # of a parameter of an earlier version
    sign_in_origin = url(may_be_empty=True)  # of the token endpoint, if not the issuer's own
    public_url = url()
    websocket_url = url()
    distribution_id = text()
    # Push services of browsers, with commas between; none in a parameter of an earlier version.
    push_hosts = text(r"\S*", default="")
    # Origins that may frame the page, with spaces between.
    frame_ancestors = text(r"[A-Za-z0-9:/. -]*", default="")
    # Where somebody reports a shared picture; a parameter of an earlier version has none.
    contact_url = text(r"((https://|mailto:)[^\s\"<>\\]+)?", default="")

    @classmethod
    def parse(cls, stored: str) -> Self:
        """Raises: RuntimeError naming what is missing or wrong, ValueError (no JSON)."""
        return cls(json.loads(stored))
