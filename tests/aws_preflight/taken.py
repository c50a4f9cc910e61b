"""What lies where the stack wants to be: fixed names in use, and what outlived a former stack."""

from collections.abc import Callable, Iterator
from functools import cached_property

from botocore.exceptions import ClientError

from tests.aws_preflight.account import state_of
from tests.aws_preflight.names import Name, names
from tests.aws_retained import left
from tests.aws_smoke.deployed import Deployed
from tests.aws_smoke.rows import Check, Skipped, Wrong

_NOT_FOUND = (
    "ResourceNotFoundException",
    "ResourceNotFound",
    "ParameterNotFound",
    "NoSuchFunctionExists",
)
_FORMER = "Take it into the new stack (docs/restore.md, Delete the stack), or remove it"


class Taken:
    """The names of one stack that is not there yet."""

    def __init__(self, stack: Deployed, region: str) -> None:
        self._stack = stack
        self._region = region

    def checks(self) -> Iterator[Check]:
        """Names first, because those stop a deployment."""
        yield Check("names: functions", self.functions)
        yield Check("names: log groups", self.log_groups)
        yield Check("names: parameter", self.parameter)
        yield Check("names: dashboard", self.dashboard)
        yield Check("left of a former stack: tables", self.tables)
        yield Check("left of a former stack: bucket", self.buckets)
        yield Check("left of a former stack: user pool", self.user_pools)
        yield Check("left of a former stack: CloudFront", self.cloudfront)

    def functions(self) -> str:
        """Lambda refuses a name twice."""
        client = self._stack.aws("lambda")
        return self._free(
            "AWS::Serverless::Function",
            lambda name: _is_there(lambda: client.get_function(FunctionName=name)),
            "aws lambda delete-function --function-name",
        )

    def log_groups(self) -> str:
        """CloudWatch Logs refuses a name twice."""
        client = self._stack.aws("logs")

        def is_there(name: str) -> bool:
            listed = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
            return any(group["logGroupName"] == name for group in listed)

        return self._free(
            "AWS::Logs::LogGroup", is_there, "aws logs delete-log-group --log-group-name"
        )

    def parameter(self) -> str:
        """Systems Manager refuses a name twice."""
        client = self._stack.aws("ssm")
        return self._free(
            "AWS::SSM::Parameter",
            lambda name: _is_there(lambda: client.get_parameter(Name=name)),
            "aws ssm delete-parameter --name",
        )

    def dashboard(self) -> str:
        """CloudWatch overwrites one of the same name, without a word."""
        client = self._stack.aws("cloudwatch")
        return self._free(
            "AWS::CloudWatch::Dashboard",
            lambda name: _is_there(lambda: client.get_dashboard(DashboardName=name)),
            "It would be overwritten. aws cloudwatch delete-dashboards --dashboard-names",
        )

    def tables(self) -> str:
        """A new stack makes new, empty ones beside them."""
        self._unless_there()
        return self._nothing(left.tables(self._stack))

    def buckets(self) -> str:
        """Its pictures would be unreachable."""
        self._unless_there()
        return self._nothing(left.buckets(self._stack))

    def user_pools(self) -> str:
        """People of the old one are strangers to a new one."""
        self._unless_there()
        return self._nothing(left.user_pools(self._stack))

    def cloudfront(self) -> str:
        """Nothing of the name; where names hold a part of the stack's id, it is no hindrance."""
        self._unless_there()
        client = self._stack.aws("cloudfront")
        functions = client.list_functions()["FunctionList"].get("Items", [])
        policies = client.list_response_headers_policies(Type="custom")
        controls = client.list_origin_access_controls()["OriginAccessControlList"]
        found = [
            *(one["Name"] for one in functions),
            *(
                one["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]["Name"]
                for one in policies["ResponseHeadersPolicyList"].get("Items", [])
            ),
            *(one["Name"] for one in controls.get("Items", [])),
        ]
        ours = [name for name in found if name.startswith(f"{self._stack.name}-")]
        if not ours:
            return "nothing"
        return f"{', '.join(ours)}: of another Region's stack, or of a former one. It does no harm"

    def _free(self, type_: str, is_there: Callable[[str], bool], remove: str) -> str:
        self._unless_there()
        wanted = [name.text for name in self._fixed if name.type == type_]
        taken = [name for name in wanted if is_there(name)]
        if taken:
            commands = "; ".join(f"{remove} {name}" for name in taken)
            raise Wrong(f"taken: {', '.join(taken)}. Choose another STACK, or: {commands}")
        return f"{len(wanted)} free"

    def _nothing(self, found: Iterator[left.Left]) -> str:
        names = [one.name for one in found]
        if names:
            raise Wrong(f"{', '.join(names)}. {_FORMER}")
        return "nothing"

    def _unless_there(self) -> None:
        status = state_of(self._stack)
        if status not in (None, "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"):
            raise Skipped("the stack is there, and they are its own")

    @cached_property
    def _fixed(self) -> list[Name]:
        return [name for name in names(self._stack.name, self._region) if name.fixed]


def _is_there(read: Callable[[], object]) -> bool:
    try:
        read()
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_FOUND:
            return False
        raise
    return True
