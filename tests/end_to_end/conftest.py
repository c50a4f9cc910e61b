"""Who uses the running bundle: people of each test's own, and a word that no other test says."""

from __future__ import annotations

import uuid

import httpx
import pytest
from tests.local_stack.testing import RunningStack


@pytest.fixture
def word() -> str:
    """Tells this test's calls of the simulator from all others."""
    return uuid.uuid4().hex


@pytest.fixture
def user(word: str) -> str:
    """Alice's id."""
    return f"alice-{word[:8]}"


@pytest.fixture
def alice(stack: RunningStack, user: str) -> httpx.Client:
    return stack.http(user)


@pytest.fixture
def bob(stack: RunningStack, word: str) -> httpx.Client:
    return stack.http(f"bob-{word[:8]}")
