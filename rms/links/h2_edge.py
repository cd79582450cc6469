"""The HTTP/2 edge: a link for every connection, and an answer to every request."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Final

from rms.hub import Hub
from rms.joining import Joiner
from rms.links.h2_connection import H2Limits
from rms.links.h2_headers import H2Request
from rms.links.h2_link import H2Link
from rms.links.socket_link import DEFAULT_USER_TIMEOUT_S
from rms.metrics import ServiceMetrics
from rms.reasons import LinkEnd, RefusalReason
from rms.reception import Answer, Reception
from rms.stream_request import stream_headers

DEFAULT_LINK_BUFFER_BYTES: Final = 256 * 1024
"""What the kernel may hold for one link: what is in it cannot be joined any more with what comes next."""


class H2Edge:
    """Makes a link of each connection it is given, and viewers for ``hub`` of its requests.

    At most ``max_links`` at a time: a proxy has one for each of its workers.
    """

    def __init__(
        self,
        *,
        hub: Hub,
        reception: Reception,
        metrics: ServiceMetrics,
        limits: H2Limits | None = None,
        max_links: int = 1_000,
        greeting_timeout_s: float = 10.0,
        user_timeout_s: float = DEFAULT_USER_TIMEOUT_S,
        send_buffer_bytes: int = DEFAULT_LINK_BUFFER_BYTES,
        charge: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._hub = hub
        self._reception = reception
        self._metrics = metrics
        self._limits = limits or H2Limits()
        self._max_links = max_links
        self._greeting_timeout_s = greeting_timeout_s
        self._user_timeout_ms = round(user_timeout_s * 1000)
        self._send_buffer_bytes = send_buffer_bytes
        self._charge = charge
        self._links: set[H2Link] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._draining = False
        metrics.link_buffered_bytes.set_function(lambda: sum(link.buffered for link in self._links))
        metrics.waiting_requests.set_function(lambda: self.waiting_requests)

    def __len__(self) -> int:
        """Links."""
        return len(self._links)

    @property
    def viewers(self) -> int:
        """Open streams of all links."""
        return sum(len(link) for link in self._links)

    @property
    def waiting_requests(self) -> int:
        """Requests of all links that have come and not had their turn."""
        return sum(link.waiting for link in self._links)

    def adopt(self, connection: socket.socket) -> None:
        """Serves an accepted connection, of which nothing has been read."""
        if len(self._links) >= self._max_links:
            self._metrics.link_ends.labels(LinkEnd.TOO_MANY_LINKS).inc()
            connection.close()
            return
        link = H2Link(
            connection,
            self,
            limits=self._limits,
            greeting_timeout_s=self._greeting_timeout_s,
            charge=self._charge,
        )
        self._links.add(link)
        self._metrics.links.set(len(self._links))
        task = asyncio.create_task(self._start(link, connection), name="h2 link")
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    def drain(self) -> None:
        """Has no more streams opened; those that are open go on, and their links go with the last of them."""
        self._draining = True
        for link in self._links:
            link.drain()

    async def aclose(self) -> None:
        """Closes every viewer and every link. Idempotent."""
        self._draining = True
        await asyncio.gather(*self._starting)
        await asyncio.gather(*(link.aclose() for link in list(self._links)))

    # -- what links report -------------------------------------------------------------------------------------

    def on_request(self, link: H2Link, request: H2Request) -> None:
        received = self._reception.receive(request.method, request.target, request.headers, has_body=request.has_body)
        if isinstance(received, Answer):
            link.answer(request, received.status, received.headers, received.body)
            return
        viewer = link.open_viewer(request, stream_headers(gzip=received.accepts_gzip))
        opening = self._reception.opening(received.video)
        self._hub.join(received.video, Joiner.of(received, viewer, opening))

    def on_refused(self) -> None:
        self._metrics.refused.labels(RefusalReason.LINK_FULL, "refused_stream").inc()

    def on_reading_paused(self) -> None:
        self._metrics.reading_pauses.inc()

    def on_end(self, link: H2Link, reason: LinkEnd) -> None:
        self._links.discard(link)
        self._metrics.links.set(len(self._links))
        self._metrics.link_ends.labels(reason).inc()

    async def _start(self, link: H2Link, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self._user_timeout_ms)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._send_buffer_bytes)
            await link.start()
        except OSError:  # it broke just now
            connection.close()
            self.on_end(link, LinkEnd.HUNG_UP)
            return
        if self._draining:
            link.drain()
