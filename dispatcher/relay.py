"""What originated here, sent once to each peer data centre."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import grpc

from dispatcher.item import Item
from dispatcher.outbox import Delivery, Outbox, Totals
from livecomments.v1 import dispatcher_pb2, dispatcher_pb2_grpc, event_pb2


class Relay:
    """One outbox for each peer of ``peers`` (data centre → its dispatchers' addresses), one stream each.

    The stream goes to one of the addresses and to the next one when that fails: the peer's dispatcher routes to every
    RMS there, so one is enough.
    """

    def __init__(self, peers: Mapping[str, Sequence[str]], open_outbox: Callable[[str], Outbox]) -> None:
        self._peers = peers
        self._open_outbox = open_outbox
        self._outboxes: dict[str, Outbox] = {}

    def __iter__(self) -> Iterator[Outbox]:
        return iter(self._outboxes.values())

    @property
    def queued(self) -> int:
        """Items that no peer has acknowledged yet, all peers together."""
        return sum(outbox.queued for outbox in self._outboxes.values())

    async def start(self) -> None:
        """Begins to connect to each peer."""
        for dc, addresses in self._peers.items():
            if dc not in self._outboxes:
                self._outboxes[dc] = self._open_outbox(dc)
                await self._outboxes[dc].connect(addresses)

    def put(self, items: Sequence[Item]) -> None:
        """Queues ``items`` for every peer. Only what came by Publish: a relayed item has made its one hop."""
        for outbox in self._outboxes.values():
            outbox.put(items)

    async def aclose(self) -> None:
        """Ends the streams."""
        await asyncio.gather(*(outbox.aclose() for outbox in self._outboxes.values()))
        self._outboxes.clear()


def _method(channel: grpc.aio.Channel) -> Any:
    return dispatcher_pb2_grpc.DispatcherStub(channel).Relay


def _batch(
    sequence: int, events: list[event_pb2.Event], heads: list[event_pb2.Head], _: Totals
) -> dispatcher_pb2.RelayBatch:
    return dispatcher_pb2.RelayBatch(sequence=sequence, events=events, heads=heads)


RELAY = Delivery(method=_method, batch=_batch)
