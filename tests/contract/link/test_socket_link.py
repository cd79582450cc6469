"""What only a link of plain sockets has to do."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from rms.links.socket_link import SocketLink
from rms.reasons import CloseReason
from rms.viewer import Viewer
from tests.contract.link.harness import RecordingAudience, SocketHarness, socket_harness
from tests.support.eventually import eventually


@pytest_asyncio.fixture
async def sockets() -> AsyncIterator[SocketHarness]:
    async for started in socket_harness():
        yield started


async def test_bytes_after_the_request_end_the_connection(sockets: SocketHarness, audience: RecordingAudience) -> None:
    viewer, peer = await sockets.open_viewer()
    viewer.audience = audience

    peer.connection.send(b"GET /again HTTP/1.1\r\n\r\n")

    await eventually(lambda: audience.ended == [(viewer, CloseReason.UNEXPECTED_INPUT)])


async def test_a_half_close_counts_as_hanging_up(sockets: SocketHarness, audience: RecordingAudience) -> None:
    viewer, peer = await sockets.open_viewer()
    viewer.audience = audience

    peer.connection.shutdown(socket.SHUT_WR)

    await eventually(lambda: audience.ended == [(viewer, CloseReason.HUNG_UP)])


async def test_a_connection_that_is_gone_already_is_refused(sockets: SocketHarness) -> None:
    sockets.connect()
    connection = sockets.accept()
    connection.close()

    with pytest.raises(OSError, match="Bad file descriptor"):
        sockets.link.adopt(connection)
    assert len(sockets.link) == 0


class Replacing(RecordingAudience):
    """At the first end it closes all the others, whose ends wait to be handled, and takes in new viewers, who get
    the descriptors' numbers that have become free."""

    def __init__(self, sockets: SocketHarness, others: list[Viewer]) -> None:
        super().__init__()
        self._sockets = sockets
        self._others = others
        self.new: list[Viewer] = []

    def detach(self, viewer: Viewer, reason: CloseReason) -> None:
        super().detach(viewer, reason)
        while self._others:
            self._others.pop().close()
            self.new.append(self._sockets.link.adopt(self._sockets.accept()))
            self.new[-1].audience = self


async def test_a_new_viewer_is_not_hit_by_the_end_of_an_old_one(sockets: SocketHarness) -> None:
    old = [await sockets.open_viewer() for _ in range(50)]
    audience = Replacing(sockets, [viewer for viewer, _ in old])
    for viewer, peer in old:
        viewer.audience = audience
        peer.reset()
    for _ in old:
        sockets.connect()

    await eventually(lambda: audience.new)
    await asyncio.sleep(0)

    assert len(audience.ended) == 1
    assert not [viewer for viewer in audience.new if viewer.closed]
    assert len(sockets.link) == len(old)


async def test_no_descriptor_is_left_behind() -> None:
    before = os.listdir("/proc/self/fd")
    async for sockets in socket_harness():
        for _ in range(10):
            _, peer = await sockets.open_viewer()
            peer.reset()
        await eventually(lambda: len(sockets.link) == 0)  # noqa: B023 - awaited within the turn
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_nothing_is_taken_before_start() -> None:
    before = os.listdir("/proc/self/fd")
    link = SocketLink()
    assert os.listdir("/proc/self/fd") == before
    with socket.socket() as connection, pytest.raises(RuntimeError, match="not started"):
        link.adopt(connection)
