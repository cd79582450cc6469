"""The public contract's tables, asked of a running cluster through Envoy, each in its own file."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest

from tests.e2e.contract.asking import Asking
from tests.support.cluster import Cluster


@pytest.fixture
async def ask(cluster: Cluster) -> AsyncIterator[Asking]:
    async with Asking(cluster) as asking:
        yield asking


@pytest.fixture
def video() -> str:
    """One that no other test uses."""
    return f"contract-{uuid.uuid4().hex[:12]}"
