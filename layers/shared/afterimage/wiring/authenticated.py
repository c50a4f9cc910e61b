"""HTTP routes behind the one check of tokens that every route passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from afterimage.adapters.issuer_keys import IssuerKeys, fetch_json
from afterimage.adapters.tokens import TokenVerifier
from afterimage.http.api import Handler, HttpApi
from afterimage.http.routes import Route
from afterimage.measured import Measured
from afterimage.wiring.connected import Connected

# API Gateway's event and Lambda's context in, a response of payload format 2.0 out.
HttpFunction = Measured[[dict[str, Any], Any], dict[str, Any]]


def issuer_keys(base: Connected) -> IssuerKeys:
    """The keys of the issuer that the public configuration names."""
    return IssuerKeys(base.public("issuer"), fetch_json(requests.Session()), base.log)


def models_of(handlers: Mapping[Route, Handler]) -> None:
    """Builds the models of what these routes take, which are built at first use."""
    for route in handlers:
        for model in (route.parameters, route.query, route.body):
            if model is not None:
                model.model_rebuild()


def authenticated(
    base: Connected, handlers: Mapping[Route, Handler], keys: IssuerKeys | None = None
) -> HttpApi:
    """Every route with its handler, and 404 for the rest.

    Args:
        keys: the issuer's, where somebody else needs them, too.
    """
    keys = keys or issuer_keys(base)
    verifier = TokenVerifier(base.public("issuer"), base.public("audience"), keys)
    return HttpApi(
        handlers=handlers,
        caller_of=verifier.caller_of,
        clock=base.clock,
        log=base.log,
        metrics=base.metrics,
    )
