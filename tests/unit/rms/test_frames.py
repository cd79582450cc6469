"""Frames: whatever the text, a parser by the standard gets back one event with that text."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rms import frames
from rms.reasons import ResyncReason
from tests.support.examples import examples
from tests.unit.rms.sse import Message, parse

any_text = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\r\n\0:\u2028\u2029\u0085\ufeff "))


def with_lf_line_ends(text: str) -> str:
    return re.sub("\r\n|\r", "\n", text)


@settings(max_examples=examples(150))
@given(any_text, st.integers(1, 2**63 - 1))
@example("", 1)
@example("\n", 1)
@example("\r\n\r", 1)
@example("a\n\nevent: delete\ndata: forged\n\n", 1)
@example(" leading space", 1)
@example("data: id: 7", 1)
@example("\0", 1)
@example("\ufeff", 1)
def test_any_text_comes_back_as_one_event(text: str, event_id: int) -> None:
    frame = frames.encode(frames.COMMENT, text.encode(), event_id)

    stream = frames.opening(1000) + frame.data
    assert parse(stream).messages == [Message("comment", with_lf_line_ends(text), str(event_id))]


@given(st.lists(any_text, max_size=5))
def test_frames_one_after_another_stay_apart(texts: list[str]) -> None:
    stream = b"".join(frames.encode(frames.COMMENT, text.encode(), 7).data for text in texts)

    assert [message.data for message in parse(stream).messages] == [with_lf_line_ends(text) for text in texts]


@given(st.binary())
@example("\ud800".encode("utf-8", "surrogatepass"))
@example("é".encode()[:1])
@example(b"\xff\xfe")
def test_what_is_not_utf8_is_replaced_before_it_leaves(data: bytes) -> None:
    frame = frames.encode(frames.COMMENT, data, 1)

    assert frame.data.decode("utf-8", errors="strict")
    (message,) = parse(frame.data).messages
    assert message.data == with_lf_line_ends(data.decode(errors="replace"))


def test_only_a_comment_moves_the_point_where_a_viewer_resumes() -> None:
    comment = frames.encode(frames.COMMENT, b"{}", 41)
    edit = frames.encode(frames.EDIT, b"{}", 42)

    assert edit.event_id == 42
    assert [message.last_event_id for message in parse(comment.data + edit.data).messages] == ["41", "41"]


@pytest.mark.parametrize("kind", ["", "Comment", "two words", "a\nb", "commentß", "a:b"])
def test_a_kind_that_could_break_the_framing_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="not an event"):
        frames.encode(kind, b"{}", 1)


def test_a_negative_id_is_refused() -> None:
    with pytest.raises(ValueError, match="not an event"):
        frames.encode(frames.COMMENT, b"{}", -1)


def test_the_opening_sets_the_retry_and_is_no_event() -> None:
    assert parse(frames.opening(1234)) == ([], 1234, 0)


def test_a_heartbeat_is_no_event() -> None:
    assert parse(frames.HEARTBEAT.data) == ([], None, 1)


@pytest.mark.parametrize(
    ("frame", "kind", "value"),
    [
        (
            frames.resync_frame(7301458392012345344, ResyncReason.FELL_BEHIND),
            "resync",
            {"after": "7301458392012345344", "reason": "fell_behind"},
        ),
        (frames.reconnect_frame(1500), "reconnect", {"afterMs": 1500}),
        (frames.end_frame(5), "end", {}),
        (frames.viewers_frame(12), "viewers", {"count": 12}),
    ],
)
def test_control_events_are_as_the_contract_says(frame: frames.Frame, kind: str, value: dict[str, object]) -> None:
    (message,) = parse(frame.data).messages

    assert (message.type, json.loads(message.data), message.last_event_id) == (kind, value, "")
