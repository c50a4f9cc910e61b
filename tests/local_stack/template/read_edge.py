"""Reads out of the template how pictures leave: the distribution's behaviour for them.

That is the behaviour whose origin is an S3 bucket, the function before it, the headers added to
its answers, and what the bucket's policy lets CloudFront read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.local_stack.template.intrinsics import Values, listed, resolve

Properties = Mapping[str, Any]

_KNOWN_OF_HEADERS = frozenset(
    {
        *("Name", "Comment", "SecurityHeadersConfig", "CustomHeadersConfig"),
        *("RemoveHeadersConfig", "CorsConfig"),
    }
)


@dataclass(frozen=True)
class EdgeSpec:
    """The pictures' way out.

    Attributes:
        domain: of the distribution.
        pattern: of the paths, "/cdn/*".
        methods: that are let through.
        function: text of the function before the cache; references to secrets are in it.
        headers: added to every answer.
        origins: foreign ones that may read an answer.
        removed: names of headers that are taken from every answer.
        tag_header: names the header with an object's cache tags.
        error_seconds: that errors are kept for, by status, where it is said.
        readable: ARN patterns of the objects that the bucket policy lets the edge read.
    """

    domain: str
    pattern: str
    methods: tuple[str, ...]
    function: str
    headers: Mapping[str, str]
    bucket: str
    readable: tuple[str, ...]
    origins: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    tag_header: str | None = None
    distribution: str = ""
    error_seconds: Mapping[int, float] = field(default_factory=dict)


def read_edge(
    resources: Mapping[str, Any], values: Values, physical_ids: Mapping[str, str]
) -> EdgeSpec | None:
    """How pictures leave; None if the template has no distribution.

    Args:
        resources: of the transformed template, as they stand.
        values: with the answers of the deployed data side.
    """
    for name, properties in _of_type(resources, "AWS::CloudFront::Distribution"):
        config = resolve(properties["DistributionConfig"], values)
        behaviour = _behaviour_of_pictures(config)
        policy = _bucket_policy(resources)
        return EdgeSpec(
            domain=values.attributes[f"{name}.DomainName"],
            pattern=behaviour["PathPattern"],
            methods=tuple(behaviour["AllowedMethods"]),
            function=_function(resources, behaviour, values),
            headers=_headers(resources, behaviour, values),
            bucket=physical_ids[policy["Bucket"]["Ref"]],
            readable=_readable(resolve(policy["PolicyDocument"], values)),
            origins=_origins(resources, behaviour, values),
            removed=_removed(resources, behaviour, values),
            tag_header=config.get("CacheTagConfig", {}).get("HeaderName"),
            distribution=physical_ids.get(name, ""),
            error_seconds=_error_seconds(config),
        )
    return None


def _of_type(resources: Mapping[str, Any], type_: str) -> Iterator[tuple[str, Properties]]:
    for name, resource in resources.items():
        if resource["Type"] == type_:
            yield name, resource["Properties"]


def _behaviour_of_pictures(config: Properties) -> Properties:
    buckets = {origin["Id"] for origin in config["Origins"] if "S3OriginConfig" in origin}
    found: list[Properties] = [
        behaviour
        for behaviour in config.get("CacheBehaviors", [])
        if behaviour["TargetOriginId"] in buckets
    ]
    if len(found) != 1:
        raise ValueError(f"{len(found)} behaviours lead to a bucket, not one")
    return found[0]


def _error_seconds(config: Properties) -> dict[int, float]:
    return {
        int(custom["ErrorCode"]): float(custom["ErrorCachingMinTTL"])
        for custom in config.get("CustomErrorResponses", [])
        if "ErrorCachingMinTTL" in custom
    }


def _function(resources: Mapping[str, Any], behaviour: Properties, values: Values) -> str:
    """Text of the one function before the cache; nothing is served without any."""
    (association,) = behaviour["FunctionAssociations"]
    if association["EventType"] != "viewer-request":
        raise ValueError("only a function before the cache is run here")
    name = association["FunctionARN"]["Fn::GetAtt"][0]
    code = resolve(resources[name]["Properties"]["FunctionCode"], values)
    if not isinstance(code, str):
        raise TypeError(f"{name} in template.yaml refers to what is unknown here: {code}")
    return code


def _headers(resources: Mapping[str, Any], behaviour: Properties, values: Values) -> dict[str, str]:
    """What the behaviour's response headers policy adds.

    Raises:
        ValueError: it has a part that is not known here.
    """
    policy, config = _headers_policy(resources, behaviour, values)
    security = config.get("SecurityHeadersConfig", {})
    unknown = set(config) - _KNOWN_OF_HEADERS
    unknown |= set(security) - {"ContentTypeOptions", "ContentSecurityPolicy"}
    if unknown:
        raise ValueError(f"the local stack does not know {sorted(unknown)} of {policy}")
    headers: dict[str, str] = {}
    if "ContentTypeOptions" in security:
        headers["x-content-type-options"] = "nosniff"
    if csp := security.get("ContentSecurityPolicy"):
        headers["content-security-policy"] = csp["ContentSecurityPolicy"]
    for item in config.get("CustomHeadersConfig", {}).get("Items", []):
        headers[item["Header"].lower()] = item["Value"]
    return headers


def _origins(
    resources: Mapping[str, Any], behaviour: Properties, values: Values
) -> tuple[str, ...]:
    _, config = _headers_policy(resources, behaviour, values)
    cors = config.get("CorsConfig") or {}
    return listed(cors.get("AccessControlAllowOrigins", {}).get("Items"))


def _removed(
    resources: Mapping[str, Any], behaviour: Properties, values: Values
) -> tuple[str, ...]:
    _, config = _headers_policy(resources, behaviour, values)
    items = config.get("RemoveHeadersConfig", {}).get("Items", [])
    return tuple(item["Header"].lower() for item in items)


def _headers_policy(
    resources: Mapping[str, Any], behaviour: Properties, values: Values
) -> tuple[str, Properties]:
    """Name and content of the behaviour's response headers policy; empty if it has none."""
    policy = behaviour.get("ResponseHeadersPolicyId")
    if policy is None:
        return "", {}
    config = resolve(resources[policy]["Properties"]["ResponseHeadersPolicyConfig"], values)
    return policy, config


def _bucket_policy(resources: Mapping[str, Any]) -> Properties:
    (found,) = (properties for _, properties in _of_type(resources, "AWS::S3::BucketPolicy"))
    return found


def _readable(document: Properties) -> tuple[str, ...]:
    found: list[str] = []
    for statement in document["Statement"]:
        principal = statement.get("Principal")
        if isinstance(principal, dict) and principal.get("Service") == "cloudfront.amazonaws.com":
            resource = statement["Resource"]
            found += [resource] if isinstance(resource, str) else resource
    return tuple(found)
