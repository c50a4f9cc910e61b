"""What is kept: tables, bucket and log groups as the template wants them."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.aws_smoke.deployed import Deployed
from tests.aws_smoke.rows import Check, Wrong
from tests.support.template import of_type


def checks(stack: Deployed) -> Iterator[Check]:
    """Protection of what nobody can make again."""
    yield Check("tables: active, protected, encrypted", lambda: protected(stack))
    yield Check("tables: point-in-time recovery", lambda: recoverable(stack))
    yield Check("tables: time to live", lambda: expiring(stack))
    yield Check("bucket: closed to the public", lambda: closed(stack))
    yield Check("logs: kept for a limited time", lambda: retained(stack))


def protected(stack: Deployed) -> str:
    """Nobody deletes a table by mistake."""
    told = 0
    for logical_id, name in stack.of_type("AWS::DynamoDB::Table").items():
        table = stack.aws("dynamodb").describe_table(TableName=name)["Table"]
        encrypted = table.get("SSEDescription", {}).get("Status") == "ENABLED"
        wanted = {
            "ACTIVE": table["TableStatus"] == "ACTIVE",
            "deletion protection": table.get("DeletionProtectionEnabled", False),
            "encryption by AWS's key": encrypted or not _declared(logical_id, "SSESpecification"),
        }
        missing = [what for what, is_so in wanted.items() if not is_so]
        if missing:
            raise Wrong(f"{logical_id} without {', '.join(missing)}")
        told += 1
    return f"{told} tables"


def recoverable(stack: Deployed) -> str:
    """Each can be restored to any second."""
    told = 0
    for logical_id, name in stack.of_type("AWS::DynamoDB::Table").items():
        backups = stack.aws("dynamodb").describe_continuous_backups(TableName=name)
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        if recovery["PointInTimeRecoveryStatus"] != "ENABLED":
            raise Wrong(f"{logical_id} cannot be restored")
        told += 1
    return f"{told} tables"


def expiring(stack: Deployed) -> str:
    """Rows go where the template says so, and only there."""
    told = []
    for logical_id, name in stack.of_type("AWS::DynamoDB::Table").items():
        wanted = _declared(logical_id, "TimeToLiveSpecification").get("AttributeName")
        lives = stack.aws("dynamodb").describe_time_to_live(TableName=name)
        said = lives["TimeToLiveDescription"]
        is_on = said["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
        found = said.get("AttributeName") if is_on else None
        if found != wanted:
            raise Wrong(f"{logical_id}: rows expire by {found}, not {wanted}")
        if found:
            told.append(logical_id)
    return f"on for {', '.join(told)}"


def closed(stack: Deployed) -> str:
    """No access list, no policy and no account opens it."""
    s3, bucket = stack.aws("s3"), stack.one_of_type("AWS::S3::Bucket")
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    is_open = [name for name, is_on in block.items() if not is_on]
    if is_open:
        raise Wrong(f"off: {', '.join(is_open)}")
    owner = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    if owner[0]["ObjectOwnership"] != "BucketOwnerEnforced":
        raise Wrong(f"objects belong to {owner[0]['ObjectOwnership']}")
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled":
        raise Wrong("versions are kept: what is deleted would stay")
    s3.get_bucket_encryption(Bucket=bucket)
    return "public access blocked, one owner, encrypted, no versions"


def retained(stack: Deployed) -> str:
    """No log line is kept for ever."""
    days = set()
    for name in stack.of_type("AWS::Logs::LogGroup").values():
        listed = stack.aws("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        group = next(one for one in listed if one["logGroupName"] == name)
        if "retentionInDays" not in group:
            raise Wrong(f"{name} is kept for ever")
        days.add(str(group["retentionInDays"]))
    return f"{', '.join(sorted(days))} days"


def _declared(logical_id: str, property_: str) -> Mapping[str, Any]:
    """A property of a table in template.yaml, empty if it has none."""
    found: Mapping[str, Any] = of_type("AWS::DynamoDB::Table")[logical_id].get(property_, {})
    return found
