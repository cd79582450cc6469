from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comment_service.comment import Comment, iso_time
from coordination.ids import first_id_at_ms

NOON_MS = 1_795_262_400_123  # 2026-11-21T12:00:00.123Z


def test_the_json_is_the_contract_s() -> None:
    comment = Comment(first_id_at_ms(NOON_MS) + 5, "match-42", "u-17", "Ada", "What a “goal”\n⚽", reply_to=12)
    assert json.loads(comment.to_json()) == {
        "commentId": str(first_id_at_ms(NOON_MS) + 5),
        "liveVideoId": "match-42",
        "authorId": "u-17",
        "authorName": "Ada",
        "content": "What a “goal”\n⚽",
        "createdAt": "2026-11-21T12:00:00.123Z",
        "replyTo": "12",
        "media": [],
        "reactions": {},
        "editedAt": None,
    }
    assert "⚽".encode() in comment.to_json()


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_one_line_of_utf_8(content: str, name: str) -> None:
    data = Comment(1 << 50, "v", "u", name, content, edited_at_ms=0).to_json()
    assert b"\n" not in data
    assert b"\r" not in data
    decoded = json.loads(data.decode())
    assert (decoded["content"], decoded["authorName"]) == (content, name)


@pytest.mark.parametrize(
    ("ms", "iso"),
    [(0, "1970-01-01T00:00:00.000Z"), (NOON_MS, "2026-11-21T12:00:00.123Z"), (999, "1970-01-01T00:00:00.999Z")],
)
def test_times_keep_every_millisecond(ms: int, iso: str) -> None:
    assert iso_time(ms) == iso
