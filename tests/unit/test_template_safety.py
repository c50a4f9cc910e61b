"""What is kept, encrypted, logged, limited and taken back, by what CloudFormation gets."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.local_stack.lambda_runtime.retry_rules import Again, Delays, after_throttle
from tests.local_stack.template.intrinsics import Values, references, resolve
from tests.local_stack.template.serving import AsyncSettings
from tests.local_stack.template.stand_ins import PSEUDO_PARAMETERS
from tests.support.plain_template import (
    as_list,
    of_kind,
    plain,
    properties,
    resources,
    statements,
    values,
)
from tests.support.template import of_type, template

FUNCTIONS = sorted(properties("AWS::Lambda::Function"))
STAGES = sorted(properties("AWS::ApiGatewayV2::Stage"))
# Types that hold what people wrote, painted or are.
PEOPLES = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Cognito::UserPool")
# All that an access log may say. Whoever adds one asks whether a token, a ticket, an id of a chat
# or an address of a person can be in it.
LOGGED = {
    "connectionId",
    "error.responseType",
    "eventType",
    "integrationLatency",
    "requestId",
    "requestTime",
    "responseLatency",
    "responseLength",
    "routeKey",
    "status",
}
# Functions that something invokes without waiting: a destination, a rule, `InvocationType=Event`.
ASYNCHRONOUS = {"ImageGenerateFunction", "KeeperFunction"}
WARMED = "LlmHandlerGeminiFunction"  # which is waited for, but for what warms it
# What may name a function itself instead of its alias: what makes the alias.
MAKERS = ("AWS::Lambda::Version", "AWS::Lambda::Alias", "AWS::Lambda::EventInvokeConfig")


# --- What is kept --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PEOPLES)
def test_what_holds_peoples_data_outlives_the_stack(kind: str) -> None:
    holding = of_kind(kind)

    assert len(holding) == (9 if kind == "AWS::DynamoDB::Table" else 1)
    for resource in holding.values():
        assert resource["UpdateReplacePolicy"] == "Retain"
        assert resource["DeletionPolicy"] in ("Retain", "RetainExceptOnCreate")


@pytest.mark.parametrize("table", sorted(properties("AWS::DynamoDB::Table")))
def test_a_table_is_encrypted_recoverable_and_not_deleted_by_mistake(table: str) -> None:
    made = properties("AWS::DynamoDB::Table")[table]

    assert made["SSESpecification"] == {"SSEEnabled": True}
    assert made["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert made["DeletionProtectionEnabled"] is True


def test_the_user_pool_is_not_deleted_by_mistake() -> None:
    (pool,) = properties("AWS::Cognito::UserPool").values()

    assert pool["DeletionProtection"] == "ACTIVE"


# --- On the way ----------------------------------------------------------------------------------


def test_the_bucket_refuses_what_is_not_encrypted_on_the_way() -> None:
    (bucket,) = properties("AWS::S3::Bucket")
    (denied,) = [s for _, s in statements() if s["Effect"] == "Deny"]

    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert (denied["Principal"], denied["Action"]) == ("*", "s3:*")
    assert {name.split(".")[0] for name in references(denied["Resource"])} == {bucket}
    assert len(denied["Resource"]) == 2  # the bucket, and what is in it


def test_the_edge_is_reached_and_reaches_over_tls_only() -> None:
    (distribution,) = properties("AWS::CloudFront::Distribution").values()
    config = distribution["DistributionConfig"]
    behaviours = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
    (api,) = [o["CustomOriginConfig"] for o in config["Origins"] if "CustomOriginConfig" in o]

    assert {b["ViewerProtocolPolicy"] for b in behaviours} == {"redirect-to-https"}
    assert api == {"OriginProtocolPolicy": "https-only", "OriginSSLProtocols": ["TLSv1.2"]}


def test_a_domain_of_ones_own_takes_no_old_tls() -> None:
    given = {"DomainName": "chat.example.org", "CertificateArn": "arn:certificate"}
    (distribution,) = properties("AWS::CloudFront::Distribution", **given).values()
    config = resolve(distribution["DistributionConfig"], values(**given))

    assert config["Aliases"] == ["chat.example.org"]
    assert config["ViewerCertificate"] == {
        "AcmCertificateArn": "arn:certificate",
        "SslSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2021",
    }


def test_without_a_domain_cloudfronts_own_serves() -> None:
    (distribution,) = properties("AWS::CloudFront::Distribution").values()
    config = resolve(distribution["DistributionConfig"], values())

    assert "Aliases" not in config
    assert config["ViewerCertificate"] == {"CloudFrontDefaultCertificate": True}


# --- Secrets -------------------------------------------------------------------------------------


def test_a_parameter_that_is_a_secret_goes_into_a_secret_and_nowhere_else() -> None:
    hidden = {name for name, p in plain()["Parameters"].items() if p.get("NoEcho")}
    holders = {
        (name, secret)
        for name, resource in resources().items()
        for secret in hidden & {r.split(".")[0] for r in references(resource)}
    }

    assert hidden == {"GeminiApiKey"}
    assert holders == {("GeminiApiKeySecret", "GeminiApiKey")}
    assert not hidden & set(references(plain()["Outputs"]))
    assert not [name for name in hidden if "Default" in plain()["Parameters"][name]]


def test_no_secret_is_written_in_the_template() -> None:
    for secret in properties("AWS::SecretsManager::Secret").values():
        assert not isinstance(secret.get("SecretString"), str)
    text = json.dumps(plain())
    assert not re.search(r"AKIA[0-9A-Z]{16}|AIza[\w-]{35}|-----BEGIN|eyJ[\w-]{20,}\.", text)


# --- Logs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_to_a_log_of_its_own_that_forgets(function: str) -> None:
    made = properties("AWS::Lambda::Function")[function]
    group = made["LoggingConfig"]["LogGroup"]["Ref"]
    role = made["Role"]["Fn::GetAtt"][0]
    written = [
        statement["Resource"]
        for name, statement in statements()
        if name == role and "logs:PutLogEvents" in as_list(statement["Action"])
    ]

    assert group in properties("AWS::Logs::LogGroup")
    assert written == [{"Fn::GetAtt": f"{group}.Arn"}] or written == [
        {"Fn::GetAtt": [group, "Arn"]}
    ]
    others = [
        other
        for other, properties_ in properties("AWS::Lambda::Function").items()
        if properties_["LoggingConfig"]["LogGroup"] == {"Ref": group}
    ]
    assert others == [function]


def test_every_log_forgets_after_the_days_that_were_asked_for() -> None:
    groups = properties("AWS::Logs::LogGroup")

    assert len(groups) >= len(FUNCTIONS) + len(STAGES)
    assert {g["RetentionInDays"]["Ref"] for g in groups.values()} == {"LogRetentionDays"}


@pytest.mark.parametrize("stage", STAGES)
def test_an_api_logs_who_was_served_how_and_nothing_of_what(stage: str) -> None:
    made = resolve(properties("AWS::ApiGatewayV2::Stage")[stage], values())
    line: dict[str, str] = json.loads(made["AccessLogSettings"]["Format"])

    assert {value.removeprefix("$context.") for value in line.values()} <= LOGGED
    assert "requestId" in line  # which API Gateway demands


def test_the_role_is_set_before_the_channels_api_logs() -> None:
    """WebSocket APIs log by a role of the account, and a stage that may not is refused."""
    (group,) = [g for n, g in properties("AWS::Logs::LogGroup").items() if n == "WebSocketApiLogs"]
    stage = properties("AWS::ApiGatewayV2::Stage")["WebSocketApiliveStage"]

    assert "ApiGatewayAccount" in str(resolve(group, values()))
    assert "WebSocketApiLogs.Arn" in references(stage)
    account = of_kind("AWS::ApiGateway::Account")["ApiGatewayAccount"]
    role = of_kind("AWS::IAM::Role")["ApiGatewayLogRole"]
    assert account["DeletionPolicy"] == role["DeletionPolicy"] == "Retain"
    # An account that never had an API takes the role only beside one.
    assert "HttpApi" in account["DependsOn"]


@pytest.mark.parametrize(
    ("choice", "there"),
    [
        ("set-role", {"WebSocketApiLogs", "ApiGatewayAccount", "ApiGatewayLogRole"}),
        ("use-role", {"WebSocketApiLogs"}),
        ("off", set()),
    ],
)
def test_the_channels_log_needs_a_role_that_the_account_may_have(
    choice: str, there: set[str]
) -> None:
    names = {"WebSocketApiLogs", "ApiGatewayAccount", "ApiGatewayLogRole"}

    assert names & set(resources(WebSocketLog=choice)) == there


# --- Limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", STAGES)
def test_an_api_takes_so_many_requests_and_no_more(stage: str) -> None:
    assert properties("AWS::ApiGatewayV2::Stage")[stage]["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": {"Ref": "RequestRate"},
        "ThrottlingBurstLimit": {"Ref": "RequestBurst"},
    }


def test_what_is_not_waited_for_has_an_age_and_a_number_of_tries() -> None:
    configs = properties("AWS::Lambda::EventInvokeConfig").values()

    assert {config["FunctionName"]["Ref"] for config in configs} == ASYNCHRONOUS | {WARMED}
    for config in configs:
        assert config["Qualifier"] == "live"
        assert {"MaximumEventAgeInSeconds", "MaximumRetryAttempts"} <= set(config)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_that_is_waited_for_ends_before_the_gateway_gives_up(function: str) -> None:
    """Thirty seconds; an answer of the model's may outlive its request, by the contract."""
    made = properties("AWS::Lambda::Function")[function]
    timeout = int(resolve(made["Timeout"], values()))

    if function not in ASYNCHRONOUS | {WARMED}:
        assert timeout < 30
    else:
        assert 30 <= timeout <= 900


def test_buffers_are_kept_that_the_c_library_takes() -> None:
    """glibc up to 2.34, which Lambda has, ignores a threshold of more than half a heap's 64 MiB."""
    kept = [
        int(variables["MALLOC_MMAP_THRESHOLD_"])
        for function in properties("AWS::Lambda::Function").values()
        if "WEBP_METHOD" in (variables := function["Environment"]["Variables"])
    ]

    assert len(kept) == 2
    assert max(kept) <= 32 * 1024 * 1024


def test_the_default_deadlines_outlast_the_functions() -> None:
    default = {name: p.get("Default") for name, p in plain()["Parameters"].items()}

    assert default["TextDeadline"] >= default["TextTimeout"] + 10
    image = default["ImageEventAge"] + 2 * default["ImageTimeout"] + 30
    assert default["ImageDeadline"] >= image


def test_the_default_age_of_an_event_is_waited_for() -> None:
    """Lambda doubles its waits: with 120 seconds the last look would be after 63."""
    age = plain()["Parameters"]["ImageEventAge"]["Default"]
    settings, waited, throttles = AsyncSettings(0, age), 0.0, 1
    verdict = after_throttle(settings, Delays(), throttles=throttles, age=waited)
    while isinstance(verdict, Again):
        waited, throttles = waited + verdict.seconds, throttles + 1
        verdict = after_throttle(settings, Delays(), throttles=throttles, age=waited)

    assert 0.95 * age <= waited <= age


@pytest.mark.parametrize(("reserved", "made"), [("10", "10"), ("0", None)])
def test_pictures_have_slots_of_their_own_where_the_account_has_any(
    reserved: str, made: str | None
) -> None:
    given = {"ImageConcurrency": reserved}
    function = properties("AWS::Lambda::Function", **given)["ImageGenerateFunction"]

    assert resolve(function, values(**given)).get("ReservedConcurrentExecutions") == made


# --- Rollout -------------------------------------------------------------------------------------


def test_every_function_is_named_by_its_alias() -> None:
    naming = {
        (name, reference)
        for name, resource in resources().items()
        for reference in references(resource)
        if reference.split(".")[0] in FUNCTIONS and resource["Type"] not in MAKERS
    }
    by_name = re.findall(
        r":function:\$\{AWS::StackName\}-\w+(:live)?\"",
        json.dumps({n: r for n, r in resources().items() if n != "RolloutRole"}),
    )

    assert naming == set()
    assert by_name
    assert all(by_name)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_failure_behind_an_alias_takes_its_new_version_back(function: str) -> None:
    alias = of_kind("AWS::Lambda::Alias")[f"{function}Aliaslive"]
    policy = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    group = properties("AWS::CodeDeploy::DeploymentGroup")[policy["DeploymentGroupName"]["Ref"]]
    watched = [resolve(alarm, values()) for alarm in alarms_of(group)]
    [alarm] = [each for each in watched if each["MetricName"] == "Errors"]
    name = resolve({"Ref": function}, values())

    assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert alarm["Namespace"] == "AWS/Lambda"
    assert {d["Name"]: d["Value"] for d in alarm["Dimensions"]} == {
        "FunctionName": name,
        "Resource": f"{name}:live",
        "ExecutedVersion": "1",
    }
    # Nobody there is no failure.
    assert {each["TreatMissingData"] for each in watched} == {"notBreaching"}


def alarms_of(group: dict[str, Any]) -> list[dict[str, Any]]:
    """Properties of the alarms that stop a deployment of this group."""
    made = properties("AWS::CloudWatch::Alarm")
    return [made[watched["Name"]["Ref"]] for watched in group["AlarmConfiguration"]["Alarms"]]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_rollouts_alarm_is_a_new_one_for_each_version(function: str) -> None:
    """An alarm that rings goes on when only its dimensions change, and would stop the remedy."""
    alias = of_kind("AWS::Lambda::Alias")[f"{function}Aliaslive"]["Properties"]
    [version] = [n for n in references(alias["FunctionVersion"]) if n != function]
    group = properties("AWS::CodeDeploy::DeploymentGroup")[f"{function}DeploymentGroup"]

    for alarm in alarms_of(group):
        assert version in references(alarm["AlarmName"])
        assert {version} <= {each for d in alarm["Dimensions"] for each in references(d)}


@pytest.mark.parametrize("choice", plain()["Parameters"]["Rollout"]["AllowedValues"])
def test_every_rollout_is_one_that_codedeploy_has(choice: str) -> None:
    given = {"Rollout": choice}
    configs = {
        name.removesuffix("DeploymentGroup"): resolve(
            group["DeploymentConfigName"], values(**given)
        )
        for name, group in properties("AWS::CodeDeploy::DeploymentGroup", **given).items()
    }
    keepers = choice if choice == "AllAtOnce" else "Linear10PercentEvery1Minute"

    assert configs.pop("KeeperFunction") == f"CodeDeployDefault.Lambda{keepers}"
    assert set(configs.values()) == {f"CodeDeployDefault.Lambda{choice}"}


# --- Two stacks in one account -------------------------------------------------------------------

# What CloudFront and CloudWatch name once per account, and how long a name may be.
OF_THE_ACCOUNT = {
    "AWS::CloudFront::OriginAccessControl": 64,
    "AWS::CloudFront::ResponseHeadersPolicy": 128,
    "AWS::CloudFront::Function": 64,
    "AWS::CloudWatch::Dashboard": 255,
}


def names_in(region: str, stack_id: str) -> dict[str, str]:
    """What a stack with the longest name calls what belongs to the whole account."""
    known = values()
    path = f"stack/{LONGEST}/{stack_id}"
    refs = {
        **known.refs,
        "AWS::StackName": LONGEST,
        "AWS::Region": region,
        "AWS::StackId": f"arn:aws:cloudformation:{region}:{'1' * 12}:{path}",
    }
    there = Values(refs, known.attributes, known.conditions)
    return {
        logical_id: name_of(resolve(made, there))
        for kind in OF_THE_ACCOUNT
        for logical_id, made in properties(kind).items()
    }


LONGEST = "s" * 45  # with more, a function's name has more than 64 characters


def name_of(made: dict[str, Any]) -> str:
    own: dict[str, Any] = next((v for k, v in made.items() if k.endswith("Config")), made)
    return str(own.get("Name") or made.get("Name") or made["DashboardName"])


def test_the_same_stack_fits_into_two_regions_of_an_account() -> None:
    one = names_in("eu-central-1", "0e5f6a10-aaaa-bbbb-cccc-0123456789ab")
    other = names_in("us-east-1", "7d1c2b33-aaaa-bbbb-cccc-0123456789ab")
    limits = [limit for kind, limit in OF_THE_ACCOUNT.items() for _ in properties(kind)]

    assert len(one) == 5
    assert not set(one.values()) & set(other.values())
    assert [len(name) <= limit for name, limit in zip(one.values(), limits, strict=True)] == [
        True
    ] * 5


def test_a_functions_name_has_room_for_the_longest_name_of_a_stack() -> None:
    names = [resolve({"Ref": function}, values()) for function in FUNCTIONS]
    suffixes = [name.removeprefix(PSEUDO_PARAMETERS["AWS::StackName"]) for name in names]

    assert max(len(LONGEST + suffix) for suffix in suffixes) == 64


# --- What `sam local` needs -----------------------------------------------------------------------


def test_the_channels_api_stands_behind_a_function_and_has_no_route_of_its_own() -> None:
    """Before any function it makes `sam local` fail, and so does a route called `$connect`."""
    kinds = [resource["Type"] for resource in template()["Resources"].values()]

    first = kinds.index("AWS::Serverless::Function")
    assert first < kinds.index("AWS::Serverless::WebSocketApi")
    assert "AWS::ApiGatewayV2::Route" not in kinds


def test_no_route_of_the_channel_is_lost_on_the_way() -> None:
    """The translator makes one of routes whose keys differ in case or by "$" only."""
    [api] = of_type("AWS::Serverless::WebSocketApi").values()
    made = [route["RouteKey"] for route in properties("AWS::ApiGatewayV2::Route").values()]

    assert sorted(made) == sorted(api["Routes"]) == ["$connect", "$default", "$disconnect"]


def test_an_endpoint_can_be_given_in_containers_and_is_none_on_aws() -> None:
    """A container gets no variable that is not declared; AWS::NoValue is no variable."""
    declared = template()["Globals"]["Function"]["Environment"]["Variables"]
    made = properties("AWS::Lambda::Function").values()
    given = {name for f in made for name in resolve(f["Environment"], values())["Variables"]}

    assert {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA"} <= set(declared)
    assert given
    assert {name for name in given if "ENDPOINT_URL" in name} == set()
