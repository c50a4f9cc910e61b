"""What the local stack's aliases call, from one deployment to the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.local_stack.template.deployment import DeploymentError
from tests.local_stack.template.versions import Versions, with_digests


def resources(
    limit: str = "3", described: str = "3", version: str = "FVersion1", **properties: Any
) -> dict[str, Any]:
    """A function with a setting, and the version that the template's text names."""
    function = {
        "Timeout": 29,
        "Code": {"S3Key": "functions/f"},
        "Environment": {"Variables": {"LIMIT": limit}},
        **properties,
    }
    of_it = {"FunctionName": "stack-f", "Description": described}
    return {
        "F": {"Type": "AWS::Lambda::Function", "Id": "stack-f", "Properties": function},
        version: {"Type": "AWS::Lambda::Version", "Id": "v", "Properties": of_it},
    }


def called(served: Any) -> tuple[str, str]:
    """Number and setting of the version that is called."""
    return served["F"]["Version"], served["F"]["Properties"]["Environment"]["Variables"]["LIMIT"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "versions.json"


def test_each_run_is_a_deployment_of_what_was_kept(file: Path) -> None:
    assert called(Versions(file).deploy(resources("3", "3"))) == ("1", "3")
    assert called(Versions(file).deploy(resources("4", "4"))) == ("2", "4")
    assert called(Versions(file).deploy(resources("4", "4"))) == ("2", "4")
    assert called(Versions(file).deploy(resources("4", "4", "FVersion2", Timeout=9))) == ("3", "4")


def test_what_no_version_was_published_of_is_not_called(file: Path) -> None:
    Versions(file).deploy(resources("3", "the same"))

    assert called(Versions(file).deploy(resources("4", "the same"))) == ("1", "3")


def test_there_is_no_second_version_of_what_has_not_changed(file: Path) -> None:
    Versions(file).deploy(resources())

    with pytest.raises(DeploymentError, match=r"A version for this Lambda function exists \( 1 \)"):
        Versions(file).deploy(resources(described="another"))

    assert called(Versions(file).deploy(resources())) == ("1", "3")


def test_what_is_no_part_of_a_version_takes_effect_without_one(file: Path) -> None:
    Versions(file).deploy(resources())

    served = Versions(file).deploy(resources(ReservedConcurrentExecutions=5))

    assert called(served) == ("1", "3")
    assert served["F"]["Properties"]["ReservedConcurrentExecutions"] == 5


def test_an_alias_that_calls_other_code_is_told(file: Path) -> None:
    Versions(file).deploy(resources())

    with pytest.raises(DeploymentError, match="calls version 1, whose Code is not here"):
        Versions(file).deploy(resources(Code={"S3Key": "functions/f", "S3ObjectVersion": "x"}))


def test_without_a_file_every_deployment_is_the_first() -> None:
    assert called(Versions(None).deploy(resources("4", "4"))) == ("1", "4")


def test_an_address_of_code_says_what_is_in_it(tmp_path: Path) -> None:
    def address() -> str:
        template = {"Resources": {"F": {"Properties": {"CodeUri": "s3://source/f/"}}}}
        with_digests(template, tmp_path, "source")
        return template["Resources"]["F"]["Properties"]["CodeUri"]

    (tmp_path / "f" / "__pycache__").mkdir(parents=True)
    (tmp_path / "f" / "handler.py").write_text("one")
    before = address()
    (tmp_path / "f" / "__pycache__" / "handler.pyc").write_text("compiled")
    assert address() == before
    (tmp_path / "f" / "handler.py").write_text("another")

    assert before.startswith("s3://source/f/?versionId=")
    assert address() != before


def test_a_stack_that_was_deleted_took_its_versions_along(file: Path) -> None:
    Versions(file, "first").deploy(resources("3", "the same"))

    assert called(Versions(file, "second").deploy(resources("4", "the same"))) == ("1", "4")
