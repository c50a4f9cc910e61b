"""What functions in containers are told of a running stack is what they read."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from tests.local_stack.testing import RunningStack
from tests.sam_local.beside import surroundings_of, variables

from afterimage.setting import Settings
from afterimage.settings import (
    ChatApiSettings,
    ImageGenerateSettings,
    KeeperSettings,
    LlmHandlerSettings,
    PageSettings,
    WebSocketSettings,
)


@pytest.mark.parametrize(
    "settings",
    [
        ChatApiSettings,
        ImageGenerateSettings,
        KeeperSettings,
        LlmHandlerSettings,
        PageSettings,
        WebSocketSettings,
    ],
)
def test_a_function_in_a_container_finds_all_its_settings(
    stack: RunningStack, settings: type[Settings]
) -> None:
    told = variables(surroundings_of(stack.url), IPv4Address("172.17.0.1"))
    own = {"AWS_LAMBDA_FUNCTION_VERSION": "$LATEST"}  # the CLI sets what Lambda sets

    assert settings.read({**own, **told})
    assert told["MESSAGES_TABLE"] == stack.name("MessagesTable")
