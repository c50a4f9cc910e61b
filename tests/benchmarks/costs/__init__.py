"""What a thousand pictures cost beside the model, and which limit is met first: from counts.

`python -m tests.benchmarks.costs` prints both from the counts in `recorded.json`, `--write` puts
them into docs/; `python -m tests.benchmarks --only costs` counts anew on a running stack, and
`--count` of the former also records it. Nothing here has seen a bill.
"""
