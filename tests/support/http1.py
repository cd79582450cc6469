"""One HTTP/1.1 exchange, byte for byte, for what no HTTP client would send."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """What came until the other side closed. ``headers``: names in lower case; ``status`` 0 for no answer at all."""

    status: int
    headers: dict[str, str]
    body: bytes


async def exchange(port: int, request: str, *, timeout_s: float = 10.0) -> Answer:
    """Sends ``request`` to a port of this machine and reads until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(timeout_s):
            writer.write(request.encode("latin-1"))
            raw = await reader.read()
    finally:
        writer.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(first.split(" ")[1]) if first.startswith("HTTP/") else 0, fields, body)
