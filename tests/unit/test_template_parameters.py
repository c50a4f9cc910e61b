"""What is asked for at the first deployment, and what becomes of each answer."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

import pytest
from tests.local_stack.template.intrinsics import Values, condition, references, resolve
from tests.local_stack.template.stand_ins import PSEUDO_PARAMETERS
from tests.local_stack.template.transform import parameter_values
from tests.support.plain_template import KEY, OWN_ISSUER, plain, properties, resources, values
from tests.support.template import template

from afterimage.adapters.own_suggestions import own_suggestions

PARAMETERS: dict[str, dict[str, Any]] = plain()["Parameters"]
DOMAIN = {
    "DomainName": "chat.example.org",
    "CertificateArn": f"arn:aws:acm:us-east-1:{'1' * 12}:certificate/{'a' * 36}",
}


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_a_parameter_says_what_it_is_and_what_it_takes(name: str) -> None:
    parameter = PARAMETERS[name]
    limits = {"AllowedPattern", "AllowedValues", "MinValue"}

    assert re.fullmatch(r"[A-Z\"].*[.]", parameter["Description"])
    assert limits & set(parameter)
    if parameter["Type"] != "Number":
        assert {"AllowedPattern", "AllowedValues"} & set(parameter)


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_a_default_is_one_that_is_taken(name: str) -> None:
    parameter = PARAMETERS[name]
    if "Default" not in parameter:
        return
    if "AllowedPattern" in parameter:
        assert re.fullmatch(parameter["AllowedPattern"], str(parameter["Default"]))
    if "AllowedValues" in parameter:
        assert parameter["Default"] in parameter["AllowedValues"]
    if "MinValue" in parameter:
        assert parameter["MinValue"] <= int(parameter["Default"])


def test_only_the_models_key_has_to_be_given() -> None:
    assert {name for name, p in PARAMETERS.items() if "Default" not in p} == {"GeminiApiKey"}


def test_every_parameter_is_used() -> None:
    text = json.dumps({k: v for k, v in template().items() if k not in ("Parameters", "Rules")})
    used = set(re.findall(r'"Ref": "(\w+)"|\$\{(\w+)\}', text))
    names = {name for pair in used for name in pair}

    assert set(PARAMETERS) - names == set()


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("Issuer", "http://issuer.test"),
        ("Issuer", 'https://issuer.test","public_url": "https://evil.test'),
        ("Audience", 'chat", "issuer": "https://evil.test'),
        ("ClientId", "a\\"),
        ("Scopes", ""),
        ("Scopes", "offline_access"),
        ("Scopes", "openid "),
        ("Scopes", "openid  profile"),
        ("Scopes", 'openid", "issuer": "https://evil.test'),
        ("Scopes", "openid a\\"),
        ("SignInOrigin", "https://sign-in.test; script-src *"),
        ("SignInOrigin", "https://sign-in.test/path"),
        ("PublicUrl", "http://page.test"),
        ("PublicUrl", "https://page.test/"),
        ("WebSocketUrl", "ws://channel.test/live"),
        ("WebSocketUrl", "wss://channel.test/live; script-src *"),
        ("GeminiBaseUrl", "http://gemini.test"),
        ("GeminiBaseUrl", "https://gemini.test?x"),
        ("TextModel", "../evil"),
        ("ImageModel", "a b"),
        ("AllowedOrigins", "*"),
        ("AllowedOrigins", "https://a.test/path"),
        ("AllowedOrigins", "http://a.test"),
        ("AllowedOrigins", "http://127.0.0.1:5173"),
        ("DomainName", "https://chat.example.org"),
        ("DomainName", "*.example.org"),
        ("MailIdentityArn", "chat@example.org"),
        ("MailFrom", "nobody"),
        ("CertificateArn", f"arn:aws:acm:eu-central-1:{'1' * 12}:certificate/{'a' * 36}"),
        ("FirstUserEmail", "alice"),
        ("GeminiApiKey", ""),
        ("ImagePriceUsd", "free"),
        ("ModelCatalogue", "[]"),
        ("Suggestions", ""),
        ("Suggestions", "{}"),
    ],
)
def test_a_wrong_answer_is_refused_before_anything_is_made(name: str, wrong: str) -> None:
    assert re.fullmatch(PARAMETERS[name]["AllowedPattern"], wrong) is None


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("Issuer", "https://issuer.test/realms/main/"),
        ("Issuer", "http://127.0.0.1:8000/dev/identity"),
        ("Scopes", "openid"),
        (
            "Scopes",
            "openid offline_access api://0f1c/chat https://api.example.org/chat.use chat:use",
        ),
        ("SignInOrigin", "https://x.auth.eu-central-1.amazoncognito.com"),
        ("PublicUrl", "https://chat.example.org:8443"),
        ("WebSocketUrl", "ws://127.0.0.1:8000/socket/live"),
        ("AllowedOrigins", "http://localhost:5173"),
        ("GeminiBaseUrl", "http://127.0.0.1:4000"),
        *DOMAIN.items(),
        ("MailIdentityArn", "arn:aws:ses:eu-central-1:111111111111:identity/example.org"),
        ("MailFrom", "A chat <chat@example.org>"),
        ("MailFrom", "chat@example.org"),
        ("FirstUserEmail", "alice@example.org"),
        ("ModelCatalogue", '{"text_models": [],\n "image_models": []}'),
        ("Suggestions", '[{"text": "a fox",\n "aspect_ratio": "3:2"}]'),
    ],
)
def test_a_right_answer_is_taken(name: str, right: str) -> None:
    assert re.fullmatch(PARAMETERS[name]["AllowedPattern"], right)


# --- Answers that belong together ----------------------------------------------------------------


def refused(**given: str) -> set[str]:
    """What the template's rules say against these answers."""
    rules = template()["Rules"]
    known = {**PSEUDO_PARAMETERS, **parameter_values(template(), {**KEY, **given})}

    def holds(expression: Any) -> bool:
        return condition("this", Values(known, {}, {"this": expression}))

    return {
        assertion["AssertDescription"]
        for rule in rules.values()
        if holds(rule["RuleCondition"])
        for assertion in rule["Assertions"]
        if not holds(assertion["Assert"])
    }


@pytest.mark.parametrize(
    "given", [{}, OWN_ISSUER, {**OWN_ISSUER, "SignInOrigin": "https://s.test"}, DOMAIN]
)
def test_answers_that_fit(given: dict[str, str]) -> None:
    assert refused(**given) == set()


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ({"Issuer": "https://issuer.test"}, 2),
        ({"Issuer": "https://issuer.test", "Audience": "chat"}, 1),
        ({"Audience": "chat", "ClientId": "page"}, 2),
        ({"SignInOrigin": "https://s.test"}, 1),
        ({"DomainName": "chat.example.org"}, 1),
        ({"CertificateArn": "arn"}, 1),
        ({"MailFrom": "chat@example.org"}, 1),
    ],
)
def test_answers_that_do_not_fit_are_refused(given: dict[str, str], number: int) -> None:
    assert len(refused(**given)) == number


@pytest.mark.parametrize(("given", "stored"), [("", "{}"), ('{"text_models": []}',) * 2])
def test_models_of_ones_own_stand_where_the_functions_read(given: str, stored: str) -> None:
    answer = {"ModelCatalogue": given}
    made = properties("AWS::SSM::Parameter", **answer)["ModelCatalogueParameter"]

    assert resolve(made["Value"], values(**answer)) == stored


@pytest.mark.parametrize("given", ["[]", '[{"text": "a fox", "aspect_ratio": "3:2"}]'])
def test_what_is_suggested_stands_where_the_functions_read(given: str) -> None:
    answer = {"Suggestions": given, "StockSize": "7", "StockPicturesADay": "11"}
    answer |= {"CollectCandidates": "true", "CommonAfter": "30"}
    made = properties("AWS::SSM::Parameter", **answer)["SuggestionsParameter"]

    read = own_suggestions(resolve(made["Value"], values(**answer)))

    assert [asdict(one) for one in read.suggestions] == json.loads(given)
    assert (read.stock_size, read.pictures_a_day) == (7, 11)
    assert (read.collect_candidates, read.common_after) == (True, 30)
    assert len(made["Value"]["Fn::Sub"]) + plain()["Parameters"]["Suggestions"]["MaxLength"] < 4_096


# --- Who signs people in -------------------------------------------------------------------------


def public_config(**given: str) -> dict[str, str]:
    """What the functions read, as text that has to be JSON."""
    parameter = properties("AWS::SSM::Parameter", **given)["PublicConfig"]
    config: dict[str, str] = json.loads(resolve(parameter["Value"], values(**given)))
    return config


def test_with_an_issuer_of_ones_own_no_user_pool_is_made() -> None:
    given = {**OWN_ISSUER, "SignInOrigin": "https://sign-in.test", "FirstUserEmail": "a@b.test"}
    given["Scopes"] = "openid api://chat/use"
    made = {resource["Type"] for resource in resources(**given).values()}
    config = public_config(**given)

    assert not [kind for kind in made if kind.startswith("AWS::Cognito::")]
    assert config["issuer"] == "https://issuer.test/x"
    assert (config["audience"], config["client_id"]) == ("chat", "page")
    assert config["sign_in_origin"] == "https://sign-in.test"
    assert config["scopes"] == "openid api://chat/use"


def test_without_an_issuer_a_user_pool_signs_in() -> None:
    config = public_config()

    assert re.fullmatch(r"https://cognito-idp\.[a-z0-9-]+\.[a-z.]+/UserPool", config["issuer"])
    assert config["audience"] == config["client_id"] == "PageClient"
    assert re.fullmatch(r"https://SignInDomain\.auth\.\S+", config["sign_in_origin"])


def test_the_pages_client_is_public_and_comes_back_to_the_page() -> None:
    (client,) = properties("AWS::Cognito::UserPoolClient").values()
    resolved = resolve(client, values())
    page = public_config()["public_url"] + "/"

    assert resolved["GenerateSecret"] is False
    assert resolved["AllowedOAuthFlows"] == ["code"]
    assert resolved["AllowedOAuthScopes"] == ["openid"]
    assert resolved["LogoutURLs"] == [page]
    assert resolved["CallbackURLs"] == [page, f"{page}static/signed_in.html"]
    assert "ALLOW_REFRESH_TOKEN_AUTH" in resolved["ExplicitAuthFlows"]


@pytest.mark.parametrize(
    ("origins", "addresses"),
    [
        ("https://a.test", ["https://a.test/"]),
        ("https://a.test,http://localhost:5173", ["https://a.test/", "http://localhost:5173/"]),
    ],
)
def test_foreign_front_ends_come_back_from_the_stacks_own_sign_in(
    origins: str, addresses: list[str]
) -> None:
    given = {"AllowedOrigins": origins}
    (client,) = properties("AWS::Cognito::UserPoolClient", **given).values()
    resolved = resolve(client, values(**given))
    page = public_config(**given)["public_url"] + "/"

    assert resolved["LogoutURLs"] == [page, *addresses]
    assert resolved["CallbackURLs"] == [page, *addresses, f"{page}static/signed_in.html"]


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "https://distribution.cloudfront.net"),
        (DOMAIN, "https://chat.example.org"),
        ({**DOMAIN, "PublicUrl": "https://front.example.org"}, "https://front.example.org"),
    ],
)
def test_the_pages_address(given: dict[str, str], address: str) -> None:
    assert public_config(**given)["public_url"] == address
    outputs = plain(**given)["Outputs"]
    assert resolve(outputs["Url"]["Value"], values(**given)) == address


@pytest.mark.parametrize(("answer", "closed"), [("false", True), ("true", False)])
def test_nobody_makes_an_account_by_themselves_unless_it_is_asked_for(
    answer: str, closed: bool
) -> None:
    given = {"SelfSignUp": answer}
    (pool,) = properties("AWS::Cognito::UserPool", **given).values()

    made = resolve(pool, values(**given))
    assert made["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is closed


@pytest.mark.parametrize("given", [{}, {"PublicUrl": "https://chat.example.org"}])
def test_an_invitation_names_the_address_the_name_and_the_password(given: dict[str, str]) -> None:
    (pool,) = properties("AWS::Cognito::UserPool", **given).values()
    message = resolve(pool["AdminCreateUserConfig"], values(**given))["InviteMessageTemplate"]

    assert f'href="{public_config(**given)["public_url"]}"' in message["EmailMessage"]
    assert {"{username}", "{####}"} <= set(re.findall(r"\{.+?\}", message["EmailMessage"]))


IDENTITY = "arn:aws:ses:eu-central-1:111111111111:identity/example.org"


@pytest.mark.parametrize(
    ("given", "sender"),
    [
        ({}, {"EmailSendingAccount": "COGNITO_DEFAULT"}),
        (
            {"MailIdentityArn": IDENTITY},
            {"EmailSendingAccount": "DEVELOPER", "SourceArn": IDENTITY},
        ),
        (
            {"MailIdentityArn": IDENTITY, "MailFrom": "a@example.org"},
            {
                "EmailSendingAccount": "DEVELOPER",
                "SourceArn": IDENTITY,
                "From": "a@example.org",
            },
        ),
    ],
)
def test_who_sends_the_mails_of_the_pool_and_in_which_tier_it_is(
    given: dict[str, str], sender: dict[str, str]
) -> None:
    (pool,) = properties("AWS::Cognito::UserPool", **given).values()

    made = resolve(pool, values(**given))
    assert (made["EmailConfiguration"], made["UserPoolTier"]) == (sender, "LITE")


@pytest.mark.parametrize(("email", "invited"), [("", 0), ("alice@example.org", 1)])
def test_the_first_user_is_invited_where_there_is_one(email: str, invited: int) -> None:
    users = properties("AWS::Cognito::UserPoolUser", FirstUserEmail=email)

    assert len(users) == invited


def test_the_name_of_the_sign_in_is_one_that_cognito_takes() -> None:
    (domain,) = properties("AWS::Cognito::UserPoolDomain").values()
    known = values()
    stack_id = "arn:aws:cloudformation:eu-central-1:111111111111:stack/Name/0e5f6a10-ab-cd-ef-0123"
    known = Values({**known.refs, "AWS::StackId": stack_id}, known.attributes, known.conditions)

    name = resolve(domain["Domain"], known)
    assert re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", name)
    assert not re.search("aws|amazon|cognito", name)


def test_nothing_refers_to_what_refers_to_the_distribution() -> None:
    """Or it would be a circle: distribution, API, function, configuration, distribution."""
    late = {"PublicConfig", "PageClient"}
    referring = {
        (name, reference)
        for name, resource in resources().items()
        for reference in references(resource)
        if reference.split(".")[0] in late
    }

    assert {name for name, _ in referring} <= {"PublicConfig"}
