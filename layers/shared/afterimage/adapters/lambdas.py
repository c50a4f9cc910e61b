"""The bundle's other functions, asked to do something without waiting for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from afterimage.domain.errors import ProviderUnavailable
from afterimage.ports.system import Log

if TYPE_CHECKING:
    from afterimage.domain.deletions import Deletion
    from afterimage.domain.jobs import Job
    from afterimage.domain.stock import StockJob
    from afterimage.domain.web_push import Notice


class _Lambda:
    """A function that is asked to do something.

    Args:
        correlation_id: follows what is asked into the function's log.
    """

    def __init__(
        self, client: Callable[[], Any], function: str, correlation_id: Callable[[], str | None]
    ) -> None:
        self._client = client
        self._function = function
        self._correlation_id = correlation_id

    def _ask(self, asked: dict[str, Any]) -> None:
        """Raises: ClientError, BotoCoreError (it could not be asked, or nobody knows)."""
        payload = {**asked, "correlation_id": self._correlation_id()}
        invoke_event(self._client(), self._function, payload)


class LambdaPainter(_Lambda):
    """Implements `ImageStarter` and `StockStarter`."""

    def start(self, user_id: str, job: Job) -> None:
        self._ask_for(
            {
                "user_id": user_id,
                "chat_id": job.chat_id,
                "message_id": job.message_id,
                "job_id": job.id,
                "attempt": job.attempt,
            }
        )

    def start_stock(self, job: StockJob) -> None:
        self._ask_for({"stock": {"suggestion": job.suggestion, "picture": job.picture}})

    def _ask_for(self, picture: dict[str, Any]) -> None:
        try:
            self._ask(picture)
        except (ClientError, BotoCoreError) as error:
            raise ProviderUnavailable(f"invoke failed: {type(error).__name__}") from error


class _LambdaKeeper(_Lambda):
    """The keeper. Where it could not be asked, that stops nobody."""

    def __init__(
        self,
        client: Callable[[], Any],
        function: str,
        correlation_id: Callable[[], str | None],
        log: Log,
    ) -> None:
        super().__init__(client, function, correlation_id)
        self._log = log

    def _tell(self, asked: dict[str, Any], failed: str) -> None:
        """Args: failed: the warning where it could not be asked."""
        try:
            self._ask(asked)
        except (ClientError, BotoCoreError) as error:
            self._log.warning(failed, reason=type(error).__name__)


class LambdaDeletionStarter(_LambdaKeeper):
    """Implements `DeletionStarter`. One that is not started is found by the next sweep."""

    def start(self, user_id: str, deletion: Deletion) -> None:
        deleted = {"user_id": user_id, "name": deletion.name}
        self._tell({"deletion": deleted}, "deletion_not_started")


class LambdaTeller(_LambdaKeeper):
    """Implements `Teller`. Where it does not reach the keeper, who comes back sees the answer."""

    def tell(self, user_id: str, notice: Notice) -> None:
        self._tell({"push": {"user_id": user_id, **asdict(notice)}}, "browsers_not_told")


def invoke_event(client: Any, function: str, payload: dict[str, Any]) -> None:
    """Have a function run soon, without waiting for it.

    Raises:
        ClientError, BotoCoreError: it could not be asked, or nobody knows.
    """
    client.invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps(payload).encode()
    )
