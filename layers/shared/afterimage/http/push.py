"""`PUT` and `DELETE /push/subscription`."""

from __future__ import annotations

from dataclasses import dataclass

from afterimage.http import routes, taken
from afterimage.http.api import Handler, Request, Response
from afterimage.http.routes import Route
from afterimage.use_cases.subscribe import Subscribe


@dataclass(frozen=True)
class PushRoutes:
    """Which browsers are told when nobody looks."""

    subscribe: Subscribe

    def handlers(self) -> dict[Route, Handler]:
        """Each route with what answers it."""
        return {
            routes.PUT_SUBSCRIPTION: self.put_subscription,
            routes.DELETE_SUBSCRIPTION: self.delete_subscription,
        }

    def put_subscription(self, request: Request) -> Response:
        """204, again and again. Raises: Invalid (the endpoint)."""
        asked = request.body(taken.PutSubscription)
        self.subscribe(request.user_id, asked.endpoint, asked.keys.p256dh, asked.keys.auth)
        return Response(None, 204)

    def delete_subscription(self, request: Request) -> Response:
        """204, also where there is no such subscription."""
        asked = request.body(taken.DeleteSubscription)
        self.subscribe.end(request.user_id, asked.endpoint)
        return Response(None, 204)
