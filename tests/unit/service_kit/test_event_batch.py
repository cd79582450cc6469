from __future__ import annotations

import pytest

from livecomments.v1.dispatcher_pb2 import PublishBatch
from livecomments.v1.event_pb2 import Event, Head
from service_kit.event_batch import Malformed, OverLimit, check_batch

KINDS = {Event.KIND_COMMENT}


def event(**changes: object) -> Event:
    fields: dict[str, object] = {
        "live_video_id": "match-42",
        "event_id": 7,
        "kind": Event.KIND_COMMENT,
        "origin": "comment-service-1/5f3a",
        "data": b'{"content": "\xc3\xa4"}',
    }
    return Event(**(fields | changes))  # type: ignore[arg-type]


def head(**changes: object) -> Head:
    return Head(**({"live_video_id": "match-42", "origin": "o", "last_id": 7} | changes))  # type: ignore[arg-type]


def test_a_good_batch_passes() -> None:
    check_batch(
        PublishBatch(sequence=3, events=[event()] * 1000, heads=[head()] * 1000), previous_sequence=2, kinds=KINDS
    )


@pytest.mark.parametrize(
    ("batch", "named"),
    [
        (PublishBatch(sequence=5, events=[event()]), "sequence"),
        (PublishBatch(sequence=1, events=[event(live_video_id="")]), "events[0].live_video_id"),
        (PublishBatch(sequence=1, events=[event(), event(live_video_id="a b")]), "events[1].live_video_id"),
        (PublishBatch(sequence=1, events=[event(live_video_id="a\n")]), "events[0].live_video_id"),
        (PublishBatch(sequence=1, events=[event(live_video_id="x" * 65)]), "events[0].live_video_id"),
        (PublishBatch(sequence=1, events=[event(event_id=0)]), "events[0].event_id"),
        (PublishBatch(sequence=1, events=[event(kind=0)]), "events[0].kind"),
        (PublishBatch(sequence=1, events=[event(kind=99)]), "events[0].kind"),
        (PublishBatch(sequence=1, events=[event(origin="")]), "events[0].origin"),
        (PublishBatch(sequence=1, events=[event(origin="o" * 201)]), "events[0].origin"),
        (PublishBatch(sequence=1, events=[event(data=b"a\ndata: b")]), "events[0].data"),
        (PublishBatch(sequence=1, events=[event(data=b"a\rb")]), "events[0].data"),
        (PublishBatch(sequence=1, heads=[head(live_video_id="ä")]), "heads[0].live_video_id"),
        (PublishBatch(sequence=1, heads=[head(origin="")]), "heads[0].origin"),
        (PublishBatch(sequence=1, heads=[head(last_id=0)]), "heads[0].last_id"),
    ],
)
def test_a_malformed_batch_is_refused_by_the_name_of_its_field(batch: PublishBatch, named: str) -> None:
    with pytest.raises(Malformed) as fault:
        check_batch(batch, previous_sequence=0, kinds=KINDS)
    assert str(fault.value).startswith(named + ":")


@pytest.mark.parametrize(
    ("batch", "named"),
    [
        (PublishBatch(sequence=1, events=[event()] * 1001), "events"),
        (PublishBatch(sequence=1, heads=[head()] * 1001), "heads"),
        (PublishBatch(sequence=1, events=[event(data=b"x" * 65_537)]), "events[0].data"),
    ],
)
def test_a_batch_over_a_limit_is_refused(batch: PublishBatch, named: str) -> None:
    with pytest.raises(OverLimit) as fault:
        check_batch(batch, previous_sequence=0, kinds=KINDS)
    assert str(fault.value).startswith(named + ":")
