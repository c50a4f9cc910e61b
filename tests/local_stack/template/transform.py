"""template.yaml turned into plain CloudFormation by AWS's own translator, in this process.

The translator wants uploaded code; local paths travel through it as S3 keys of a bucket that does
not exist, and come out again in the functions' `Code`.
"""

import logging
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.local_stack.names import REGION

SOURCE_BUCKET = "source"
_CODE_PROPERTIES = ("CodeUri", "ContentUri")


class _NoManagedPolicies:
    """The template names no AWS-managed policy by its short name, so none needs loading."""

    def load(self) -> dict[str, str]:
        return {}


def parameter_values(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Every parameter's value: the given one or the template's default.

    Raises:
        ValueError: a parameter without default was not given, or an unknown one was.
    """
    declared = template.get("Parameters", {})
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise ValueError(f"template.yaml has no parameter {', '.join(unknown)}")
    values = {}
    for name, parameter in declared.items():
        if name not in given and "Default" not in parameter:
            raise ValueError(f"template.yaml's parameter {name} needs a value")
        values[name] = given.get(name, parameter.get("Default"))
    return values


def read_template(path: Path) -> dict[str, Any]:
    """The SAM template with its code paths as S3 addresses of `SOURCE_BUCKET`."""
    # The translator's own reading, by the parser that is written in C: a tenth of the time.
    import yaml
    from samtranslator.yaml_helper import intrinsics_multi_constructor  # here: half a second

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        pass

    Loader.add_multi_constructor("!", intrinsics_multi_constructor)
    # A subclass of the safe loader.
    template: dict[str, Any] = yaml.load(path.read_text("utf-8"), Loader)  # noqa: S506
    globals_ = template.get("Globals", {}).get("Function", {})
    for owner in [globals_, *(r.get("Properties", {}) for r in template["Resources"].values())]:
        for name in _CODE_PROPERTIES:
            if isinstance(owner.get(name), str):
                owner[name] = f"s3://{SOURCE_BUCKET}/{owner[name]}"
    return template


def transform(template: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Plain CloudFormation for the SAM template."""
    # The translator asks boto3 for the region and says on stderr what it could not load.
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    logging.getLogger("samtranslator").setLevel(logging.CRITICAL)
    from samtranslator.open_api import open_api
    from samtranslator.translator.transform import transform as translate

    # It copies the API's whole description five times for each route, to keep documents that nobody
    # looks at again: three quarters of the time
    # (findings/sam-copies-an-api-for-each-of-its-routes.sh).
    open_api._deepcopy = _as_it_is
    _check_policies_once()
    plain: dict[str, Any] = translate(template, dict(parameters), _NoManagedPolicies())
    return plain


def _as_it_is(document: Any) -> Any:
    return document


@cache
def _check_policies_once() -> None:
    """The translator reads and checks policies of its own again for each template."""
    from samtranslator.translator import translator

    made = cache(translator.make_policy_template_for_function_plugin)
    translator.make_policy_template_for_function_plugin = made
