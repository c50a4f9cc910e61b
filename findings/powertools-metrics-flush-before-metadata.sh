#!/bin/sh
# Powertools writes a metric's first hundred values without the metadata that follow.
#
# Seen with aws-lambda-powertools 3.37.0 on 2026-11-29.
#
# One line of CloudWatch's embedded metric format holds at most a hundred values of a metric. The
# hundredth one therefore makes Powertools write a line by itself, at once. What is added afterwards
# and was meant for all of them (metadata such as a correlation id) stands in the last line only, and
# neither the call nor a warning says so. Who adds metadata first has it in every line.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check aws-lambda-powertools==3.37.0

"$folder/venv/bin/python" - >"$folder/seen" <<'END'
import contextlib
import io
import json

from aws_lambda_powertools.metrics import EphemeralMetrics


def lines(values, metadata_first):
    metrics = EphemeralMetrics(namespace="Shop", service="till")
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        if metadata_first:
            metrics.add_metadata("order", "17")
        for number in range(values):
            metrics.add_metric("Wait", "Milliseconds", number)
        if not metadata_first:
            metrics.add_metadata("order", "17")
        metrics.flush_metrics()
    made = [json.loads(line) for line in written.getvalue().splitlines()]
    return [(len(line["Wait"]), line.get("order", "none")) for line in made]


for values in (99, 101):
    for first in (False, True):
        said = ", ".join(f"{count} with order {order}" for count, order in lines(values, first))
        print(f"{values} values, metadata {'before' if first else 'after'} them: {said}")
END
cat >"$folder/expected" <<'END'
99 values, metadata after them: 99 with order 17
99 values, metadata before them: 99 with order 17
101 values, metadata after them: 100 with order none, 1 with order 17
101 values, metadata before them: 100 with order 17, 1 with order 17
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"
