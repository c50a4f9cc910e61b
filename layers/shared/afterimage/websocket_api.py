"""The way in from API Gateway's WebSocket API: the authorizer, the connection, its frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from afterimage.actions import Ping, Report, Resume, Typing, Visible, parsed
from afterimage.domain.callers import Caller
from afterimage.domain.metrics import Metric
from afterimage.ports.system import Log, Metrics
from afterimage.use_cases.limit_connections import LimitConnections
from afterimage.use_cases.open_connection import Tickets
from afterimage.use_cases.report_wait import FeltWait, ReportWait
from afterimage.use_cases.resume_channel import ResumeChannel

_DONE = {"statusCode": 200}
_ENDS_AT = "token_ends_at"  # seconds since 1970
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class WebSocketApi:
    """Spends tickets, registers and replays at `resume`, answers pings, takes reports.

    Args:
        warm: is told whose user begins to write.
    """

    def __init__(
        self,
        tickets: Tickets,
        channel: ResumeChannel,
        limit: LimitConnections,
        report: ReportWait,
        warm: Callable[[str], None],
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._tickets = tickets
        self._channel = channel
        self._limit = limit
        self._report = report
        self._warm = warm
        self._log = log
        self._metrics = metrics

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """One event of the WebSocket API: a REQUEST authorization or a route's."""
        del context
        if event.get("type") == "REQUEST":
            return self._authorize(event)
        request = event["requestContext"]
        route, connection_id = request["routeKey"], request["connectionId"]
        authorizer = request.get("authorizer") or {}
        if route == "$disconnect" and "principalId" not in authorizer:
            # Nothing was ever stored of a connection that the authorizer let nobody in by.
            self._log.info("websocket_stranger_disconnected", connection_id=connection_id)
            return _DONE
        caller = _caller(authorizer)
        match route:
            case "$connect":
                # Registered at `resume`: before that, API Gateway answers a post with 410.
                self._limit.enter(caller.user_id, connection_id)
                self._log.info("websocket_connected", connection_id=connection_id)
            case "$disconnect":
                self._channel.leave(caller.user_id, connection_id)
                self._log.info("websocket_disconnected", connection_id=connection_id)
            case _ if self._channel.admits(caller, connection_id):
                self._frame(caller, connection_id, event.get("body"))
            case _:
                self._log.info("websocket_token_expired", connection_id=connection_id)
        return _DONE

    def _authorize(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The ticket's user may connect, once; API Gateway answers anybody else with 403."""
        ticket = (event.get("queryStringParameters") or {}).get("ticket", "")
        caller = self._spent(ticket)
        self._log.info("websocket_ticket_spent" if caller else "websocket_ticket_refused")
        if not caller:
            self._metrics.add(Metric.TICKETS_REFUSED)
        statement = {
            "Action": "execute-api:Invoke",
            "Effect": "Allow" if caller else "Deny",
            "Resource": event["methodArn"],
        }
        return {
            "principalId": caller.user_id if caller else "nobody",
            "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "context": _context(caller) if caller else {},
        }

    def _spent(self, ticket: str) -> Caller | None:
        try:
            return self._tickets.spend(ticket)
        except Exception:
            # API Gateway answers 500; in Lambda's own figures it is one error of this function.
            self._metrics.add(Metric.AUTHORIZER_ERRORS)
            raise

    def _frame(self, caller: Caller, connection_id: str, body: object) -> None:
        user_id = caller.user_id
        match parsed(body):
            case Resume(after=after):
                self._channel.resume(caller, connection_id, after)
                self._log.info("websocket_resumed", connection_id=connection_id, after=after)
            case Ping():
                self._channel.pong(user_id, connection_id)
            case Report() as report:
                self._report(user_id, felt(report))
            case Typing():
                self._warm(user_id)
            case Visible(value=value):
                self._channel.look(user_id, connection_id, is_looking=value)
            case None:
                self._channel.complain(
                    user_id, connection_id, "invalid", "This frame was not understood."
                )
                self._log.info("websocket_frame_refused", connection_id=connection_id)


def _context(caller: Caller) -> dict[str, str]:
    """What API Gateway repeats with every further event of the connection, as texts."""
    return {_ENDS_AT: str(int(caller.until.timestamp()))}


def _caller(authorizer: Mapping[str, str]) -> Caller:
    end = authorizer.get(_ENDS_AT)  # missing where an earlier version let the connection in
    until = _NEVER if end is None else datetime.fromtimestamp(int(end), UTC)
    return Caller(authorizer["principalId"], until)


def felt(report: Report) -> FeltWait:
    return FeltWait(report.message_id, report.placeholder_ms, report.preview_ms, report.picture_ms)
