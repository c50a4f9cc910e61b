#!/bin/sh
# openapi-typescript makes a field of a request that has a default one that must be sent.
#
# Seen with openapi-typescript 7.13.0 (npm) on 2026-11-29.
#
# In JSON Schema, `default` says what a field means that was left out; whether it may be left out is
# said by `required`. Of a schema that requires `text` alone, openapi-typescript makes a type that wants
# every field with a `default`, `null` among them, so that a client that sends `{text}` does not
# compile. In an answer that is meant kindly: who reads always finds the field. But one type serves both
# ways, and pydantic writes a default for each optional field. `--default-non-nullable=false` makes it
# right, in the hands of whoever generates, who must know of it; without a default it is right for all.
#
# Needs node and npm.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --ignore-scripts --no-audit --no-fund openapi-typescript@7.13.0 typescript@5.9.3 >npm

cat >question.json <<'END'
{"openapi": "3.1.0", "info": {"title": "Questions", "version": "1"}, "paths": {},
 "components": {"schemas": {"Question": {"type": "object", "required": ["text"], "properties": {
   "text": {"type": "string"},
   "count": {"type": "integer"},
   "size": {"type": "string", "default": "1K"},
   "model": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null}}}}}}
END
cat >asked.ts <<'END'
import type { components } from "./question";
export const question: components["schemas"]["Question"] = { text: "paint a fox" };
END

look() { # the generator's options
  npx --no-install openapi-typescript question.json -o question.ts "$@" >said 2>&1
  grep -oE '(text|count|size|model)\??:' question.ts | tr '\n' ' '
  if npx --no-install tsc --noEmit --strict asked.ts >refused; then echo "and {text} compiles"; else
    grep -o 'missing the following properties' refused; grep -o 'size, model$' refused; fi | tr '\n' ' '
}
{
  echo as it comes: $(look)
  echo with the option: $(look --default-non-nullable=false)
} >seen
cat >expected <<'END'
as it comes: text: count?: size: model: missing the following properties size, model
with the option: text: count?: size?: model?: and {text} compiles
END
cat seen
diff expected seen && echo "as found"
