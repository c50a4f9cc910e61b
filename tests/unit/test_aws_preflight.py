"""What `make preflight` asks of AWS, against botocore's models of it, and what it tells people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.exceptions import NoCredentialsError
from tests.aws_preflight import names
from tests.aws_preflight.__main__ import main
from tests.aws_preflight.account import Account
from tests.aws_preflight.taken import Taken
from tests.aws_smoke.rows import Skipped, Wrong
from tests.support.stubbed_aws import StubbedAws, stubbed_aws
from tests.support.template import of_type

REGION = "eu-central-1"
ROLE = "arn:aws:iam::123456789012:role/stack-ApiGatewayLogRole-1"
NOW = datetime(2026, 11, 29, 9, 5, 7, tzinfo=UTC)


aws = pytest.fixture(stubbed_aws)


def account(aws: StubbedAws, slots: int = 10, region: str | None = REGION) -> Account:
    return Account(aws, region, slots)


def there_is_no_stack(aws: StubbedAws) -> None:
    aws.refuses(
        "cloudformation", "describe_stacks", "ValidationError", "Stack with id stack does not exist"
    )


def there_is_a_stack(aws: StubbedAws, status: str) -> None:
    found = {"StackName": "stack", "CreationTime": NOW, "StackStatus": status}
    aws.answers("cloudformation", "describe_stacks", {"Stacks": [found]}, StackName="stack")


# --- Names ---------------------------------------------------------------------------------------


def test_the_longest_name_of_a_function_says_how_long_a_stacks_may_be() -> None:
    longest = max(
        len(function["FunctionName"]["Fn::Sub"].removeprefix("${AWS::StackName}"))
        for function in of_type("AWS::Serverless::Function").values()
    )

    assert names.most_characters(REGION) == 64 - longest


@pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-1"])
def test_at_that_length_every_name_fits_and_at_one_more_one_does_not(region: str) -> None:
    most = names.most_characters(region)

    assert all(len(name.text) <= name.most for name in names.names("x" * most, region))
    assert any(len(name.text) > name.most for name in names.names("x" * (most + 1), region))
    assert names.problem("x" * most, region) is None


@pytest.mark.parametrize(
    ("stack", "said"),
    [
        ("x" * 46, "46 characters"),
        ("1st", "a letter first"),
        ("my_stack", "a letter first"),
        ("", "a letter first"),
        ("awsome", "aws or ssm"),
        ("SSMx", "aws or ssm"),
    ],
)
def test_names_that_a_stack_cannot_have(stack: str, said: str) -> None:
    assert said in (names.problem(stack, REGION) or "")


def test_two_stacks_of_one_region_have_no_name_in_common() -> None:
    one, other = ({(n.type, n.text) for n in names.names(stack, "r")} for stack in ("one", "two"))

    assert len(one) == len(other) > 10
    assert not one & other


def test_what_holds_a_part_of_the_stacks_id_is_never_taken() -> None:
    fixed = {name.type for name in names.names("stack", REGION) if name.fixed}

    assert fixed == {
        "AWS::CloudWatch::Dashboard",
        "AWS::Cognito::UserPool",
        "AWS::Logs::LogGroup",
        "AWS::SSM::Parameter",
        "AWS::Serverless::Function",
    }


# --- The account ---------------------------------------------------------------------------------


def test_credentials_that_work(aws: StubbedAws) -> None:
    aws.answers("sts", "get_caller_identity", {"Account": "123456789012", "Arn": ROLE})
    aws.answers("dynamodb", "list_tables", {"TableNames": []}, Limit=1)

    assert account(aws).credentials() == f"account 123456789012, {ROLE}"


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
def test_credentials_that_do_not(aws: StubbedAws, code: str) -> None:
    aws.refuses("sts", "get_caller_identity", code)

    with pytest.raises(Wrong, match=f"{code}: sign in again"):
        account(aws).credentials()


def test_no_credentials(aws: StubbedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise NoCredentialsError

    monkeypatch.setattr(aws.aws("sts"), "get_caller_identity", none)

    with pytest.raises(Wrong, match=r"Unable to locate credentials\. Sign in"):
        account(aws).credentials()


@pytest.mark.parametrize(("region", "said"), [(None, "REGION"), ("cn-north-1", "nobody")])
def test_regions_that_will_not_do(aws: StubbedAws, region: str | None, said: str) -> None:
    with pytest.raises(Wrong, match=said):
        account(aws, region=region).region()


def test_without_a_region_nothing_else_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    assert main([]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 ok, 1 failed, 0 skipped"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        *dict.fromkeys(
            ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"),
            "sam delete --stack-name stack",
        ).items(),
        ("UPDATE_IN_PROGRESS", "wait"),
    ],
)
def test_a_stack_that_stands_in_the_way(aws: StubbedAws, status: str, said: str) -> None:
    there_is_a_stack(aws, status)

    with pytest.raises(Wrong, match=said):
        account(aws).state()


def test_no_stack_and_one_that_is_there(aws: StubbedAws) -> None:
    there_is_no_stack(aws)
    there_is_a_stack(aws, "CREATE_COMPLETE")

    assert account(aws).state() == "there is none yet"
    assert account(aws).state() == "CREATE_COMPLETE: sam deploy updates it"


def limits(aws: StubbedAws, all_: int, unreserved: int) -> None:
    limit = {"ConcurrentExecutions": all_, "UnreservedConcurrentExecutions": unreserved}
    aws.answers("lambda", "get_account_settings", {"AccountLimit": limit})


@pytest.mark.parametrize(
    ("unreserved", "slots", "fits"), [(110, 10, True), (109, 10, False), (10, 0, True)]
)
def test_image_concurrency_needs_a_hundred_beside_it(
    aws: StubbedAws, unreserved: int, slots: int, *, fits: bool
) -> None:
    limits(aws, unreserved, unreserved)
    there_is_no_stack(aws)

    if fits:
        assert f"ImageConcurrency {slots}" in account(aws, slots).concurrency()
    else:
        with pytest.raises(
            Wrong, match="Answer 0 to ImageConcurrency, or first: aws service-quotas"
        ):
            account(aws, slots).concurrency()


def test_a_small_account_is_told_what_to_answer(aws: StubbedAws) -> None:
    limits(aws, 10, 10)
    there_is_no_stack(aws)

    assert "as docs/deploy.md says of an account with 10" in account(aws, slots=0).concurrency()


def test_a_stack_that_is_there_has_reserved_already(aws: StubbedAws) -> None:
    limits(aws, 110, 100)
    there_is_a_stack(aws, "UPDATE_COMPLETE")

    assert "has its own already" in account(aws).concurrency()


def distributions(aws: StubbedAws, quantity: int) -> None:
    listed = {"Marker": "", "MaxItems": 100, "IsTruncated": False, "Quantity": quantity}
    aws.answers("cloudfront", "list_distributions", {"DistributionList": listed})


def test_an_account_with_a_distribution_may_make_another(aws: StubbedAws) -> None:
    distributions(aws, 3)

    assert account(aws).cloudfront() == "the account has 3 distributions: it may make more"


def test_whether_a_first_distribution_may_be_made_is_not_known(aws: StubbedAws) -> None:
    distributions(aws, 0)

    with pytest.raises(Skipped, match="verified by AWS Support"):
        account(aws).cloudfront()


def test_the_role_for_logs(aws: StubbedAws) -> None:
    aws.answers("apigateway", "get_account", {})
    aws.answers("apigateway", "get_account", {"cloudwatchRoleArn": ROLE})
    role = {"Path": "/", "RoleName": "r", "RoleId": "A" * 16, "Arn": ROLE, "CreateDate": NOW}
    aws.answers("iam", "get_role", {"Role": role}, RoleName="stack-ApiGatewayLogRole-1")
    aws.answers("apigateway", "get_account", {"cloudwatchRoleArn": ROLE})
    aws.refuses("iam", "get_role", "NoSuchEntity")

    said = [account(aws).log_role() for _ in range(3)]

    assert said[0].startswith("none yet")
    assert "use-role keeps it" in said[1]
    assert "does not exist" in said[2]


SENDER = f"arn:aws:ses:{REGION}:123456789012:identity/example.org"


def sending(aws: StubbedAws, *, verified: bool, to_all: bool) -> Account:
    aws.answers(
        "sesv2",
        "get_email_identity",
        {"VerifiedForSendingStatus": verified},
        EmailIdentity="example.org",
    )
    if verified:
        aws.answers("sesv2", "get_account", {"ProductionAccessEnabled": to_all})
    return Account(aws, REGION, 10, SENDER)


def test_an_identity_that_sends_to_everybody(aws: StubbedAws) -> None:
    assert "example.org is verified" in sending(aws, verified=True, to_all=True).mails()
    assert "50 a day" in Account(aws, REGION, 10).mails()


@pytest.mark.parametrize(
    ("verified", "said"), [(False, "is not verified"), (True, "in its sandbox")]
)
def test_an_identity_whose_mails_would_not_come(aws: StubbedAws, verified: bool, said: str) -> None:
    account = sending(aws, verified=verified, to_all=False)

    with pytest.raises(Wrong, match=said):
        account.mails()


def test_an_identity_that_is_not_there_or_elsewhere(aws: StubbedAws) -> None:
    aws.refuses("sesv2", "get_email_identity", "NotFoundException")

    with pytest.raises(Wrong, match=f"no example.org in {REGION}"):
        Account(aws, REGION, 10, SENDER).mails()
    with pytest.raises(Skipped, match="look there"):
        Account(aws, "eu-west-1", 10, SENDER).mails()


# --- What is taken -------------------------------------------------------------------------------

FREE = {
    "functions": ("lambda", "get_function", "ResourceNotFoundException", 7),
    "parameter": ("ssm", "get_parameter", "ParameterNotFound", 3),
    "dashboard": ("cloudwatch", "get_dashboard", "ResourceNotFound", 1),
}


@pytest.mark.parametrize("what", FREE)
def test_names_that_are_free(aws: StubbedAws, what: str) -> None:
    service, operation, code, how_many = FREE[what]
    there_is_no_stack(aws)
    for _ in range(how_many):
        aws.refuses(service, operation, code)

    assert getattr(Taken(aws, REGION), what)() == f"{how_many} free"


@pytest.mark.parametrize(
    ("what", "command"),
    [
        ("functions", "aws lambda delete-function --function-name stack-llm_handler_gemini"),
        ("parameter", "aws ssm delete-parameter --name /stack/public-config"),
        ("dashboard", "overwritten. aws cloudwatch delete-dashboards --dashboard-names stack-"),
    ],
)
def test_names_that_are_taken(aws: StubbedAws, what: str, command: str) -> None:
    service, operation, code, how_many = FREE[what]
    there_is_a_stack(aws, "ROLLBACK_COMPLETE")
    aws.answers(service, operation, {})
    for _ in range(how_many - 1):
        aws.refuses(service, operation, code)

    with pytest.raises(Wrong, match=command):
        getattr(Taken(aws, REGION), what)()


def test_a_name_that_cannot_be_looked_up_is_not_free(aws: StubbedAws) -> None:
    there_is_no_stack(aws)
    aws.refuses("ssm", "get_parameter", "AccessDeniedException")

    with pytest.raises(aws.aws("ssm").exceptions.ClientError):
        Taken(aws, REGION).parameter()


@pytest.mark.parametrize("name", ["stack", "stack2"])
def test_a_user_pool_that_outlived_its_stack(aws: StubbedAws, name: str) -> None:
    there_is_no_stack(aws)
    pools = {"UserPools": [{"Id": "eu-central-1_AbCdEf", "Name": name}]}
    aws.answers("cognito-idp", "list_user_pools", pools, MaxResults=60)
    taken = Taken(aws, REGION)

    if name == "stack":
        with pytest.raises(Wrong, match="eu-central-1_AbCdEf"):
            taken.user_pools()
    else:
        assert taken.user_pools() == "nothing"


def test_tables_of_another_stack_are_not_ours(aws: StubbedAws) -> None:
    there_is_no_stack(aws)
    listed = ["stack-two-MessagesTable-1A", "stack-Other-1A", "MessagesTable"]
    aws.answers("dynamodb", "list_tables", {"TableNames": listed})

    assert Taken(aws, REGION).tables() == "nothing"
