#!/bin/sh
# SAM's translator copies the whole description of an HTTP API five times for each of its routes.
#
# Seen with aws-sam-translator 1.115.0 on 2026-11-30.
#
# Each event of the type HttpApi is a route. For each the translator opens the description of the whole
# API in an editor, which copies it, takes it out again, which copies it once more, and does so in several
# steps, one after the other. Nobody looks at the copies again. So the time grows with the square of the
# number of routes: of forty routes the copies are more than half of what the translation takes, of eighty
# nearly all. Where nothing is copied, the template that comes out is the same. (Of a REST API, Api, it is
# not: there a copy is needed somewhere.)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check aws-sam-translator==1.115.0

AWS_DEFAULT_REGION=eu-central-1 "$folder/venv/bin/python" - >"$folder/seen" 2>"$folder/log" <<'END'
import copy
import json
import time

from samtranslator.open_api import open_api
from samtranslator.translator.transform import transform


class NoManagedPolicies:
    def load(self):
        return {}


def template(routes):
    events = {
        f"Route{number}": {"Type": "HttpApi", "Properties": {"Path": f"/{number}", "Method": "get"}}
        for number in range(routes)
    }
    properties = {
        "Runtime": "python3.13",
        "Handler": "greet.handler",
        "CodeUri": "s3://bucket/code",
        "Events": events,
    }
    function = {"Type": "AWS::Serverless::Function", "Properties": properties}
    return {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Greet": function}}


def translated(routes, copying):
    """What comes out, and the processor's seconds."""
    was, open_api._deepcopy = open_api._deepcopy, copying
    begun = time.process_time()
    made = transform(template(routes), {}, NoManagedPolicies())
    open_api._deepcopy = was
    return json.dumps(made, sort_keys=True), time.process_time() - begun


def look(routes):
    sizes = []

    def counting(document):
        sizes.append(len(document["paths"]))
        return copy.deepcopy(document)

    made, _ = translated(routes, counting)
    times = sorted(translated(routes, copy.deepcopy)[1] for _ in range(3))
    kept, quick = translated(routes, lambda document: document)
    same = "the same" if kept == made else "another"
    print(f"{routes} routes: {len(sizes)} copies, with {sum(sizes)} routes in them;", end=" ")
    print(f"without them {same} template" + (", in less than half the time" * (routes > 20 and 2 * quick < times[0])))


for routes in (20, 40, 80):
    look(routes)
END
cat >"$folder/expected" <<'END'
20 routes: 104 copies, with 1680 routes in them; without them the same template
40 routes: 204 copies, with 6560 routes in them; without them the same template, in less than half the time
80 routes: 404 copies, with 25920 routes in them; without them the same template, in less than half the time
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"
