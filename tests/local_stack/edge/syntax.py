"""Syntax that the JavaScript engine knows and CloudFront's runtime does not list.

The engine is years ahead of the runtime ("JavaScript runtime 2.0 features for CloudFront
Functions", under "Core features"), and syntax cannot be taken from it as a method can.
"""

import re

# Longest first: what stands inside these is no code.
_NO_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"
    |(?<=[(,=:!&|?])\s*/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+/[a-z]*""",
    re.DOTALL | re.VERBOSE,
)
_NOT_LISTED = {
    "class": r"\b(?:class|extends|super)\b",
    "generator": r"\bfunction\s*\*|\byield\b",
    "module": r"\b(?:import|export)\b",
    "async": r"\b(?:async|await)\b",  # listed, but nothing here needs it
    "for-of": r"\bfor\s*\([^;)]*\bof\b",
    "optional chaining": r"\?\.(?!\d)",
    "nullish coalescing": r"\?\?",
    "destructuring": r"\b(?:const|let|var)\s*[\[{]|[{\[][\w\s,:]*[}\]]\s*=(?![=>])",
    "spread": r"\.\.\.(?!\w+\s*\)\s*(?:\{|=>))",  # what follows is a rest parameter
    "default parameter": r"\bfunction\b[^(]*\([^)]*=|\([\w\s,]*=[^=)][^)]*\)\s*=>",
    "private name": r"#\w",
    "big integer": r"\b\d+n\b",
    "debugger": r"\bdebugger\b",
}


def not_listed(code: str) -> list[str]:
    """Names of the syntax in `code` that the runtime does not list."""
    text = _NO_CODE.sub("''", code)
    return [name for name, pattern in _NOT_LISTED.items() if re.search(pattern, text)]
