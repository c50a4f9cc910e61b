"""Settings: checked at first use, with errors that name the setting and never its value."""

from __future__ import annotations

import json

import pytest

from afterimage.settings import (
    ChatApiSettings,
    ImageGenerateSettings,
    KeeperSettings,
    LlmHandlerSettings,
    PageSettings,
    PublicConfig,
)

TABLES = {
    "AWS_LAMBDA_FUNCTION_VERSION": "7",
    "STACK_NAME": "afterimage",
    "PUBLIC_CONFIG_PARAMETER": "/afterimage/public-config",
    "MODEL_CATALOGUE_PARAMETER": "/afterimage/model-catalogue",
    "MESSAGES_TABLE": "messages",
    "CHATS_TABLE": "chats",
    "USER_IMAGES_TABLE": "user-images",
    "IMAGE_GENERATION_LOG_TABLE": "ledger",
    "CHANNELS_TABLE": "channels",
    "CHANNEL_EVENTS_TABLE": "events",
    "STOCK_TABLE": "stock",
    "CANDIDATES_TABLE": "candidates",
    "SHARES_TABLE": "shares",
    "URL_SIGNING_SECRET": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:signing",
    "URL_LIFETIME_DAYS": "7",
    "WEBSOCKET_ENDPOINT": "https://abc.execute-api.eu-central-1.amazonaws.com/live",
}
LLM = {
    **TABLES,
    "GEMINI_BASE_URL": "https://generativelanguage.googleapis.com",
    "GEMINI_API_VERSION": "v1beta",
    "GEMINI_API_KEY_SECRET": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:key",
    "PSEUDONYM_SECRET": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:pseudonyms",
    "IMAGE_MODEL": "an-image-model",
    "TEXT_MODEL": "a-text-model",
    "DAILY_IMAGE_LIMIT": "10",
    "DAILY_MESSAGE_LIMIT": "200",
    "DAILY_UPLOAD_LIMIT": "50",
    "DAILY_IMAGE_CALLS": "0",
    "DAILY_TEXT_CALLS": "0",
    "FOLLOW_SUCCESSOR": "false",
    "MAX_OPEN_MESSAGES": "10",
    "MAX_PAINTING_PER_USER": "4",
    "TEXT_TIMEOUT": "60",
    "TEXT_DEADLINE": "75",
    "IMAGE_TIMEOUT": "150",
    "IMAGE_EVENT_AGE": "120",
    "IMAGE_DEADLINE": "450",
    "IMAGES_BUCKET": "pictures",
    "IMAGE_GENERATE_FUNCTION": "image_generate:live",
    "KEEPER_FUNCTION": "keeper:live",
    "WEB_PUSH_SECRET": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:web-push",
    "SUGGESTIONS_PARAMETER": "/afterimage/suggestions",
    "LLM_HANDLER_FUNCTION": "llm_handler_gemini:live",
    "WARM_ON_TYPING": "true",
    "UNRELATED": "is not read",
}
IMAGE = {
    **LLM,
    "IMAGE_PRICE_USD": "0.0336",
    "SHOW_DRAFTS": "true",
    "WEBP_QUALITY": "80",
    "WEBP_METHOD": "2",
}


def test_settings_are_read_by_their_names_in_capitals() -> None:
    settings = LlmHandlerSettings.read(LLM)

    assert settings.text_model == "a-text-model"
    assert (settings.daily_image_limit, settings.image_deadline) == (10, 450)


def test_everything_that_is_missing_or_wrong_is_named_at_once() -> None:
    environment = {**LLM, "DAILY_IMAGE_LIMIT": "many", "MAX_OPEN_MESSAGES": "0"}
    del environment["MESSAGES_TABLE"]

    with pytest.raises(RuntimeError) as wrong:
        LlmHandlerSettings.read(environment)

    for name in ("DAILY_IMAGE_LIMIT", "MAX_OPEN_MESSAGES", "MESSAGES_TABLE"):
        assert name in str(wrong.value)


@pytest.mark.parametrize(
    "name",
    ["DAILY_IMAGE_LIMIT", "TEXT_TIMEOUT", "GEMINI_BASE_URL", "WEBSOCKET_ENDPOINT",
     "IMAGE_PRICE_USD"],
)  # fmt: skip
def test_no_error_tells_a_value(name: str) -> None:
    secret = "http://user:a-secret@evil.test"
    model = ImageGenerateSettings if name == "IMAGE_PRICE_USD" else LlmHandlerSettings

    with pytest.raises(RuntimeError) as wrong:
        model.read({**IMAGE, name: secret})

    assert "secret" not in str(wrong.value)
    assert wrong.value.__cause__ is None
    assert wrong.value.__suppress_context__
    assert name in str(wrong.value)


@pytest.mark.parametrize("name", ["MESSAGES_TABLE", "TEXT_MODEL", "DAILY_IMAGE_LIMIT"])
def test_empty_is_not_set(name: str) -> None:
    with pytest.raises(RuntimeError, match=name):
        LlmHandlerSettings.read({**LLM, name: ""})


@pytest.mark.parametrize(
    ("name", "shortest"),
    [
        ("TEXT_DEADLINE", 70),  # behind the function's own end
        ("IMAGE_DEADLINE", 450),  # behind queue and both attempts
    ],
)
def test_an_answer_is_overdue_only_when_nobody_makes_it_any_more(name: str, shortest: int) -> None:
    for fine in (shortest, shortest + 5):
        assert LlmHandlerSettings.read({**LLM, name: str(fine)})
    for early in (shortest - 1, 1):
        with pytest.raises(RuntimeError, match=f"{name} must be at least"):
            LlmHandlerSettings.read({**LLM, name: str(early)})


@pytest.mark.parametrize(
    "url",
    [
        "https://gemini.test",
        "https://gemini.test/prefix",
        "http://127.0.0.1:8000/gemini",
        "http://localhost:8000",
        "http://[::1]:8000",
    ],
)
def test_addresses_that_keep_a_secret(url: str) -> None:
    assert LlmHandlerSettings.read({**LLM, "GEMINI_BASE_URL": url}).gemini_base_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://gemini.test",
        "http://localhost.evil.test",
        "http://127.0.0.1.evil.test",
        "http://127.0.0.1@evil.test",
        "http://192.168.0.1",
        "http://0.0.0.0",
        "ws://channel.test",
        "ftp://127.0.0.1",
        "//gemini.test",
        "gemini.test",
        "https://",
        "https://[",
        "",
    ],
)
def test_addresses_that_do_not(url: str) -> None:
    with pytest.raises(RuntimeError, match="GEMINI_BASE_URL"):
        LlmHandlerSettings.read({**LLM, "GEMINI_BASE_URL": url})


def test_a_limit_of_no_pictures_is_a_limit() -> None:
    assert ChatApiSettings.read({**IMAGE, "DAILY_IMAGE_LIMIT": "0"}).daily_image_limit == 0
    with pytest.raises(RuntimeError, match="DAILY_IMAGE_LIMIT"):
        ChatApiSettings.read({**IMAGE, "DAILY_IMAGE_LIMIT": "-1"})


def test_calls_follow_from_the_other_limits_where_no_number_is_named() -> None:
    derived, named = (
        LlmHandlerSettings.read(LLM),
        {"DAILY_IMAGE_CALLS": "7", "DAILY_TEXT_CALLS": "9"},
    )

    assert (derived.image_calls, derived.text_calls) == (30, 400)
    chosen = LlmHandlerSettings.read({**LLM, **named})
    assert (chosen.image_calls, chosen.text_calls) == (7, 9)
    with pytest.raises(RuntimeError, match="DAILY_TEXT_CALLS"):
        LlmHandlerSettings.read({**LLM, "DAILY_TEXT_CALLS": "-1"})


@pytest.mark.parametrize("price", ["0.0336", "0", "12"])
def test_a_price(price: str) -> None:
    assert ImageGenerateSettings.read({**IMAGE, "IMAGE_PRICE_USD": price}).image_price_usd == price


@pytest.mark.parametrize("price", ["", "free", "-1", "1,5", "1e3", "0.0336\n"])
def test_no_price(price: str) -> None:
    with pytest.raises(RuntimeError, match="IMAGE_PRICE_USD"):
        ImageGenerateSettings.read({**IMAGE, "IMAGE_PRICE_USD": price})


def test_the_keeper_knows_how_long_a_function_may_still_upload() -> None:
    assert KeeperSettings.read(IMAGE).image_timeout == 150
    for wrong in ("0", "-1", "soon", ""):
        with pytest.raises(RuntimeError, match="IMAGE_TIMEOUT"):
            KeeperSettings.read({**IMAGE, "IMAGE_TIMEOUT": wrong})


@pytest.mark.parametrize("name", ["IMAGE_GENERATE_FUNCTION", "IMAGES_BUCKET", "IMAGE_TIMEOUT"])
def test_the_keeper_does_without_nothing(name: str) -> None:
    environment = {key: value for key, value in IMAGE.items() if key != name}

    with pytest.raises(RuntimeError, match=name):
        KeeperSettings.read(environment)


def test_the_page_needs_no_table_but_the_one_of_what_is_shared() -> None:
    parameters = {"PUBLIC_CONFIG_PARAMETER": "/x", "MODEL_CATALOGUE_PARAMETER": "/y"}
    lambdas = {"AWS_LAMBDA_FUNCTION_VERSION": "7", "STACK_NAME": "afterimage"}
    own = {"IMAGE_MODEL": "a", "IMAGE_PRICE_USD": "0.03", "WEB_PUSH_SECRET": "s", **lambdas}
    assert PageSettings.read({**parameters, **own, "SHARES_TABLE": "shares"})


def test_the_public_configuration() -> None:
    config = {
        "issuer": "https://issuer.test/",
        "audience": "afterimage",
        "client_id": "page",
        "scopes": "openid",
        "sign_in_origin": "https://sign-in.test",
        "public_url": "https://page.test",
        "websocket_url": "wss://channel.test/live",
        "distribution_id": "E2EXAMPLE1234",
        "push_hosts": "fcm.test,*.push.test",
        "frame_ancestors": "https://app.test http://localhost:5173",
        "contact_url": "mailto:abuse@page.test?subject=a%20picture",
    }

    assert PublicConfig.parse(json.dumps(config)).values == config
    later = ("scopes", "push_hosts", "frame_ancestors", "contact_url")
    before = PublicConfig({name: value for name, value in config.items() if name not in later})
    assert before.scopes == "openid offline_access"
    assert (before.push_hosts, before.contact_url) == ("", "")
    for wrong in (
        "http://a.test",
        "javascript:alert(1)",
        'https://a.test/"><script>',
        "mailto:a b",
    ):
        with pytest.raises(RuntimeError, match="CONTACT_URL"):
            PublicConfig({**config, "contact_url": wrong})
    for name in ("issuer", "sign_in_origin", "public_url", "websocket_url"):
        with pytest.raises(RuntimeError, match=name.upper()):
            PublicConfig({**config, name: "http://evil.test"})
    assert PublicConfig({**config, "websocket_url": "ws://127.0.0.1:8000/live"})
    assert PublicConfig({**config, "sign_in_origin": ""})
