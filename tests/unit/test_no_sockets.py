"""The rule that keeps this folder fast, itself under test."""

from __future__ import annotations

import socket

import pytest


def test_a_unit_test_cannot_connect() -> None:
    with socket.socket() as one, pytest.raises(AssertionError, match="must not open a socket"):
        one.connect(("127.0.0.1", 9))
