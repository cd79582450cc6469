"""A process's metrics, read from its admin port."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from ops.client.errors import ProtocolError
from ops.client.http_client import HttpClient

SCRAPE_TIMEOUT_S = 2.0


class Samples:
    """One scrape: each sample's name, labels and value."""

    def __init__(self, text: str) -> None:
        self._samples: dict[str, list[tuple[Mapping[str, str], float]]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._samples.setdefault(sample.name, []).append((sample.labels, sample.value))

    def total(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name that have these labels; 0 where there are none."""
        wanted = labels.items()
        return sum(value for have, value in self._samples.get(name, []) if wanted <= have.items())

    def __contains__(self, name: str) -> bool:
        return name in self._samples


async def scrape(admin: str, *, timeout_s: float = SCRAPE_TIMEOUT_S) -> Samples:
    """``GET /metrics`` at ``host:port``. Raises ``ClientError`` where there is no such answer in time."""
    async with HttpClient(f"http://{admin}", timeout_s=timeout_s) as http:
        response = await http.request("GET", "/metrics")
    if response.status != 200:
        raise ProtocolError(f"{admin} answered /metrics with {response.status}")
    return Samples(response.body.decode())
