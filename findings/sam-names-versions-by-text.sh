#!/bin/sh
# SAM names a function's version by the template's text, so some changes publish nothing.
#
# Seen with aws-sam-translator 1.115.0 on 2026-11-29.
#
# `AutoPublishAlias` makes an AWS::Lambda::Version whose logical id ends in a hash, and a new id is a
# new version. The hash is made of the function's code or, with `AutoPublishAliasAllProperties`, of
# all its properties: as they are written, and a parameter or a layer is written as `Ref`. So another
# value of a parameter, and other content of a layer, which SAM hashes for the layer itself, leave
# the version as it is: the deployment succeeds, and the alias goes on with the old.
# `PublishLambdaVersion: true` at a layer mends its half. A `VersionDescription` that names the
# parameters mends the other: the id stays, but CloudFormation replaces a version whose description
# is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check aws-sam-translator==1.115.0

AWS_DEFAULT_REGION=eu-central-1 "$folder/venv/bin/python" - >"$folder/seen" 2>"$folder/log" <<'END'
import copy

from samtranslator.translator.transform import transform

TEMPLATE = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Parameters": {"Greeting": {"Type": "String", "Default": "hello"}},
    "Resources": {
        "Shared": {
            "Type": "AWS::Serverless::LayerVersion",
            "Properties": {"ContentUri": "s3://bucket/layer-of-monday"},
        },
        "Greet": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "greet.handler",
                "CodeUri": "s3://bucket/code",
                "Layers": [{"Ref": "Shared"}],
                "Environment": {"Variables": {"GREETING": {"Ref": "Greeting"}}},
                "AutoPublishAlias": "live",
                "AutoPublishAliasAllProperties": True,
            },
        },
    },
}


class NoManagedPolicies:
    def load(self):
        return {}


def names(template, greeting="hello"):
    made = transform(copy.deepcopy(template), {"Greeting": greeting}, NoManagedPolicies())
    kinds = ("AWS::Lambda::Version", "AWS::Lambda::LayerVersion")
    return [
        next(name for name, one in made["Resources"].items() if one["Type"] == kind)
        for kind in kinds
    ]


def told(change, template, greeting="hello"):
    same = [was == now for was, now in zip(names(TEMPLATE), names(template, greeting))]
    said = ["the same" if one else "another" for one in same]
    print(f"{change}: {said[0]} version of the function, {said[1]} of the layer")


layer, publishing, memory = (copy.deepcopy(TEMPLATE) for _ in range(3))
layer["Resources"]["Shared"]["Properties"]["ContentUri"] = "s3://bucket/layer-of-tuesday"
memory["Resources"]["Greet"]["Properties"]["MemorySize"] = 512
told("another value of the parameter", TEMPLATE, "good evening")
told("another content of the layer", layer)
told("another property in the text", memory)

publishing["Resources"]["Shared"]["Properties"]["PublishLambdaVersion"] = True
before = names(publishing)[0]
publishing["Resources"]["Shared"]["Properties"]["ContentUri"] = "s3://bucket/layer-of-tuesday"
kept = "the same" if names(publishing)[0] == before else "another"
print(f"another content of the layer, PublishLambdaVersion: {kept} version of the function")
END
cat >"$folder/expected" <<'END'
another value of the parameter: the same version of the function, the same of the layer
another content of the layer: the same version of the function, another of the layer
another property in the text: another version of the function, the same of the layer
another content of the layer, PublishLambdaVersion: another version of the function
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"
