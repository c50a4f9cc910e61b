"""Secrets that a template names by dynamic references, read as CloudFormation reads them.

`{{resolve:secretsmanager:<id>:SecretString:<json key>:<stage>:<version>}}`; parts at the end may
be empty or missing ("Get a secret or secret value from Secrets Manager", AWS CloudFormation user
guide). CloudFormation reads a secret again when the text around it changes; here every start of
the stack does.
"""

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_REFERENCE = re.compile(r"\{\{resolve:secretsmanager:(.+?):SecretString((?::[^:}]*){0,3})\}\}")
_ANY = re.compile(r"\{\{resolve:[^}]*\}\}")


def with_secrets(text: str, client: "SecretsManagerClient") -> str:
    """`text` with each reference replaced by what it stands for.

    Raises:
        ValueError: a reference of another kind, or one that names both a stage and a version.
    """
    resolved = _REFERENCE.sub(lambda match: _value(match, client), text)
    if left := _ANY.search(resolved):
        raise ValueError(f"the local stack does not know {left[0]}")
    return resolved


def _value(match: re.Match[str], client: "SecretsManagerClient") -> str:
    json_key, stage, version = [*match[2].split(":")[1:], "", "", ""][:3]
    if stage and version:
        raise ValueError(f"a stage or a version, not both: {match[0]}")
    asked = {"SecretId": match[1], "VersionStage": stage, "VersionId": version}
    answer = client.get_secret_value(**{name: value for name, value in asked.items() if value})
    text: str = answer["SecretString"]
    return str(json.loads(text)[json_key]) if json_key else text
