"""The gRPC edge refuses what breaks the contract, and says which field."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from livecomments.v1 import event_pb2, realtime_messaging_pb2
from rms.server import RmsServer
from tests.integration.rms.conftest import Connect, Watch
from tests.integration.rms.node import CommentNode, Refused, Writer
from tests.support.eventually import eventually

DeliverBatch = realtime_messaging_pb2.DeliverBatch
ViewerCount = realtime_messaging_pb2.ViewerCount


def batch(**fields: object) -> DeliverBatch:
    """A well-formed batch of one event, but for ``fields``."""
    event = Writer().event(Writer().comment())
    for name, value in fields.items():
        setattr(event, name, value)
    return DeliverBatch(sequence=1, events=[event])


@pytest.mark.parametrize(
    ("make", "code", "named"),
    [
        (lambda: batch(live_video_id="no video"), "INVALID_ARGUMENT", "events[0].live_video_id"),
        (lambda: batch(live_video_id=""), "INVALID_ARGUMENT", "events[0].live_video_id"),
        (lambda: batch(event_id=0), "INVALID_ARGUMENT", "events[0].event_id"),
        (lambda: batch(kind=0), "INVALID_ARGUMENT", "events[0].kind"),
        (lambda: batch(kind=77), "INVALID_ARGUMENT", "events[0].kind"),
        (lambda: batch(origin=""), "INVALID_ARGUMENT", "events[0].origin"),
        (lambda: batch(origin="o" * 201), "INVALID_ARGUMENT", "events[0].origin"),
        (lambda: batch(data=b"a\ndata: b"), "INVALID_ARGUMENT", "events[0].data"),
        (lambda: batch(data=b"x" * 65_537), "RESOURCE_EXHAUSTED", "events[0].data"),
        (lambda: DeliverBatch(sequence=7), "INVALID_ARGUMENT", "sequence"),
        (lambda: DeliverBatch(sequence=1, viewers=[ViewerCount(count=1)]), "INVALID_ARGUMENT", "viewers[0].live_video"),
        (lambda: DeliverBatch(sequence=1, viewers=[ViewerCount()] * 1001), "RESOURCE_EXHAUSTED", "viewers"),
        (
            lambda: DeliverBatch(sequence=1, heads=[event_pb2.Head(live_video_id="v", origin="o")]),
            "INVALID_ARGUMENT",
            "heads[0].last_id",
        ),
        (
            lambda: DeliverBatch(sequence=1, heads=[event_pb2.Head()] * 1001),
            "RESOURCE_EXHAUSTED",
            "heads",
        ),
    ],
)
async def test_a_malformed_batch_ends_the_stream(
    rms: RmsServer, connect: Connect, make: Callable[[], DeliverBatch], code: str, named: str
) -> None:
    with pytest.raises(Refused) as refused:
        await connect(rms).send(make())
    assert refused.value.code == code
    assert refused.value.details.startswith(named)


async def test_another_stream_is_not_harmed(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    viewer = await watch(rms)
    good, bad = connect(rms), connect(rms)
    writer = Writer()
    await good.deliver([writer.event(writer.comment())])
    with pytest.raises(Refused):
        await bad.send(batch(event_id=0))
    await good.deliver([writer.event(writer.comment())])
    await eventually(lambda: len(viewer.ids) == 2)


async def test_every_kind_of_event_reaches_the_viewer(
    rms: RmsServer, comment_node: CommentNode, watch: Watch, connect: Connect
) -> None:
    viewer = await watch(rms)
    writer, dispatch = Writer(), connect(rms)
    kept, deleted = writer.comments(2)
    edited = kept.to_json().replace(b"comment 0", b"edited")
    kinds = event_pb2.Event
    await dispatch.deliver(writer.events([kept, deleted]))
    await eventually(lambda: len(viewer.ids) == 2)
    await dispatch.deliver(
        [
            writer.other_event(kinds.KIND_EDIT, edited),
            writer.other_event(kinds.KIND_DELETE, b'{"commentId":"%d"}' % deleted.comment_id),
            writer.other_event(kinds.KIND_REACTIONS, b'{"video":{"like":1},"comments":{}}'),
            writer.other_event(kinds.KIND_VIEWERS, b'{"count":1}'),
        ]
    )
    await eventually(lambda: len(viewer.events) == 6)
    assert [event.event for event in viewer.events[2:4]] == ["edit", "delete"]
    assert {event.event for event in viewer.events[4:]} == {"reactions", "viewers"}, "they ride, in any order"
    late = await watch(rms)
    await eventually(lambda: len(late.events) == 3)
    assert [event.data for event in late.events] == [b'{"video":{"like":1},"comments":{}}', b'{"count":1}', edited]
    await dispatch.deliver([writer.other_event(kinds.KIND_END, b"{}")])
    await eventually(lambda: viewer.closed and late.closed)
    assert viewer.events[-1].event == "end"
    assert late.events[-1].event == "end"
