"""What every function has: clock, log, AWS and the public configuration."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

import boto3.session
import botocore.session
from aws_lambda_powertools import Logger
from botocore.config import Config

from afterimage import settings
from afterimage.adapters.clients import QUICK
from afterimage.adapters.kept_texts import Cached, parameter, secret
from afterimage.adapters.system import PowertoolsLog, SystemClock

# botocore makes the classes of its clients when they are asked for, so they have no types.
Client = Callable[[], Any]


class Aws:
    """One session and its clients, which are boto3's.

    All come from one botocore session, because each further one costs a cold start as much as its
    first client.
    """

    def __init__(self) -> None:
        self.session = botocore.session.get_session()
        self._boto3: Any = boto3.session.Session(botocore_session=self.session)
        self.making = threading.Lock()  # a session makes one client at a time
        self._clients: list[Client] = []

    def client(self, service: str, config: Config = QUICK, url: str | None = None) -> Client:
        """A client, made when it is first asked for."""

        @cache
        def made() -> Any:
            return self._boto3.client(service, config=config, endpoint_url=url)

        def locked() -> Any:
            with self.making:
                return made()

        self._clients.append(locked)
        return locked

    def make_clients(self) -> None:
        """All that were spoken of, at once."""
        for client in self._clients:
            client()


class Base:
    """Args: configured: with the names of the SSM parameters.

    Attributes:
        model_catalogue: the operator's own models, as JSON; read when it is first called for.
    """

    def __init__(self, logger: Logger, configured: settings.ParameterSettings) -> None:
        self.aws = Aws()
        self.secrets = self.aws.client("secretsmanager")
        self._secret = cache(lambda name: Cached(secret(self.secrets, name), self.log))
        self.clock = SystemClock()
        self.log = PowertoolsLog(logger)
        self._ssm = self.aws.client("ssm")
        self._public_config = self.parameter(configured.public_config_parameter)
        self.model_catalogue = self.parameter(configured.model_catalogue_parameter)
        # Once for each text, not for each of the hundred URLs of a page of pictures.
        self._parsed = lru_cache(maxsize=1)(_parse)

    def parameter(self, name: str) -> Callable[[], str]:
        """A parameter of Systems Manager, read at first use and again every five minutes."""
        return Cached(parameter(self._ssm, name), self.log)

    def public_config(self) -> Mapping[str, str]:
        return self._parsed(self._public_config())

    def public(self, name: str) -> Callable[[], str]:
        """One value of the public configuration, read when it is called for."""
        return lambda: self.public_config()[name]

    def secret(self, name: str) -> Callable[[], str]:
        """A secret's value, read at first use and again every five minutes."""
        return self._secret(name)


def _parse(public_config: str) -> Mapping[str, str]:
    return settings.PublicConfig.parse(public_config).values
