"""What a process's admin port says."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.support.http1 import exchange


@dataclass(frozen=True)
class Readiness:
    """The answer of ``/readyz``."""

    status: int
    reasons: list[str]


async def metric(admin_port: int, name: str) -> float:
    """A sample of ``/metrics`` by its full name with labels; 0 where there is none."""
    body = (await exchange(admin_port, _get("/metrics"))).body.decode()
    samples = dict(line.rsplit(" ", 1) for line in body.splitlines() if not line.startswith("#"))
    return float(samples.get(name, 0))


async def readiness(admin_port: int) -> Readiness:
    """Whether a process takes work, and why not."""
    answer = await exchange(admin_port, _get("/readyz"))
    return Readiness(answer.status, json.loads(answer.body)["reasons"])


def _get(path: str) -> str:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
