"""What `make aws-smoke` asks of AWS, against botocore's models of it, and what it makes of answers.

The checks that the local stack can answer are in tests/end_to_end/test_aws_commands.py.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber
from ministack.services import cognito
from tests.aws_smoke.deployed import Deployed, complete
from tests.aws_smoke.edge import Edge
from tests.aws_smoke.functions import Functions
from tests.aws_smoke.page import Visitor
from tests.aws_smoke.rows import Check, Outcome, Row, Skipped, Wrong, line, rows, summary
from tests.aws_smoke.sign_in import TemporaryUser, somebody
from tests.aws_smoke.srp import Srp
from tests.aws_smoke.watched import Watched
from tests.support.stubbed_aws import StubbedAws, session

NOW = datetime(2026, 11, 29, 9, 5, 7, tzinfo=UTC)
POOL = "eu-central-1_AbCdEf"
ALIAS = "arn:aws:lambda:eu-central-1:123456789012:function:stack-keeper:live"
Answers = dict[str, Any]


@pytest.fixture
def stack() -> Iterator[StubbedAws]:
    stack = StubbedAws("stack")
    yield stack
    stack.all_asked()
    stack.close()


# --- Rows ----------------------------------------------------------------------------------------


def refused(code: str, operation: str = "GetThing") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


def test_a_check_that_finds_is_ok() -> None:
    (row,) = rows([Check("a thing", lambda: "it is there")])

    assert (row.what, row.outcome, row.detail) == ("a thing", Outcome.OK, "it is there")


@pytest.mark.parametrize(
    ("error", "outcome", "said"),
    [
        (Skipped("no key"), Outcome.SKIPPED, "no key"),
        (Wrong("closed"), Outcome.FAILED, "closed"),
        (refused("AccessDenied"), Outcome.SKIPPED, "may not call GetThing"),
        (refused("401"), Outcome.SKIPPED, "GetThing is not served here"),
        (refused("404", "HeadObject"), Outcome.FAILED, "HeadObject"),
        (refused("ThrottlingException"), Outcome.FAILED, "ThrottlingException"),
        (KeyError("x"), Outcome.FAILED, "KeyError: 'x'"),
    ],
    ids=str,
)
def test_what_stands_in_the_way_is_told(error: Exception, outcome: Outcome, said: str) -> None:
    def find() -> str:
        raise error

    (row,) = rows([Check("a thing", find)])

    assert row.outcome == outcome
    assert said in row.detail


def test_lines_have_columns_and_the_last_one_counts() -> None:
    found = [Row("a", Outcome.OK, 0.1, "x"), Row("long", Outcome.SKIPPED, 12, "y")]

    assert [line(row, 4) for row in found] == [
        "a     ok         0.1 s  x",
        "long  skipped   12.0 s  y",
    ]
    assert summary(found) == "1 ok, 0 failed, 1 skipped"


# --- The stack -----------------------------------------------------------------------------------


def listed(*statuses: str) -> Answers:
    return {
        "StackResourceSummaries": [
            {
                "LogicalResourceId": f"R{number}",
                "ResourceType": "AWS::SNS::Topic",
                "LastUpdatedTimestamp": NOW,
                "ResourceStatus": status,
            }
            for number, status in enumerate(statuses)
        ]
    }


@pytest.fixture
def asked_of_cloudformation() -> Iterator[Callable[[str, Answers], Deployed]]:
    stack = Deployed("stack", session(), patience=0)
    with Stubber(stack.aws("cloudformation")) as stub:

        def deployed(status: str, resources: Answers) -> Deployed:
            described = {"StackName": "stack", "CreationTime": NOW, "StackStatus": status}
            stub.add_response("describe_stacks", {"Stacks": [described]}, {"StackName": "stack"})
            stub.add_response("list_stack_resources", resources, {"StackName": "stack"})
            return stack

        yield deployed
    stack.close()


def test_a_stack_is_complete_if_all_of_it_is(
    asked_of_cloudformation: Callable[[str, Answers], Deployed],
) -> None:
    stack = asked_of_cloudformation("UPDATE_COMPLETE", listed("CREATE_COMPLETE", "UPDATE_COMPLETE"))

    assert complete(stack) == "UPDATE_COMPLETE, 2 resources"


@pytest.mark.parametrize(
    ("status", "resource", "said"),
    [
        ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_COMPLETE", "taken back"),
        ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "wait"),
        ("UPDATE_COMPLETE", "UPDATE_FAILED", "R0"),
    ],
)
def test_a_stack_that_is_not_complete_is_told(
    asked_of_cloudformation: Callable[[str, Answers], Deployed],
    status: str,
    resource: str,
    said: str,
) -> None:
    stack = asked_of_cloudformation(status, listed(resource))

    with pytest.raises(Wrong, match=said):
        complete(stack)


# --- Functions -----------------------------------------------------------------------------------


def configuration(version: str, **changed: Any) -> Answers:
    return {
        "Version": version,
        "CodeSha256": "abc",
        "Runtime": "python3.13",
        "Timeout": 29,
        "MemorySize": 1769,
        "Environment": {"Variables": {"A": "1"}},
        "Role": "arn:aws:iam::123456789012:role/r",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "Architectures": ["arm64"],
        "LoggingConfig": {"LogGroup": "/aws/lambda/stack-keeper"},
        **changed,
    }


def one_function(stack: StubbedAws) -> Functions:
    stack.has("AWS::Lambda::Function", KeeperFunction="stack-keeper")
    return Functions(stack, NOW)


def live(stack: StubbedAws, version: str, *published: Answers, **more: Any) -> None:
    """What Lambda tells of the alias and of the versions."""
    stack.answers(
        "lambda",
        "get_alias",
        {"FunctionVersion": version, **more},
        FunctionName="stack-keeper",
        Name="live",
    )
    if published:
        stack.answers(
            "lambda",
            "list_versions_by_function",
            {"Versions": [configuration("$LATEST"), *published]},
            FunctionName="stack-keeper",
        )


def latest(stack: StubbedAws, **changed: Any) -> None:
    stack.answers(
        "lambda",
        "get_function_configuration",
        configuration("$LATEST", **changed),
        FunctionName="stack-keeper",
    )


def test_an_alias_at_the_newest_version_which_is_the_latest(stack: StubbedAws) -> None:
    functions = one_function(stack)
    live(stack, "10", configuration("9"), configuration("10"))
    latest(stack)

    assert functions.versions() == "versions 10"


def test_an_alias_that_stayed_behind(stack: StubbedAws) -> None:
    functions = one_function(stack)
    live(stack, "9", configuration("9"), configuration("10"))

    with pytest.raises(Wrong, match="live is 9, newest is 10"):
        functions.versions()


def test_a_release_that_published_no_version(stack: StubbedAws) -> None:
    functions = one_function(stack)
    live(stack, "9", configuration("9"))
    latest(stack, CodeSha256="def")

    with pytest.raises(Wrong, match=r"version 9 and \$LATEST differ in CodeSha256"):
        functions.versions()


def test_a_rollout_that_is_under_way(stack: StubbedAws) -> None:
    functions = one_function(stack)
    live(stack, "9", RoutingConfig={"AdditionalVersionWeights": {"10": 0.1}})

    with pytest.raises(Wrong, match="a rollout is under way"):
        functions.versions()


def test_functions_that_can_be_invoked(stack: StubbedAws) -> None:
    functions = one_function(stack)
    latest(stack)
    latest(stack, State="Failed", StateReason="no role")

    assert functions.active() == "1 on python3.13 arm64"
    with pytest.raises(Wrong, match="Failed, Successful, no role"):
        functions.active()


def rolled_out(stack: StubbedAws, status: str | None) -> Functions:
    stack.has("AWS::CodeDeploy::Application", App="app")
    stack.has("AWS::CodeDeploy::DeploymentGroup", KeeperGroup="group")
    stack.answers(
        "codedeploy",
        "list_deployments",
        {"deployments": ["d-1"] if status else []},
        applicationName="app",
        deploymentGroupName="group",
    )
    if status:
        info = {"createTime": NOW, "status": status, "errorInformation": {"message": "an alarm"}}
        stack.answers("codedeploy", "get_deployment", {"deploymentInfo": info}, deploymentId="d-1")
    return Functions(stack, NOW)


def test_a_rollout_that_went_through(stack: StubbedAws) -> None:
    assert rolled_out(stack, "Succeeded").rollouts() == "1 functions were shifted"


def test_a_rollout_that_was_taken_back(stack: StubbedAws) -> None:
    functions = rolled_out(stack, "Stopped")

    with pytest.raises(Wrong, match="Stopped: an alarm"):
        functions.rollouts()


def test_no_rollout_yet(stack: StubbedAws) -> None:
    functions = rolled_out(stack, None)

    with pytest.raises(Skipped, match="shifts nothing"):
        functions.rollouts()


def slots(stack: StubbedAws, unreserved: int, reserved: int | None, wanted: str) -> Functions:
    stack.has("AWS::Lambda::Function", Painter="stack-image_generate")
    stack.parameters = {"ImageConcurrency": wanted}
    limits = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": unreserved}
    stack.answers("lambda", "get_account_settings", {"AccountLimit": limits})
    stack.answers(
        "lambda",
        "get_function_concurrency",
        {} if reserved is None else {"ReservedConcurrentExecutions": reserved},
        FunctionName="stack-image_generate",
    )
    return Functions(stack, NOW)


def test_the_painters_slots(stack: StubbedAws) -> None:
    said = slots(stack, 990, 10, "10").concurrency()

    assert said == "account 1000, unreserved 990, painter 10"


def test_a_small_account_is_told(stack: StubbedAws) -> None:
    assert "a small account" in slots(stack, 10, None, "0").concurrency()


@pytest.mark.parametrize(("reserved", "wanted"), [(0, "0"), (5, "10"), (None, "10")])
def test_slots_that_are_not_as_deployed(
    stack: StubbedAws, reserved: int | None, wanted: str
) -> None:
    functions = slots(stack, 990, reserved, wanted)

    with pytest.raises(Wrong):
        functions.concurrency()


def queue(stack: StubbedAws, destination: str) -> Functions:
    stack.has("AWS::Lambda::Function", Painter="stack-image_generate")
    stack.answers(
        "lambda",
        "get_function_event_invoke_config",
        {
            "MaximumRetryAttempts": 0,
            "MaximumEventAgeInSeconds": 120,
            "DestinationConfig": {"OnFailure": {"Destination": destination}},
        },
        FunctionName="stack-image_generate",
        Qualifier="live",
    )
    return Functions(stack, NOW)


def test_what_fails_is_told_to_the_keeper(stack: StubbedAws) -> None:
    assert queue(stack, ALIAS).queues() == "stack-image_generate: 120 s, 0 retries"


def test_what_fails_is_told_to_somebody_else(stack: StubbedAws) -> None:
    functions = queue(stack, ALIAS.removesuffix(":live"))

    with pytest.raises(Wrong, match="failures go to"):
        functions.queues()


@pytest.mark.parametrize("state", ["ENABLED", "DISABLED"])
def test_the_sweeps_schedule(stack: StubbedAws, state: str) -> None:
    stack.has("AWS::Events::Rule", Sweep="rule")
    answer = {"State": state, "ScheduleExpression": "rate(1 minute)"}
    stack.answers("events", "describe_rule", answer, Name="rule")
    functions = Functions(stack, NOW)

    if state == "ENABLED":
        assert functions.schedule() == "rate(1 minute)"
    else:
        with pytest.raises(Wrong, match="DISABLED"):
            functions.schedule()


def swept(stack: StubbedAws, answer: Answers) -> Functions:
    functions = one_function(stack)
    stack.answers(
        "lambda",
        "invoke",
        {"StatusCode": 200, "ExecutedVersion": "7", **answer},
        FunctionName="stack-keeper",
        Qualifier="live",
        Payload=b"{}",
    )
    return functions


def test_the_version_that_is_live_can_sweep(stack: StubbedAws) -> None:
    assert swept(stack, {}).sweeps() == "version 7"


def test_a_keeper_that_cannot_sweep(stack: StubbedAws) -> None:
    words = io.BytesIO(b'{"errorMessage": "No module named ulid"}')
    functions = swept(stack, {"FunctionError": "Unhandled", "Payload": words})

    with pytest.raises(Wrong, match="No module named ulid"):
        functions.sweeps()


# --- Logs ----------------------------------------------------------------------------------------


def wrote(stack: StubbedAws, group: str, *lines: str) -> None:
    stack.answers(
        "logs",
        "filter_log_events",
        {"events": [{"message": line} for line in lines]},
        logGroupName=group,
        startTime=int(NOW.timestamp() * 1000),
        filterPattern=ANY,
        limit=100,
    )


def test_each_function_wrote_a_line(stack: StubbedAws) -> None:
    functions = one_function(stack)
    latest(stack)
    wrote(stack, "/aws/lambda/stack-keeper", "START")

    assert functions.lines() == "1 logs"


def test_a_function_that_wrote_nothing_is_named(stack: StubbedAws) -> None:
    functions = one_function(stack)
    latest(stack)
    wrote(stack, "/aws/lambda/stack-keeper")

    with pytest.raises(Wrong, match="no line of stack-keeper"):
        functions.lines()


def test_access_logs_are_those_of_the_stages(stack: StubbedAws) -> None:
    stack.has("AWS::ApiGatewayV2::Api", HttpApi="api1")
    arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/vendedlogs/stack-http_api:*"
    stage = {"StageName": "$default", "AccessLogSettings": {"DestinationArn": arn}}
    stack.answers("apigatewayv2", "get_stages", {"Items": [stage]}, ApiId="api1")
    wrote(stack, "/aws/vendedlogs/stack-http_api", "{}")

    assert Functions(stack, NOW).access_logs() == "1 logs"


def test_cold_starts_are_told_by_function(stack: StubbedAws) -> None:
    functions = one_function(stack)
    latest(stack)
    report = "REPORT RequestId: r\tDuration: 9.1 ms\tInit Duration: {} ms\t"
    wrote(stack, "/aws/lambda/stack-keeper", report.format("400.5"), report.format("420.5"))

    assert functions.cold_starts() == "keeper 2 x 410 ms"


# --- Who would be told ---------------------------------------------------------------------------


def an_alarm(stack: StubbedAws, *found: Answers) -> Watched:
    stack.has("AWS::CloudWatch::Alarm", KeyAlarm="stack-KeyAlarm-1")
    stack.answers(
        "cloudwatch",
        "describe_alarms",
        {"MetricAlarms": list(found)},
        AlarmNames=["stack-KeyAlarm-1"],
        AlarmTypes=ANY,
        MaxRecords=100,
    )
    return Watched(stack, NOW)


def test_alarms_that_are_quiet(stack: StubbedAws) -> None:
    watched = an_alarm(stack, {"AlarmName": "stack-KeyAlarm-1", "StateValue": "OK"})

    assert watched.alarms() == "1 OK"


@pytest.mark.parametrize(
    "found", [[{"AlarmName": "stack-KeyAlarm-1", "StateValue": "ALARM"}], []], ids=["rings", "gone"]
)
def test_alarms_that_ring_or_are_gone(stack: StubbedAws, found: list[Answers]) -> None:
    watched = an_alarm(stack, *found)

    with pytest.raises(Wrong, match="stack-KeyAlarm-1"):
        watched.alarms()


@pytest.mark.parametrize(
    "arn", ["arn:aws:sns:eu-central-1:123456789012:t:1", "PendingConfirmation"]
)
def test_mail_is_agreed_to(stack: StubbedAws, arn: str) -> None:
    stack.has("AWS::SNS::Topic", AlarmTopic="topic")
    told = {"Subscriptions": [{"SubscriptionArn": arn, "Endpoint": "ops@example.com"}]}
    stack.answers("sns", "list_subscriptions_by_topic", told, TopicArn="topic")
    watched = Watched(stack, NOW)

    if arn.startswith("arn:"):
        assert watched.mail() == "1 confirmed"
    else:
        with pytest.raises(Wrong, match=r"ops@example\.com"):
            watched.mail()


@pytest.mark.parametrize("role", ["arn:aws:iam::123456789012:role/logs", ""])
def test_the_role_by_which_api_gateway_logs(stack: StubbedAws, role: str) -> None:
    stack.answers("apigateway", "get_account", {"cloudwatchRoleArn": role} if role else {})
    watched = Watched(stack, NOW)

    if role:
        assert watched.log_role() == role
    else:
        with pytest.raises(Wrong, match="cannot log"):
            watched.log_role()


def counted(stack: StubbedAws, *samples: float) -> None:
    stack.answers(
        "cloudwatch",
        "get_metric_statistics",
        {"Datapoints": [{"SampleCount": count} for count in samples]},
        Namespace="Afterimage",
        MetricName="PlaceholderTime",
        Dimensions=[{"Name": "service", "Value": "stack"}],
        StartTime=NOW.replace(second=0),
        EndTime=ANY,
        Period=60,
        Statistics=["SampleCount"],
    )


def test_figures_of_this_run(stack: StubbedAws) -> None:
    counted(stack, 1.0, 2.0)
    named = {"Metrics": [{"MetricName": "PlaceholderTime"}]}
    stack.answers("cloudwatch", "list_metrics", named, Namespace="Afterimage", Dimensions=ANY)
    counted(stack, 1.0, 2.0)

    said = Watched(stack, NOW).figures()

    assert said == "PlaceholderTime 3 times; listed: PlaceholderTime"


def test_figures_that_never_come(stack: StubbedAws) -> None:
    counted(stack)
    watched = Watched(stack, NOW)

    with pytest.raises(Wrong, match="no PlaceholderTime"):
        watched.figures()


# --- The edge ------------------------------------------------------------------------------------

ADDRESS = "https://page.test/cdn/p/0/1/full.webp?expires=1&signature=s"


def a_run_of(stack: StubbedAws, output: Answers, compute: int, uri: str, error: str = "") -> Edge:
    stack.has(
        "AWS::CloudFront::Function", Verify="arn:aws:cloudfront::123456789012:function/verify"
    )
    stack.answers("cloudfront", "describe_function", {"ETag": "E"}, Name="verify", Stage="LIVE")
    result = {
        "ComputeUtilization": str(compute),
        "FunctionOutput": json.dumps(output),
        "FunctionErrorMessage": error,
    }
    stack.answers(
        "cloudfront",
        "test_function",
        {"TestResult": result},
        Name="verify",
        IfMatch="E",
        Stage="LIVE",
        EventObject=ANY,
    )
    return Edge(stack, NOW, lambda: uri)


def test_the_edges_function_within_its_time(stack: StubbedAws) -> None:
    refuses = a_run_of(stack, {"response": {"statusCode": 403}}, 21, ADDRESS)

    assert refuses.function_refuses() == "403, 21 of 100 of its compute time"


def test_the_edges_function_lets_a_picture_through(stack: StubbedAws) -> None:
    passes = a_run_of(stack, {"request": {"uri": "/p/0/1/full.webp"}}, 35, ADDRESS)

    assert passes.function_lets_through() == "35 of 100 of its compute time"


@pytest.mark.parametrize(
    ("output", "compute", "error", "said"),
    [
        ({"response": {"statusCode": 403}}, 35, "", "answers"),
        ({"request": {"uri": "/p/0/1/full.webp"}}, 91, "", "91 of 100"),
        ({}, 1, "crypto is not defined", "crypto"),
    ],
    ids=["refuses what is signed", "too slow", "fails"],
)
def test_an_edges_function_that_is_no_good(
    stack: StubbedAws, output: Answers, compute: int, error: str, said: str
) -> None:
    edge = a_run_of(stack, output, compute, ADDRESS, error)

    with pytest.raises(Wrong, match=said):
        edge.function_lets_through()


def test_the_distribution_is_the_one_that_functions_invalidate(stack: StubbedAws) -> None:
    stack.has("AWS::CloudFront::Distribution", Distribution="E2")
    edge = Edge(stack, NOW, lambda: ADDRESS)

    with pytest.raises(Wrong, match="would invalidate E1"):
        edge.distribution()


def keeping(stack: StubbedAws, *responses: Answers) -> Edge:
    stack.has("AWS::CloudFront::Distribution", Distribution="E1")
    described = {"Quantity": len(responses), "Items": list(responses)}
    needed = {"CallerReference": "r", "Comment": "", "Enabled": True}
    origins = {"Quantity": 1, "Items": [{"Id": "o", "DomainName": "o.test"}]}
    cache = {"TargetOriginId": "o", "ViewerProtocolPolicy": "https-only"}
    config = {**needed, "Origins": origins, "DefaultCacheBehavior": cache}
    answer = {"DistributionConfig": {**config, "CustomErrorResponses": described}}
    stack.answers("cloudfront", "get_distribution_config", answer, Id="E1")
    return Edge(stack, NOW, lambda: ADDRESS)


def test_an_edge_that_keeps_no_error(stack: StubbedAws) -> None:
    codes = (500, 502, 503, 504)
    edge = keeping(stack, *({"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in codes))

    assert edge.keeps_no_error() == "0 s for 500, 502, 503, 504"


def test_an_edge_that_keeps_a_throttle_for_everybody(stack: StubbedAws) -> None:
    codes = (500, 502, 504)
    edge = keeping(stack, *({"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in codes))

    with pytest.raises(Wrong, match="503: 10"):
        edge.keeps_no_error()


# --- Front ends elsewhere ------------------------------------------------------------------------


def preflighted(stack: StubbedAws, answers: dict[str, httpx.Response]) -> Visitor:
    def answer(request: httpx.Request) -> httpx.Response:
        return answers.get(request.headers["origin"], httpx.Response(404))

    transport = httpx.MockTransport(answer)
    stack._https[""] = httpx.Client(base_url="https://page.test", transport=transport)
    stack.parameters = {"AllowedOrigins": "https://app.test"}
    return Visitor(stack)


def test_an_allowed_origin_may_call(stack: StubbedAws) -> None:
    allowed = httpx.Response(204, headers={"access-control-allow-origin": "https://app.test"})

    said = preflighted(stack, {"https://app.test": allowed}).preflight()

    assert said == "allowed: https://app.test; a stranger is not (404)"


@pytest.mark.parametrize(
    ("origin", "answer", "said"),
    [
        ("https://app.test", httpx.Response(404), "browsers want 2xx"),
        ("https://app.test", httpx.Response(401), "a route takes OPTIONS"),
        ("https://app.test", httpx.Response(204), "not allowed"),
        (
            "https://stranger.invalid",
            httpx.Response(204, headers={"access-control-allow-origin": "*"}),
            "may call",
        ),
        ("https://stranger.invalid", httpx.Response(503), "503"),
        ("https://stranger.invalid", httpx.Response(401), "a route takes OPTIONS"),
    ],
    ids=["refused", "a token", "no header", "a stranger", "broken", "a stranger's token"],
)
def test_preflights_that_are_wrong(
    stack: StubbedAws, origin: str, answer: httpx.Response, said: str
) -> None:
    visitor = preflighted(stack, {origin: answer})

    with pytest.raises(Wrong, match=said):
        visitor.preflight()


@pytest.mark.parametrize("status", [401, 404])
def test_an_address_without_a_head_is_told(stack: StubbedAws, status: int) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status))
    stack._https[""] = httpx.Client(base_url="https://page.test", transport=transport)

    with pytest.raises(Wrong, match=f"{status} for HEAD /"):
        Visitor(stack).heads()


# --- Signing in ----------------------------------------------------------------------------------


def challenged(password: str, srp: Srp) -> tuple[dict[str, str], dict[str, str]]:
    """What MiniStack's Cognito asks of somebody with this password, and keeps."""
    user = {"Username": "u-1", "_password": password, "Attributes": []}
    block = "c2VjcmV0IGJsb2Nr"
    asked, kept = cognito._srp_challenge(POOL, user, "u-1", srp.public, block)
    return asked, kept


@pytest.mark.parametrize("secret", [None, 2**1023 + 5, 12345])
def test_a_password_is_proved_to_another_implementation(secret: int | None) -> None:
    srp = Srp(POOL, "the password", secret)
    asked, kept = challenged("the password", srp)

    answer = srp.answer(asked, NOW)

    user = {"Username": "u-1", "_password": "the password", "Attributes": []}
    assert cognito._srp_proof_valid(POOL, user, kept, answer)
    assert answer["TIMESTAMP"] == "Sun Nov 29 09:05:07 UTC 2026"


def test_another_password_is_not_proved() -> None:
    srp = Srp(POOL, "another password")
    asked, kept = challenged("the password", srp)

    answer = srp.answer(asked, NOW)

    user = {"Username": "u-1", "_password": "the password", "Attributes": []}
    assert not cognito._srp_proof_valid(POOL, user, kept, answer)


def made(stack: StubbedAws) -> None:
    stack.has("AWS::Cognito::UserPool", UserPool=POOL)
    stack.answers(
        "cognito-idp",
        "admin_create_user",
        {},
        UserPoolId=POOL,
        Username=ANY,
        MessageAction="SUPPRESS",
        UserAttributes=ANY,
    )
    stack.answers(
        "cognito-idp",
        "admin_set_user_password",
        {},
        UserPoolId=POOL,
        Username=ANY,
        Password=ANY,
        Permanent=True,
    )


def test_a_user_is_made_signed_in_and_removed(stack: StubbedAws) -> None:
    made(stack)
    asked, _ = challenged("any", Srp(POOL, "any"))
    stack.answers(
        "cognito-idp",
        "initiate_auth",
        {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": asked},
        AuthFlow="USER_SRP_AUTH",
        ClientId="page",
        AuthParameters=ANY,
    )
    stack.answers(
        "cognito-idp",
        "respond_to_auth_challenge",
        {"AuthenticationResult": {"AccessToken": "token"}},
        ClientId="page",
        ChallengeName="PASSWORD_VERIFIER",
        ChallengeResponses=ANY,
    )
    stack.answers("cognito-idp", "admin_delete_user", {}, UserPoolId=POOL, Username=ANY)

    with somebody(stack) as person:
        assert person.signed.token == "token"
        assert person.signed.temporary


def test_a_user_who_cannot_sign_in_is_removed_all_the_same(stack: StubbedAws) -> None:
    made(stack)
    stack.refuses("cognito-idp", "initiate_auth", "NotAuthorizedException")
    stack.answers("cognito-idp", "admin_delete_user", {}, UserPoolId=POOL, Username=ANY)
    user = TemporaryUser(stack)

    with pytest.raises(ClientError):
        user.sign_in()
    user.remove()


def test_without_a_pool_a_token_is_asked_for(stack: StubbedAws) -> None:
    user = TemporaryUser(stack)

    with pytest.raises(Skipped, match="TOKEN"):
        user.sign_in()


def test_a_token_that_is_given_is_nobodys_to_delete(
    stack: StubbedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "given")

    with somebody(stack) as person:
        assert person.signed.token == "given"
        assert not person.signed.temporary
