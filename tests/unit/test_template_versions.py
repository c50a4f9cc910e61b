"""A deployment publishes a version of each function that it changes, and of no other.

CloudFormation publishes one where a version's logical id or its description is another one.
Lambda refuses a second version of what has not changed, and that fails the whole stack.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from tests.local_stack.template.data_side import existing
from tests.local_stack.template.intrinsics import Values, references, resolve
from tests.local_stack.template.transform import parameter_values, read_template, transform
from tests.support.plain_template import KEY, parameters, plain, resources, values
from tests.support.template import ROOT, template

pytestmark = pytest.mark.slow

PARAMETERS: dict[str, dict[str, Any]] = template()["Parameters"]
FUNCTIONS = {n for n, r in template()["Resources"].items() if r["Type"].endswith("less::Function")}
LAYERS = {n for n, r in template()["Resources"].items() if r["Type"].endswith("::LayerVersion")}
# Of a function's properties, those that are no part of a version.
NOT_VERSIONED = {"ReservedConcurrentExecutions", "Tags", "RecursiveLoop"}
# Those of which a description has a letter.
CHOICES = {"Architecture", "LogLevel", "GeminiApiVersion", "FollowSuccessor", "ShowDrafts"}
# Another answer than the default where neither a list nor a number gives one.
OTHER = {
    "GeminiApiKey": "another-key",
    "FirstUserEmail": "alice@example.org",
    "Issuer": "https://issuer.test",
    "Audience": "chat",
    "ClientId": "page",
    "Scopes": "openid api://chat/use",
    "SignInOrigin": "https://sign-in.test",
    "GeminiBaseUrl": "https://gemini.test",
    "TextModel": "another-text-model",
    "ImageModel": "another-image-model",
    "ImagePriceUsd": "0.05",
    "MailIdentityArn": "arn:aws:ses:eu-central-1:111111111111:identity/example.org",
    "MailFrom": "chat@example.org",
    "ModelCatalogue": '{"text_models": []}',
    "Suggestions": '[{"text": "a fox"}]',
    "AllowedOrigins": "https://front.test",
    "DomainName": "chat.example.org",
    "CertificateArn": f"arn:aws:acm:us-east-1:{'1' * 12}:certificate/{'a' * 36}",
    "PublicUrl": "https://public.test",
    "ContactUrl": "mailto:abuse@example.org",
    "WebSocketUrl": "wss://channel.test/live",
    "FrameAncestors": "https://app.test",
    "PushHosts": "push.test",
    "UrlSecretRead": "a" * 32,
    "AlarmEmail": "night@example.org",
    "Release": "2",
}


def other(name: str) -> str:
    parameter = PARAMETERS[name]
    if name in OTHER:
        return OTHER[name]
    if "AllowedValues" in parameter:
        return next(str(v) for v in parameter["AllowedValues"] if v != parameter["Default"])
    return str(parameter["Default"] + 1)


def deployed(**given: str) -> tuple[dict[str, Any], Values]:
    return resources(**given), values(**given)


def versions(made: dict[str, Any], known: Values) -> dict[str, tuple[str, str]]:
    """Logical id and description of every function's version: what makes CloudFormation publish."""
    return {
        resource["Properties"]["FunctionName"]["Ref"]: (
            name,
            resolve(resource["Properties"]["Description"], known),
        )
        for name, resource in made.items()
        if resource["Type"] == "AWS::Lambda::Version"
    }


def content(made: dict[str, Any], known: Values) -> dict[str, Any]:
    """Of every function, what a version of it holds, and what its layers hold."""
    found = {}
    for name in FUNCTIONS:
        properties = made[name]["Properties"]
        layers = [made[layer["Ref"]]["Properties"] for layer in properties["Layers"]]
        held = {k: v for k, v in properties.items() if k not in NOT_VERSIONED}
        found[name] = resolve([held, layers], known)
    return found


@cache
def as_it_is() -> tuple[dict[str, Any], dict[str, Any]]:
    """Contents and versions where every answer is the default."""
    return content(*deployed()), versions(*deployed())


def differing(one: dict[str, Any], another: dict[str, Any]) -> set[str]:
    assert set(one) == set(another) == FUNCTIONS
    return {name for name in one if one[name] != another[name]}


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_another_answer_publishes_the_functions_that_it_reaches_and_no_other(name: str) -> None:
    after = deployed(**{name: other(name)})

    reached = differing(as_it_is()[0], content(*after))
    published = differing(as_it_is()[1], versions(*after))

    assert published == reached


def test_the_test_knows_answers_that_reach_some_all_and_none() -> None:
    """Or the comparison above would hold of nothing."""

    def published(name: str) -> set[str]:
        return differing(as_it_is()[1], versions(*deployed(**{name: other(name)})))

    assert published("TextModel") == {"LlmHandlerGeminiFunction"}
    assert published("ImageModel") == {
        "LlmHandlerGeminiFunction",
        "ImageGenerateFunction",
        "ChatApiFunction",
        "WebPageFunction",
    }
    assert published("Release") == published("LogLevel") == FUNCTIONS
    assert published("AlarmEmail") == published("ImageConcurrency") == set()


def test_a_function_is_given_nothing_that_names_a_version_and_makes_none() -> None:
    """Such as a tag: Lambda refuses the version. Tags of the whole stack are in no text."""
    written = {
        (name, key)
        for name, properties in [
            ("Globals", template()["Globals"]["Function"]),
            *((name, template()["Resources"][name]["Properties"]) for name in FUNCTIONS),
        ]
        for key in NOT_VERSIONED & set(properties)
    }

    # Whose texts stay the same: the number is a parameter.
    painter = "ImageGenerateFunction"
    assert written == {(painter, "ReservedConcurrentExecutions"), (painter, "RecursiveLoop")}


def built(**code: str) -> dict[str, Any]:
    """The template with the code of some parts at another address, as a package has it."""
    read = read_template(ROOT / "template.yaml")
    for name, address in code.items():
        properties = read["Resources"][name]["Properties"]
        [kind] = {"CodeUri", "ContentUri"} & set(properties)
        properties[kind] = address
    made = transform(read, parameter_values(read, KEY))
    return existing(made["Resources"], parameters())


@pytest.mark.parametrize("layer", sorted(LAYERS))
def test_other_content_of_a_layer_publishes_every_function(layer: str) -> None:
    changed = versions(built(**{layer: "s3://source/another"}), values())

    assert differing(as_it_is()[1], changed) == FUNCTIONS


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_other_code_of_a_function_publishes_it_alone(function: str) -> None:
    changed = versions(built(**{function: "s3://source/another"}), values())

    assert differing(as_it_is()[1], changed) == {function}


LONGEST_URLS = ("https://" + 56 * "x", f"http://127.0.0.1:65535/{20 * 'x'}/")


def longest(name: str) -> str:
    """A value of as many characters as a parameter takes."""
    parameter = PARAMETERS[name]
    if "AllowedValues" in parameter:
        return max(map(str, parameter["AllowedValues"]), key=len)
    if bounded := re.search(r"\{\d+,(\d+)\}\$$", parameter.get("AllowedPattern", "")):
        return int(bounded[1]) * "x"
    if "MaxLength" in parameter:
        return int(parameter["MaxLength"]) * "x"
    return str(parameter["MaxValue"])


@pytest.mark.parametrize("url", LONGEST_URLS)
@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_description_has_room_for_the_longest_answers_and_for_more(
    function: str, url: str
) -> None:
    """256 characters (Lambda's PublishVersion), and 40 for settings that are not there yet."""
    given = {name: longest(name) for name in reaching(function)}
    if "GeminiBaseUrl" in given:
        given["GeminiBaseUrl"] = url

    assert len(versions(*deployed(**given))[function][1]) <= 256 - 40


def reaching(function: str) -> set[str]:
    """The parameters that a function's description names."""
    described = plain()["Resources"][as_it_is()[1][function][0]]["Properties"]
    return {name for name in references(described["Description"]) if name in PARAMETERS} | CHOICES


def test_the_longest_url_is_no_longer() -> None:
    pattern, most = (PARAMETERS["GeminiBaseUrl"][key] for key in ("AllowedPattern", "MaxLength"))

    assert all(re.fullmatch(pattern, url) and len(url) <= most for url in LONGEST_URLS)
    assert len(LONGEST_URLS[0]) == most
    assert not re.fullmatch(pattern, LONGEST_URLS[1] + "x")
    assert "GeminiBaseUrl" in reaching("LlmHandlerGeminiFunction")


@pytest.mark.parametrize("name", sorted(CHOICES))
def test_each_choice_is_told_from_every_other(name: str) -> None:
    of_each = [versions(*deployed(**{name: str(v)})) for v in PARAMETERS[name]["AllowedValues"]]

    for function in differing(of_each[0], of_each[1]):
        told = [described[function] for described in of_each]
        assert len(set(told)) == len(told)


@pytest.mark.parametrize("wrong", ["https://a//b", "https://a/https://b", "https://", "http://a/b"])
def test_no_two_urls_are_the_same_without_their_scheme(wrong: str) -> None:
    assert not re.fullmatch(PARAMETERS["GeminiBaseUrl"]["AllowedPattern"], wrong)
