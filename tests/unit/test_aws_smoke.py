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
from tests.support.stubbed_aws import StubbedAws, session, stubbed_aws

NOW = datetime(2026, 11, 29, 9, 5, 7, tzinfo=UTC)
POOL = "eu-central-1_AbCdEf"
ALIAS = "arn:aws:lambda:eu-central-1:123456789012:function:stack-keeper:live"
Answers = dict[str, Any]


stack = pytest.fixture(stubbed_aws)


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


def live(stack: StubbedAws, version: str, *published: str, **more: Any) -> Functions:
    """What Lambda tells of the alias and of the versions."""
    keeper = {"FunctionName": "stack-keeper"}
    alias = {"FunctionVersion": version, **more}
    stack.answers("lambda", "get_alias", alias, **keeper, Name="live")
    if published:
        versions = {"Versions": [configuration(name) for name in ("$LATEST", *published)]}
        stack.answers("lambda", "list_versions_by_function", versions, **keeper)
    return one_function(stack)


def latest(stack: StubbedAws, **changed: Any) -> None:
    told = configuration("$LATEST", **changed)
    stack.answers("lambda", "get_function_configuration", told, FunctionName="stack-keeper")


def versions(stack: StubbedAws, version: str, *published: str, **changed: Any) -> str:
    functions = live(stack, version, *published)
    if published[-1:] == (version,):
        latest(stack, **changed)
    return functions.versions()


def rollout(stack: StubbedAws) -> str:
    weights = {"AdditionalVersionWeights": {"10": 0.1}}
    return live(stack, "9", RoutingConfig=weights).versions()


def active(stack: StubbedAws, **changed: Any) -> str:
    latest(stack, **changed)
    return one_function(stack).active()


def rollouts(stack: StubbedAws, status: str | None) -> str:
    stack.has("AWS::CodeDeploy::Application", App="app")
    stack.has("AWS::CodeDeploy::DeploymentGroup", KeeperGroup="group")
    group = {"applicationName": "app", "deploymentGroupName": "group"}
    made = {"deployments": ["d-1"] if status else []}
    stack.answers("codedeploy", "list_deployments", made, **group)
    if status:
        info = {"createTime": NOW, "status": status, "errorInformation": {"message": "an alarm"}}
        stack.answers("codedeploy", "get_deployment", {"deploymentInfo": info}, deploymentId="d-1")
    return Functions(stack, NOW).rollouts()


PAINTER = {"FunctionName": "stack-image_generate"}


def concurrency(stack: StubbedAws, unreserved: int, reserved: int | None, wanted: str) -> str:
    stack.has("AWS::Lambda::Function", Painter="stack-image_generate")
    stack.parameters = {"ImageConcurrency": wanted}
    limits = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": unreserved}
    stack.answers("lambda", "get_account_settings", {"AccountLimit": limits})
    kept = {} if reserved is None else {"ReservedConcurrentExecutions": reserved}
    stack.answers("lambda", "get_function_concurrency", kept, **PAINTER)
    return Functions(stack, NOW).concurrency()


def queues(stack: StubbedAws, destination: str) -> str:
    stack.has("AWS::Lambda::Function", Painter="stack-image_generate")
    config = {
        "MaximumRetryAttempts": 0,
        "MaximumEventAgeInSeconds": 120,
        "DestinationConfig": {"OnFailure": {"Destination": destination}},
    }
    stack.answers("lambda", "get_function_event_invoke_config", config, **PAINTER, Qualifier="live")
    return Functions(stack, NOW).queues()


def schedule(stack: StubbedAws, state: str) -> str:
    stack.has("AWS::Events::Rule", Sweep="rule")
    answer = {"State": state, "ScheduleExpression": "rate(1 minute)"}
    stack.answers("events", "describe_rule", answer, Name="rule")
    return Functions(stack, NOW).schedule()


def sweeps(stack: StubbedAws, error: str = "") -> str:
    answer: Answers = {"StatusCode": 200, "ExecutedVersion": "7"}
    if error:
        words = io.BytesIO(json.dumps({"errorMessage": error}).encode())
        answer |= {"FunctionError": "Unhandled", "Payload": words}
    event = {"FunctionName": "stack-keeper", "Qualifier": "live", "Payload": b"{}"}
    stack.answers("lambda", "invoke", answer, **event)
    return one_function(stack).sweeps()


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


def lines(stack: StubbedAws, *written: str) -> str:
    latest(stack)
    wrote(stack, "/aws/lambda/stack-keeper", *written)
    return one_function(stack).lines()


def access_logs(stack: StubbedAws) -> str:
    stack.has("AWS::ApiGatewayV2::Api", HttpApi="api1")
    arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/vendedlogs/stack-http_api:*"
    stage = {"StageName": "$default", "AccessLogSettings": {"DestinationArn": arn}}
    stack.answers("apigatewayv2", "get_stages", {"Items": [stage]}, ApiId="api1")
    wrote(stack, "/aws/vendedlogs/stack-http_api", "{}")
    return Functions(stack, NOW).access_logs()


def cold_starts(stack: StubbedAws) -> str:
    latest(stack)
    report = "REPORT RequestId: r\tDuration: 9.1 ms\tInit Duration: {} ms\t"
    wrote(stack, "/aws/lambda/stack-keeper", report.format("400.5"), report.format("420.5"))
    return one_function(stack).cold_starts()


# --- Who would be told ---------------------------------------------------------------------------


def alarms(stack: StubbedAws, *states: str) -> str:
    name = "stack-KeyAlarm-1"
    stack.has("AWS::CloudWatch::Alarm", KeyAlarm=name)
    found = {"MetricAlarms": [{"AlarmName": name, "StateValue": state} for state in states]}
    asked = {"AlarmNames": [name], "AlarmTypes": ANY, "MaxRecords": 100}
    stack.answers("cloudwatch", "describe_alarms", found, **asked)
    return Watched(stack, NOW).alarms()


def mail(stack: StubbedAws, arn: str) -> str:
    stack.has("AWS::SNS::Topic", AlarmTopic="topic")
    told = {"Subscriptions": [{"SubscriptionArn": arn, "Endpoint": "ops@example.com"}]}
    stack.answers("sns", "list_subscriptions_by_topic", told, TopicArn="topic")
    return Watched(stack, NOW).mail()


def log_role(stack: StubbedAws, role: str) -> str:
    stack.answers("apigateway", "get_account", {"cloudwatchRoleArn": role} if role else {})
    return Watched(stack, NOW).log_role()


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


def figures(stack: StubbedAws, *samples: float) -> str:
    counted(stack, *samples)
    if samples:
        named = {"Metrics": [{"MetricName": "PlaceholderTime"}]}
        stack.answers("cloudwatch", "list_metrics", named, Namespace="Afterimage", Dimensions=ANY)
        counted(stack, *samples)
    return Watched(stack, NOW).figures()


# --- The edge ------------------------------------------------------------------------------------

ADDRESS = "https://page.test/cdn/p/0/1/full.webp?expires=1&signature=s"


SIGNED, UNSIGNED = {"request": {"uri": "/p/0/1/full.webp"}}, {"response": {"statusCode": 403}}


def edge(stack: StubbedAws, output: Answers, compute: int, error: str = "") -> Edge:
    arn = "arn:aws:cloudfront::123456789012:function/verify"
    stack.has("AWS::CloudFront::Function", Verify=arn)
    stack.answers("cloudfront", "describe_function", {"ETag": "E"}, Name="verify", Stage="LIVE")
    result = {
        "ComputeUtilization": str(compute),
        "FunctionOutput": json.dumps(output),
        "FunctionErrorMessage": error,
    }
    asked = {"Name": "verify", "IfMatch": "E", "Stage": "LIVE", "EventObject": ANY}
    stack.answers("cloudfront", "test_function", {"TestResult": result}, **asked)
    return Edge(stack, NOW, lambda: ADDRESS)


def lets_through(stack: StubbedAws, output: Answers, compute: int, error: str = "") -> str:
    return edge(stack, output, compute, error).function_lets_through()


def distribution(stack: StubbedAws) -> str:
    stack.has("AWS::CloudFront::Distribution", Distribution="E2")
    return Edge(stack, NOW, lambda: ADDRESS).distribution()


def keeps_no_error(stack: StubbedAws, *codes: int) -> str:
    stack.has("AWS::CloudFront::Distribution", Distribution="E1")
    responses = [{"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in codes]
    described = {"Quantity": len(responses), "Items": responses}
    needed = {"CallerReference": "r", "Comment": "", "Enabled": True}
    origins = {"Quantity": 1, "Items": [{"Id": "o", "DomainName": "o.test"}]}
    cache = {"TargetOriginId": "o", "ViewerProtocolPolicy": "https-only"}
    config = {**needed, "Origins": origins, "DefaultCacheBehavior": cache}
    answer = {"DistributionConfig": {**config, "CustomErrorResponses": described}}
    stack.answers("cloudfront", "get_distribution_config", answer, Id="E1")
    return Edge(stack, NOW, lambda: ADDRESS).keeps_no_error()


# --- What is asked of AWS, and what is said of the answer ----------------------------------------

SMALL_ACCOUNT = (
    "account 1000, unreserved 10, painter None; a small account: docs/deploy.md says what to answer"
)
TOPIC, ROLE = "arn:aws:sns:eu-central-1:123456789012:t:1", "arn:aws:iam::123456789012:role/logs"


@pytest.mark.parametrize(
    ("find", "said"),
    [
        (lambda s: versions(s, "10", "9", "10"), "versions 10"),
        (active, "1 on python3.13 arm64"),
        (lambda s: rollouts(s, "Succeeded"), "1 functions were shifted"),
        (lambda s: concurrency(s, 990, 10, "10"), "account 1000, unreserved 990, painter 10"),
        (lambda s: concurrency(s, 10, None, "0"), SMALL_ACCOUNT),
        (lambda s: queues(s, ALIAS), "stack-image_generate: 120 s, 0 retries"),
        (lambda s: schedule(s, "ENABLED"), "rate(1 minute)"),
        (sweeps, "version 7"),
        (lambda s: lines(s, "START"), "1 logs"),
        (access_logs, "1 logs"),
        (cold_starts, "keeper 2 x 410 ms"),
        (lambda s: alarms(s, "OK"), "1 OK"),
        (lambda s: mail(s, TOPIC), "1 confirmed"),
        (lambda s: log_role(s, ROLE), ROLE),
        (lambda s: figures(s, 1.0, 2.0), "PlaceholderTime 3 times; listed: PlaceholderTime"),
        (
            lambda s: edge(s, UNSIGNED, 21).function_refuses(),
            "403, 21 of 100 of its compute time",
        ),
        (lambda s: lets_through(s, SIGNED, 35), "35 of 100 of its compute time"),
        (lambda s: keeps_no_error(s, 500, 502, 503, 504), "0 s for 500, 502, 503, 504"),
    ],
)
def test_what_is_as_it_should_be_is_told(
    stack: StubbedAws, find: Callable[[StubbedAws], str], said: str
) -> None:
    assert find(stack) == said


@pytest.mark.parametrize(
    ("find", "said"),
    [
        (lambda s: versions(s, "9", "9", "10"), "live is 9, newest is 10"),
        (
            lambda s: versions(s, "9", "9", CodeSha256="def"),
            r"version 9 and \$LATEST differ in CodeSha256",
        ),
        (rollout, "a rollout is under way"),
        (
            lambda s: active(s, State="Failed", StateReason="no role"),
            "Failed, Successful, no role",
        ),
        (lambda s: rollouts(s, "Stopped"), "Stopped: an alarm"),
        (lambda s: concurrency(s, 990, 0, "0"), "nothing is painted"),
        (lambda s: concurrency(s, 990, 5, "10"), "ImageConcurrency says 10"),
        (lambda s: concurrency(s, 990, None, "10"), "ImageConcurrency says 10"),
        (lambda s: queues(s, ALIAS.removesuffix(":live")), "failures go to"),
        (lambda s: schedule(s, "DISABLED"), "DISABLED"),
        (lambda s: sweeps(s, "No module named ulid"), "No module named ulid"),
        (lines, "no line of stack-keeper"),
        (lambda s: alarms(s, "ALARM"), "stack-KeyAlarm-1"),
        (alarms, "stack-KeyAlarm-1"),
        (lambda s: mail(s, "PendingConfirmation"), r"ops@example\.com"),
        (lambda s: log_role(s, ""), "cannot log"),
        (figures, "no PlaceholderTime"),
        (lambda s: lets_through(s, UNSIGNED, 35), "answers"),
        (lambda s: lets_through(s, SIGNED, 91), "91 of 100"),
        (lambda s: lets_through(s, {}, 1, "crypto is not defined"), "crypto"),
        (distribution, "would invalidate E1"),
        (lambda s: keeps_no_error(s, 500, 502, 504), "503: 10"),
    ],
)
def test_what_is_not_as_it_should_be_is_wrong(
    stack: StubbedAws, find: Callable[[StubbedAws], str], said: str
) -> None:
    with pytest.raises(Wrong, match=said):
        find(stack)


def test_no_rollout_yet(stack: StubbedAws) -> None:
    with pytest.raises(Skipped, match="shifts nothing"):
        rollouts(stack, None)


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
