"""CloudFormation's intrinsic functions, resolved as far as values are known.

A reference that is not known stays as it is, so that CloudFormation can resolve the rest; what
is left over is listed by `references`. Pages: "Intrinsic function reference" and "Condition
functions" of the AWS CloudFormation user guide.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any  # a value of a JSON document: dict, list, str, number, bool or None
# "${Name}", "${Name.Attribute}" and the escaped "${!Literal}" of Fn::Sub.
_VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")
_NO_VALUE = object()


@dataclass
class Values:
    """What references mean: refs by name, attributes by "Name.Attribute", raw conditions, maps."""

    refs: Mapping[str, Json]
    attributes: Mapping[str, Json] = field(default_factory=dict)
    conditions: Mapping[str, Json] = field(default_factory=dict)
    mappings: Mapping[str, Json] = field(default_factory=dict)


def resolve(node: Json, values: Values) -> Json:
    """`node` with every intrinsic replaced whose values are known."""
    resolved = _resolve(node, values)
    return None if resolved is _NO_VALUE else resolved


def references(node: Json) -> Iterator[str]:
    """The names ("Table" or "Table.Arn") that `node` still refers to."""
    call = _call(node)
    if call == "Ref":
        yield node["Ref"]
    elif call == "Fn::GetAtt":
        yield _attribute_name(node["Fn::GetAtt"])
    elif call == "Fn::Sub":
        yield from _references_of_sub(node["Fn::Sub"])
    elif isinstance(node, dict):
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def _references_of_sub(argument: Json) -> Iterator[str]:
    text, local = (argument, {}) if isinstance(argument, str) else argument
    for escaped, name in _VARIABLE.findall(text):
        if not escaped and name not in local:
            yield name
    yield from references(local)


def condition(name: str, values: Values) -> bool:
    """The truth of a named condition of the template."""
    return _truth(values.conditions[name], values)


def _truth(node: Json, values: Values) -> bool:
    if isinstance(node, dict) and set(node) == {"Condition"}:
        return condition(node["Condition"], values)
    call = _call(node)
    if call == "Fn::Equals":
        left, right = (resolve(side, values) for side in node[call])
        return str(left) == str(right)
    if call == "Fn::Not":
        return not _truth(node[call][0], values)
    if call == "Fn::And":
        return all(_truth(part, values) for part in node[call])
    if call == "Fn::Or":
        return any(_truth(part, values) for part in node[call])
    raise ValueError(f"not a condition function: {node!r}")


def _call(node: Json) -> str | None:
    if isinstance(node, dict) and len(node) == 1:
        name: str = next(iter(node))
        if name == "Ref" or name.startswith("Fn::"):
            return name
    return None


def _resolve(node: Json, values: Values) -> Json:
    call = _call(node)
    if call is not None:
        handler = _FUNCTIONS.get(call)
        if handler is None:
            raise ValueError(f"the local stack does not know {call}")
        return handler(node[call], values)
    if isinstance(node, dict):
        pairs = ((key, _resolve(value, values)) for key, value in node.items())
        return {key: value for key, value in pairs if value is not _NO_VALUE}
    if isinstance(node, list):
        items = (_resolve(item, values) for item in node)
        return [item for item in items if item is not _NO_VALUE]
    return node


def _ref(name: str, values: Values) -> Json:
    # AWS::NoValue "removes the corresponding resource property" ("Pseudo parameters").
    if name == "AWS::NoValue":
        return _NO_VALUE
    return values.refs.get(name, {"Ref": name})


def _attribute_name(argument: Json) -> str:
    return argument if isinstance(argument, str) else ".".join(argument)


def _get_att(argument: Json, values: Values) -> Json:
    name = _attribute_name(argument)
    return values.attributes.get(name, {"Fn::GetAtt": name.split(".", 1)})


def _sub(argument: Json, values: Values) -> Json:
    text, local = (argument, {}) if isinstance(argument, str) else argument
    local = _resolve(local, values)
    known = {name: value for name, value in local.items() if _is_plain(value)}
    unknown = {name: value for name, value in local.items() if name not in known}
    lookup = {**values.refs, **values.attributes, **known}
    names = [name for escaped, name in _VARIABLE.findall(text) if not escaped]
    complete = all(name in lookup and name not in unknown for name in names)

    def replaced(match: re.Match[str]) -> str:
        escaped, name = match.groups()
        if escaped:
            # "${!Literal}" "resolves to ${Literal}", and must survive until the last pass.
            return f"${{{name}}}" if complete else match.group(0)
        if name in unknown or name not in lookup:
            return match.group(0)
        return _text(lookup[name])

    result = _VARIABLE.sub(replaced, text)
    if complete:
        return result
    return {"Fn::Sub": [result, unknown] if unknown else result}


def _join(argument: Json, values: Values) -> Json:
    separator, parts = argument[0], _resolve(argument[1], values)
    if isinstance(parts, str):
        # A Ref to a CommaDelimitedList parameter, given as its text.
        parts = parts.split(",") if parts else []
    if _is_plain(parts):
        return separator.join(_text(part) for part in parts)
    return {"Fn::Join": [separator, parts]}


def _select(argument: Json, values: Values) -> Json:
    index, items = _resolve(argument[0], values), _resolve(argument[1], values)
    return items[int(index)] if isinstance(items, list) else {"Fn::Select": [index, items]}


def _split(argument: Json, values: Values) -> Json:
    text = _resolve(argument[1], values)
    return text.split(argument[0]) if isinstance(text, str) else {"Fn::Split": [argument[0], text]}


def _if(argument: Json, values: Values) -> Json:
    name, then, otherwise = argument
    return _resolve(then if condition(name, values) else otherwise, values)


def _find_in_map(argument: Json, values: Values) -> Json:
    keys = _resolve(argument, values)
    if not _is_plain(keys):
        return {"Fn::FindInMap": keys}
    name, first, second = map(_text, keys)
    return values.mappings[name][first][second]


def _is_plain(node: Json) -> bool:
    if _call(node) is not None:
        return False
    if isinstance(node, dict):
        return all(_is_plain(value) for value in node.values())
    return all(_is_plain(item) for item in node) if isinstance(node, list) else True


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_FUNCTIONS: dict[str, Callable[[Json, Values], Json]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::If": _if,
    "Fn::FindInMap": _find_in_map,
}


def listed(value: Any) -> tuple[str, ...]:
    """A list, or the text of a CommaDelimitedList parameter."""
    parts = value.split(",") if isinstance(value, str) else value or []
    return tuple(part.strip() for part in parts if part.strip())
