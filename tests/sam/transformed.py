"""Prints template.yaml as CloudFormation gets it: `python -m tests.sam.transformed`.

checkov reads that, because in the template itself it sees no role, stage or permission, and knows
no condition.
"""

import argparse
import json
import sys

from tests.local_stack.template.intrinsics import Values, resolve
from tests.support.plain_template import parameters, resources

# Everything else at its default. The key is a secret, and told to nobody.
_GIVEN = {
    "GeminiApiKey": "not-told",
    "DomainName": "chat.example.org",
    "CertificateArn": "arn:aws:acm:us-east-1:111111111111:certificate/example",
}


def transformed() -> dict[str, object]:
    """The resources that these answers make, their conditions decided."""
    values = parameters(**_GIVEN)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {name: _decided(made, values) for name, made in resources(**_GIVEN).items()},
    }


def _decided(resource: dict[str, object], values: Values) -> dict[str, object]:
    decided: dict[str, object] = resolve(resource, values)
    return {name: value for name, value in decided.items() if name != "Condition"}


if __name__ == "__main__":
    argparse.ArgumentParser(
        prog="python -m tests.sam.transformed", description=__doc__
    ).parse_args()
    sys.stdout.write(json.dumps(transformed(), indent=1))
