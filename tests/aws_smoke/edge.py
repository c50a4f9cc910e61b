"""The distribution: deployed everywhere, its function quick enough, its cache emptied on demand."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from httpx import codes

from tests.aws_smoke.deployed import Deployed, eventually
from tests.aws_smoke.rows import Check, Wrong

# CloudFront stops a function at 100; it advises to stay well below.
_MOST_COMPUTE = 80
_SERVERS_ERRORS = (500, 502, 503, 504)  # of which `no-store` is ignored
_KEPT_BY_ITSELF_S = 10  # CloudFront's default
_NEVER_SIGNED = "/cdn/p/00000000000000000000000000000000/00000000000000000000000000/full.webp"


class Edge:
    """The edge of one stack.

    Args:
        since: when the run began.
        picture: address of a picture; raises Skipped if there is none.
    """

    def __init__(self, stack: Deployed, since: datetime, picture: Callable[[], str]) -> None:
        self._stack = stack
        self._since = since
        self._picture = picture

    def checks(self) -> Iterator[Check]:
        """While the picture is there."""
        yield Check("edge: the distribution", self.distribution)
        yield Check("edge: no error is kept", self.keeps_no_error)
        yield Check("edge: the function refuses what is not signed", self.function_refuses)
        yield Check("edge: the function lets a picture through", self.function_lets_through)

    def last_checks(self) -> Iterator[Check]:
        """Once it was deleted."""
        yield Check("edge: an invalidation was made", self.invalidation)

    def distribution(self) -> str:
        """It is deployed, and is the one that the functions know."""
        id_ = self._stack.one_of_type("AWS::CloudFront::Distribution")
        if id_ != self._stack.config["distribution_id"]:
            raise Wrong(f"the functions would invalidate {self._stack.config['distribution_id']}")
        found = self._cloudfront.get_distribution(Id=id_)["Distribution"]
        if found["Status"] != "Deployed":
            raise Wrong(f"{found['Status']}: wait some minutes")
        if not found["DistributionConfig"]["Enabled"]:
            raise Wrong("it is switched off")
        return f"{found['DomainName']}, deployed"

    def keeps_no_error(self) -> str:
        """One person's 503 is nobody else's, as CloudFront has it by now."""
        id_ = self._stack.one_of_type("AWS::CloudFront::Distribution")
        config = self._cloudfront.get_distribution_config(Id=id_)["DistributionConfig"]
        kept = {
            one["ErrorCode"]: one.get("ErrorCachingMinTTL", _KEPT_BY_ITSELF_S)
            for one in config.get("CustomErrorResponses", {}).get("Items", [])
        }
        seconds = {code: kept.get(code, _KEPT_BY_ITSELF_S) for code in _SERVERS_ERRORS}
        if any(seconds.values()):
            raise Wrong(f"kept for everybody, in seconds by status: {seconds}")
        return f"0 s for {', '.join(map(str, _SERVERS_ERRORS))}"

    def function_refuses(self) -> str:
        """403, within its time."""
        answer, compute = self._tested(_NEVER_SIGNED, "")
        if answer.get("response", {}).get("statusCode") != codes.FORBIDDEN:
            raise Wrong(f"answers {json.dumps(answer)[:200]}")
        return f"403, {compute} of 100 of its compute time"

    def function_lets_through(self) -> str:
        """The secret reached it, and signing fits into its time."""
        address = urlsplit(self._picture())
        answer, compute = self._tested(address.path, address.query)
        if answer.get("request", {}).get("uri") != address.path.removeprefix("/cdn"):
            raise Wrong(f"answers {json.dumps(answer)[:200]}")
        return f"{compute} of 100 of its compute time"

    def invalidation(self) -> str:
        """The keeper told the edge to forget what was deleted."""
        self._picture()
        took = eventually(lambda: bool(self._made()), self._stack.patience, 2)
        if took is None:
            raise Wrong("none was made since the picture was deleted")
        made = self._made()
        return f"{len(made)}, {', '.join(sorted({one['Status'] for one in made}))}"

    def _made(self) -> list[Any]:
        listed = self._cloudfront.list_invalidations(
            DistributionId=self._stack.config["distribution_id"]
        )["InvalidationList"]
        # CreateTime has whole seconds.
        since = self._since.replace(microsecond=0)
        return [one for one in listed.get("Items", []) if one["CreateTime"] >= since]

    def _tested(self, path: str, query: str) -> tuple[dict[str, Any], int]:
        """What the live function answers to a request, and how much of its time it takes."""
        # Its physical id is an ARN that ends in its name.
        name = self._stack.one_of_type("AWS::CloudFront::Function").rpartition("/")[2]
        described = self._cloudfront.describe_function(Name=name, Stage="LIVE")
        result = self._cloudfront.test_function(
            Name=name,
            IfMatch=described["ETag"],
            Stage="LIVE",
            EventObject=json.dumps(_viewer_request(path, query)).encode(),
        )["TestResult"]
        if error := result.get("FunctionErrorMessage"):
            raise Wrong(f"the function failed: {error}")
        compute = int(result["ComputeUtilization"])
        if compute > _MOST_COMPUTE:
            raise Wrong(f"it takes {compute} of 100 of its compute time")
        return json.loads(result["FunctionOutput"]), compute

    @property
    def _cloudfront(self) -> Any:
        return self._stack.aws("cloudfront")


def _viewer_request(path: str, query: str) -> dict[str, Any]:
    """The event of CloudFront's "Event structure", for GET."""
    return {
        "version": "1.0",
        "context": {"eventType": "viewer-request"},
        "viewer": {"ip": "192.0.2.1"},  # of the range for documentation
        "request": {
            "method": "GET",
            "uri": path,
            "querystring": {name: {"value": value} for name, value in parse_qsl(query)},
            "headers": {},
            "cookies": {},
        },
    }
