"""Builds the real thing: one module for each Lambda function, each with one `build`.

Beside them is what several of them have alike. What a function needs is imported where its module
is, so that Lambda's start-up phase, which has the whole processor, does it. Clients, sessions and
settings are made by `build`, at the first invocation. Everything is passed by name. So a `build`
may be long: it is a list of what there is, each below what it needs, without a branch.
"""
