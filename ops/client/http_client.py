"""HTTP/1.1 requests over a bounded pool of kept connections."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from ops.client.endpoint import Endpoint
from ops.client.errors import ProtocolError, UnreachableError, reason_of
from ops.client.http1 import ResponseHead, ResponseParser

MAX_BODY_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Response:
    """A whole answer."""

    head: ResponseHead
    body: bytes

    @property
    def status(self) -> int:
        return self.head.status


class HttpClient:
    """Requests to one origin.

    Args:
        url: the origin, e.g. ``http://127.0.0.1:8080``.
        max_connections: requests under way at once; further ones wait.
        timeout_s: of a request, connecting and waiting for a connection included.
    """

    def __init__(self, url: str, *, max_connections: int = 16, timeout_s: float = 10.0) -> None:
        self._endpoint = Endpoint.parse(url)
        self._slots = asyncio.Semaphore(max_connections)
        self._idle: list[_Connection] = []
        self._timeout_s = timeout_s

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Response:
        """Sends a request and reads its whole answer, whatever its status.

        Raises ``UnreachableError`` where there is none in time, ``ProtocolError`` where it is not HTTP/1.1.
        A request is sent once: whether to try again is the caller's to decide.
        """
        where = self._endpoint.authority
        request = _encode(method, path, where, headers or {}, body)
        try:
            async with asyncio.timeout(self._timeout_s), self._slots:
                connection = await self._connection()
                try:
                    response = await connection.exchange(request)
                except BaseException:
                    connection.close()
                    raise
                self._keep(connection)
                return response
        except TimeoutError:
            raise UnreachableError(f"no answer from {where} within {self._timeout_s:g} s") from None
        except OSError as error:
            raise UnreachableError(f"cannot reach {where}: {reason_of(error)}") from None

    async def aclose(self) -> None:
        """Closes the kept connections. Idempotent."""
        while self._idle:
            self._idle.pop().close()

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
            connection.close()
        endpoint = self._endpoint
        return _Connection(*await asyncio.open_connection(endpoint.host, endpoint.port, ssl=endpoint.tls))

    def _keep(self, connection: _Connection) -> None:
        if connection.usable:
            self._idle.append(connection)
        else:
            connection.close()


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._reusable = True

    @property
    def usable(self) -> bool:
        return self._reusable and not self._reader.at_eof() and not self._writer.is_closing()

    async def exchange(self, request: bytes) -> Response:
        self._writer.write(request)
        parser = ResponseParser()
        body = bytearray()
        while not parser.done:
            data = await self._reader.read(65_536)
            if not data:
                parser.feed_eof()
                break
            body += parser.feed(data)
            if len(body) > MAX_BODY_BYTES:
                raise ProtocolError(f"the answer is longer than {MAX_BODY_BYTES} bytes")
        assert parser.head is not None
        self._reusable = parser.reusable
        return Response(parser.head, bytes(body))

    def close(self) -> None:
        self._writer.close()


def _encode(method: str, path: str, authority: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {authority}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + (body or b"")
