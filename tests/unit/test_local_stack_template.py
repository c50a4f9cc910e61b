"""The local stack reads a template as CloudFormation would."""

import copy
from typing import Any

import pytest
from tests.local_stack.template.data_side import data_template
from tests.local_stack.template.intrinsics import Values, references, resolve
from tests.local_stack.template.transform import parameter_values, read_template, transform
from tests.support.plain_template import OWN_ISSUER, plain
from tests.support.template import ROOT

VALUES = Values(
    refs={"Name": "x", "List": "a,b", "Number": 3, "Table": "stack-Table"},
    attributes={"Table.Arn": "arn:table"},
    conditions={
        "Named": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Name"}, ""]}]},
        "Both": {"Fn::And": [{"Condition": "Named"}, {"Fn::Equals": ["1", 1]}]},
        "Neither": {"Fn::Or": [{"Fn::Not": [{"Condition": "Both"}]}]},
    },
    mappings={"Map": {"Names": {"x": "letter"}}},
)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"Ref": "Name"}, "x"),
        ({"Ref": "Number"}, 3),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "arn:table"),
        ({"Fn::GetAtt": "Table.Arn"}, "arn:table"),
        ({"Fn::Sub": "${Name}-${Number}-${Table.Arn}"}, "x-3-arn:table"),
        ({"Fn::Sub": "literally ${!Name}"}, "literally ${Name}"),
        ({"Fn::Sub": ["${Local}/${Name}", {"Local": {"Ref": "Number"}}]}, "3/x"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Name"}]]}, "a-x"),
        ({"Fn::Join": ["", {"Ref": "List"}]}, "ab"),
        ({"Fn::Select": [1, {"Fn::Split": [",", {"Ref": "List"}]}]}, "b"),
        ({"Fn::FindInMap": ["Map", "Names", {"Ref": "Name"}]}, "letter"),
        ({"Fn::If": ["Named", {"Ref": "Name"}, "none"]}, "x"),
        ({"Fn::If": ["Neither", "yes", "no"]}, "no"),
        ([{"Ref": "AWS::NoValue"}, 1], [1]),
        ({"a": {"Fn::If": ["Neither", 1, {"Ref": "AWS::NoValue"}]}, "b": True}, {"b": True}),
    ],
)
def test_intrinsics_resolve(node: Any, expected: Any) -> None:
    assert resolve(node, VALUES) == expected


@pytest.mark.parametrize(
    ("node", "left"),
    [
        ({"Ref": "Bucket"}, {"Ref": "Bucket"}),
        ({"Fn::GetAtt": "Bucket.Arn"}, {"Fn::GetAtt": ["Bucket", "Arn"]}),
        ({"Fn::Sub": "${Name}/${Bucket}/${!x}"}, {"Fn::Sub": "x/${Bucket}/${!x}"}),
        (
            {"Fn::Sub": ["${A}/${B}", {"A": {"Ref": "Name"}, "B": {"Ref": "Bucket"}}]},
            {"Fn::Sub": ["x/${B}", {"B": {"Ref": "Bucket"}}]},
        ),
        ({"Fn::Join": ["-", ["a", {"Ref": "B"}]]}, {"Fn::Join": ["-", ["a", {"Ref": "B"}]]}),
    ],
)
def test_unknown_references_stay_for_cloudformation(node: Any, left: Any) -> None:
    assert resolve(node, VALUES) == left


def test_references_lists_what_is_open() -> None:
    node = {"a": [{"Ref": "A"}, {"Fn::GetAtt": ["B", "Arn"]}], "b": {"Fn::Sub": "${C.Id} ${!D}"}}
    assert list(references(node)) == ["A", "B.Arn", "C.Id"]


def test_unknown_functions_are_refused() -> None:
    with pytest.raises(ValueError, match="Fn::Cidr"):
        resolve({"Fn::Cidr": []}, VALUES)


def test_parameters_need_a_value_and_a_declaration() -> None:
    template = {"Parameters": {"A": {"Default": "1"}, "B": {}}}
    assert parameter_values(template, {"B": "2"}) == {"A": "1", "B": "2"}
    with pytest.raises(ValueError, match="parameter B needs a value"):
        parameter_values(template, {})
    with pytest.raises(ValueError, match="no parameter C"):
        parameter_values(template, {"B": "2", "C": "3"})


def test_only_the_data_side_is_deployed() -> None:
    tls = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}, "Effect": "Deny"}
    resources = {
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Ref": "Name"}}},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {}},
        "Policy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"PolicyDocument": {"Statement": [tls, {"Effect": "Allow"}]}},
        },
        "Secret": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"GenerateSecretString": {"ExcludePunctuation": True}},
        },
    }
    template = data_template(resources, VALUES, ["Table.Arn", "Table"])
    deployed = template["Resources"]
    assert set(deployed) == {"Table", "Policy", "Secret"}
    assert deployed["Table"]["Properties"] == {"TableName": "x"}
    assert deployed["Policy"]["Properties"]["PolicyDocument"]["Statement"] == [{"Effect": "Allow"}]
    generated = deployed["Secret"]["Properties"]["GenerateSecretString"]
    assert "'" in generated["ExcludeCharacters"]
    assert template["Outputs"]["Value0"] == {"Value": {"Fn::GetAtt": ["Table", "Arn"]}}
    assert template["Outputs"]["Value1"] == {"Value": {"Ref": "Table"}}


def test_the_translator_says_the_same_with_all_its_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only in another order; a document that is not copied must not be changed by who reads it."""
    template = read_template(ROOT / "template.yaml")
    quick = plain(**OWN_ISSUER)
    with monkeypatch.context() as copying:
        copying.setattr("tests.local_stack.template.transform._as_it_is", copy.deepcopy)
        thorough = transform(template, parameter_values(template, OWN_ISSUER))

    assert quick == thorough
