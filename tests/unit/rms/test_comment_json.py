"""The JSON that an RMS makes of history is what the comment service publishes live, byte for byte."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from comment_service.comment import Comment
from comment_service.rpc.messages import comment_message
from livecomments.v1 import comment_service_pb2 as pb
from rms.comment_json import comment_json

IDS = st.integers(1, 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(IDS, TEXT, TEXT, st.none() | IDS, st.none() | st.integers(1_704_067_200_000, 4_000_000_000_000))
def test_it_is_the_comment_services(
    comment_id: int, author: str, content: str, reply_to: int | None, edited_at_ms: int | None
) -> None:
    comment = Comment(comment_id, "match-42", "u-17", author, content, reply_to, edited_at_ms)
    assert comment_json(comment_message(comment)) == comment.to_json()


def test_media_and_reactions_are_in_the_contracts_form() -> None:
    comment = pb.Comment(
        comment_id=7,
        live_video_id="v",
        media=[pb.Media(media_id="m", content_type="image/png", width=1, height=2)],
        reactions={"wow": 2, "like": 1},
    )
    comment.created_at.FromMilliseconds(1_795_262_400_123)
    document = json.loads(comment_json(comment))
    assert document["createdAt"] == "2026-11-21T12:00:00.123Z"
    assert document["media"] == [{"mediaId": "m", "contentType": "image/png", "width": 1, "height": 2}]
    assert document["reactions"] == {"like": 1, "wow": 2}
    assert document["replyTo"] is None
