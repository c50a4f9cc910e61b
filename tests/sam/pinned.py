"""Binds what was built to its processor: `python -m tests.sam.pinned TEMPLATE ARCHITECTURE`.

What was built for one processor dies on the other at its first import. So the built template takes
no other `Architecture`, whoever deploys it and whatever is saved: CloudFormation refuses the answer
before it changes anything.
"""

import argparse
import re
from pathlib import Path

# As `sam build` writes it.
_PARAMETER = re.compile(
    r"^(  Architecture:\n(?:    .*\n)*?)    Default: \w+\n    AllowedValues:\n(?:    - \w+\n)+",
    re.MULTILINE,
)


def pinned(template: str, architecture: str) -> str:
    """The built template for this processor alone.

    Raises:
        ValueError: it has no such parameter.
    """
    only = rf"\1    Default: {architecture}\n    AllowedValues:\n    - {architecture}\n"
    text, count = _PARAMETER.subn(only, template)
    if count != 1:
        raise ValueError("the built template has no parameter Architecture with a list of values")
    return text


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sam.pinned", description=__doc__)
    parser.add_argument("template", type=Path)
    parser.add_argument("architecture", choices=["arm64", "x86_64"])
    given = parser.parse_args()
    text = given.template.read_text("utf-8")
    given.template.write_text(pinned(text, given.architecture), "utf-8")


if __name__ == "__main__":
    main()
