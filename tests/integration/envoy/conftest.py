from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.envoy import Edge, running_edge


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    """Envoy before three RMS and two comment services."""
    async with running_edge(tmp_path / "envoy") as edge:
        yield edge
