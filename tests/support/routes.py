"""Routes of the HTTP API that no table describes."""

from __future__ import annotations

from afterimage.http.routes import ROUTES

# What no other route takes, and is refused in the envelope. OPTIONS is not among them.
OTHERWISE = tuple(f"{method} /{{proxy+}}" for method in ("GET", "POST", "PUT", "PATCH", "DELETE"))
# API Gateway makes no GET of HEAD; of routes for it there is one beside each that is public.
HEADS = tuple(f"HEAD {route.path}" for route in ROUTES if route.public)
