"""The template's way out for pictures: a private bucket behind one signed door."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.local_stack.edge.kept_errors import ALWAYS_KEPT, KEPT_UNLESS_FORBIDDEN
from tests.local_stack.template.intrinsics import Values
from tests.local_stack.template.read_edge import EdgeSpec, read_edge
from tests.support.template import of_type, template

from afterimage.adapters.s3 import CACHE_TAG
from afterimage.domain.ids import IMAGE_FILES, picture_folder, stock_folder


def only(kind: str) -> dict[str, Any]:
    """Properties of the one resource of a type."""
    (found,) = of_type(kind).values()
    return found


@pytest.fixture
def distribution() -> dict[str, Any]:
    config: dict[str, Any] = only("AWS::CloudFront::Distribution")["DistributionConfig"]
    return config


@pytest.fixture
def behaviour(distribution: dict[str, Any]) -> dict[str, Any]:
    (found,) = distribution["CacheBehaviors"]
    return dict(found)


def edge(origins: str = "") -> EdgeSpec:
    """What the local stack reads, with these AllowedOrigins."""
    values = Values(
        {"AllowedOrigins": origins, "UrlSecretRead": "", "UrlSigningSecret": "s",
         "ImagesResponseHeaders": "ImagesResponseHeaders",
         "AWS::StackName": "afterimage"},
        {"ImagesBucket.Arn": "arn:aws:s3:::pictures", "Distribution.DomainName": "d.test"},
        template()["Conditions"],
    )  # fmt: skip
    found = read_edge(template()["Resources"], values, {"ImagesBucket": "pictures"})
    assert found is not None
    return found


# --- The bucket ----------------------------------------------------------------------------------


def test_the_bucket_is_private_and_forgets() -> None:
    bucket = only("AWS::S3::Bucket")

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert bucket["BucketEncryption"]
    for keeping in ("VersioningConfiguration", "ObjectLockEnabled", "ReplicationConfiguration"):
        assert keeping not in bucket
    assert "WebsiteConfiguration" not in bucket


def test_nobody_but_this_distribution_is_let_in_by_the_buckets_policy() -> None:
    allowed = [
        statement
        for statement in only("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]

    (statement,) = allowed
    assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert statement["Action"] == "s3:GetObject"
    source = statement["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Sub"]
    assert source.endswith("${AWS::AccountId}:distribution/${Distribution}")


def test_the_edge_may_read_what_is_shown_and_no_original() -> None:
    patterns = [re.escape(pattern).replace(r"\*", ".*") for pattern in edge().readable]
    folders = tuple(f"arn:aws:s3:::pictures/{one}/" for one in ("p", "stock", "shared"))
    assert all(pattern.startswith(folders) for pattern in edge().readable)

    readable = re.compile("|".join(patterns))

    def closed(folder: str) -> set[str]:
        arns = {name: f"arn:aws:s3:::pictures/{folder}{name}" for name in IMAGE_FILES}
        return {name for name, arn in arns.items() if not readable.fullmatch(arn)}

    assert closed(picture_folder("u", "j")) == {"original", "small.webp"}
    assert closed(stock_folder("s", "j")) == {"original", "full.webp", "small.webp"}


# --- The distribution ----------------------------------------------------------------------------


def test_the_bucket_is_reached_by_origin_access_control_only(distribution: dict[str, Any]) -> None:
    (images,) = [origin for origin in distribution["Origins"] if "S3OriginConfig" in origin]
    access = only("AWS::CloudFront::OriginAccessControl")["OriginAccessControlConfig"]

    assert images["OriginAccessControlId"] == {"Fn::GetAtt": "ImagesOriginAccess.Id"}
    assert images["S3OriginConfig"] == {"OriginAccessIdentity": ""}
    assert images["DomainName"] == {"Fn::GetAtt": "ImagesBucket.RegionalDomainName"}
    assert access["SigningBehavior"] == "always"
    assert (access["SigningProtocol"], access["OriginAccessControlOriginType"]) == ("sigv4", "s3")


def test_every_way_to_the_bucket_leads_past_the_function(
    distribution: dict[str, Any], behaviour: dict[str, Any]
) -> None:
    assert distribution["DefaultCacheBehavior"]["TargetOriginId"] == "http-api"
    assert behaviour["TargetOriginId"] == "images"
    assert behaviour["PathPattern"] == "/cdn/*"
    assert behaviour["FunctionAssociations"] == [
        {
            "EventType": "viewer-request",
            "FunctionARN": {"Fn::GetAtt": "VerifyImageUrl.FunctionARN"},
        }
    ]


def test_pictures_are_read_over_tls_and_nothing_is_sent(behaviour: dict[str, Any]) -> None:
    assert behaviour["AllowedMethods"] == ["GET", "HEAD"]
    assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"


def test_the_signature_is_no_part_of_the_caches_key(behaviour: dict[str, Any]) -> None:
    """Managed-CachingOptimized: no query string, no cookie, no header of the viewer's."""
    assert behaviour["CachePolicyId"] == "658327ea-f89d-4fab-a63d-7e88639e58f6"
    assert "OriginRequestPolicyId" not in behaviour
    assert "ForwardedValues" not in behaviour


def test_the_function_is_published_for_the_runtime_it_is_tested_in() -> None:
    function = only("AWS::CloudFront::Function")

    assert function["AutoPublish"] is True
    assert function["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"


def test_one_persons_error_is_nobody_elses() -> None:
    """410 cannot be set, and is the API's own, which forbids keeping it."""
    kept = (ALWAYS_KEPT | KEPT_UNLESS_FORBIDDEN) - {410}

    assert edge().error_seconds == dict.fromkeys(kept, 0)


# --- The headers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origins", "reach"), [("", "same-origin"), ("https://a.test", "cross-origin")]
)
def test_a_picture_is_a_picture_and_nothing_else(origins: str, reach: str) -> None:
    assert edge(origins).headers == {
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cross-origin-resource-policy": reach,
        "vary": "Origin",
    }


def test_only_allowed_origins_may_read_a_picture() -> None:
    assert edge("https://a.test,http://localhost:5173").origins == (
        "https://a.test",
        "http://localhost:5173",
    )
    assert edge().origins == ()


def test_the_edge_reads_the_tags_that_are_stored_and_shows_them_to_nobody() -> None:
    assert edge().tag_header == f"x-amz-meta-{CACHE_TAG}"
    assert edge().removed == (f"x-amz-meta-{CACHE_TAG}",)


def test_the_origin_cannot_take_a_header_back() -> None:
    policies = of_type("AWS::CloudFront::ResponseHeadersPolicy").values()
    configs = [policy["ResponseHeadersPolicyConfig"] for policy in policies]
    added = [header for config in configs for header in config["SecurityHeadersConfig"].values()]
    added += [
        header
        for config in configs
        for header in config.get("CustomHeadersConfig", {}).get("Items", [])
    ]

    assert added
    assert all(header["Override"] is True for header in added)


def test_a_browser_that_was_here_comes_back_over_tls(distribution: dict[str, Any]) -> None:
    named = distribution["DefaultCacheBehavior"]["ResponseHeadersPolicyId"]["Ref"]
    policy = of_type("AWS::CloudFront::ResponseHeadersPolicy")[named]
    headers = policy["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]

    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000


def test_a_header_that_the_local_edge_does_not_know_is_refused() -> None:
    values = Values({"Policy": "Policy"}, {"D.DomainName": "d"})
    resources = {
        "D": {
            "Type": "AWS::CloudFront::Distribution",
            "Properties": {
                "DistributionConfig": {
                    "Origins": [{"Id": "i", "S3OriginConfig": {}}],
                    "CacheBehaviors": [
                        {
                            "TargetOriginId": "i",
                            "PathPattern": "/cdn/*",
                            "AllowedMethods": ["GET"],
                            "FunctionAssociations": [
                                {
                                    "EventType": "viewer-request",
                                    "FunctionARN": {"Fn::GetAtt": ["F", "FunctionARN"]},
                                }
                            ],
                            "ResponseHeadersPolicyId": {"Ref": "Policy"},
                        }
                    ],
                }
            },
        },
        "F": {"Type": "AWS::CloudFront::Function", "Properties": {"FunctionCode": "x"}},
        "Policy": {
            "Type": "AWS::CloudFront::ResponseHeadersPolicy",
            "Properties": {"ResponseHeadersPolicyConfig": {"ServerTimingHeadersConfig": {}}},
        },
        "B": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": "X"}, "PolicyDocument": {"Statement": []}},
        },
    }

    with pytest.raises(ValueError, match="ServerTimingHeadersConfig"):
        read_edge(resources, values, {"X": "x"})


# --- The secret ----------------------------------------------------------------------------------


def test_the_secret_is_made_by_the_stack_of_letters_and_digits() -> None:
    secret = of_type("AWS::SecretsManager::Secret")["UrlSigningSecret"]

    assert secret["GenerateSecretString"] == {"PasswordLength": 64, "ExcludePunctuation": True}
    assert "SecretString" not in secret


def test_no_output_or_environment_tells_the_secret() -> None:
    assert "resolve:" not in str(template().get("Outputs"))
    assert "resolve:" not in str(of_type("AWS::Serverless::Function"))
