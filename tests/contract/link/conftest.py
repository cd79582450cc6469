"""The links under the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest
import pytest_asyncio

from tests.contract.link.h2_harness import h2_harness
from tests.contract.link.harness import Harness, RecordingAudience, socket_harness

HARNESSES: dict[str, Callable[[], AsyncIterator[Harness]]] = {"socket_link": socket_harness, "h2_link": h2_harness}


@pytest_asyncio.fixture(params=HARNESSES)
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    async for started in HARNESSES[cast(str, request.param)]():
        yield started


@pytest.fixture
def audience() -> RecordingAudience:
    return RecordingAudience()
