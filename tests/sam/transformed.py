"""Prints template.yaml as CloudFormation gets it: `python -m tests.sam.transformed`.

checkov reads that, because in the template itself it sees no role, stage or permission, and knows
no condition.
"""

import json
import sys

from tests.local_stack.options import ROOT
from tests.local_stack.template.data_side import existing
from tests.local_stack.template.intrinsics import Values, resolve
from tests.local_stack.template.stand_ins import PSEUDO_PARAMETERS
from tests.local_stack.template.transform import parameter_values, read_template, transform

# Everything else at its default. The key is a secret, and told to nobody.
_GIVEN = {
    "GeminiApiKey": "not-told",
    "DomainName": "chat.example.org",
    "CertificateArn": "arn:aws:acm:us-east-1:111111111111:certificate/example",
}


def transformed() -> dict[str, object]:
    """The resources that these answers make, their conditions decided."""
    template = read_template(ROOT / "template.yaml")
    answers = parameter_values(template, _GIVEN)
    plain = transform(template, answers)
    values = Values({**PSEUDO_PARAMETERS, **answers}, {}, plain["Conditions"])
    made = existing(plain["Resources"], values)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {name: _decided(resource, values) for name, resource in made.items()},
    }


def _decided(resource: dict[str, object], values: Values) -> dict[str, object]:
    decided: dict[str, object] = resolve(resource, values)
    return {name: value for name, value in decided.items() if name != "Condition"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(transformed(), indent=1))
