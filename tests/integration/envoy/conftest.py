from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.backend import Link
from tests.support.envoy import Edge, running_edge


@pytest.fixture
def rms_link() -> Link:
    """How Envoy reaches the RMS. What depends on it is tested over both, by a fixture of its own."""
    return "h2"


@pytest.fixture
async def edge(tmp_path: Path, rms_link: Link) -> AsyncIterator[Edge]:
    """Envoy before three RMS and two comment services."""
    async with running_edge(tmp_path / "envoy", rms_link=rms_link) as edge:
        yield edge
