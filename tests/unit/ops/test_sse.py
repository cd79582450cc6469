"""The SSE parser gives the same events however the bytes are cut, and knows the standard's corners."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.client.errors import ProtocolError
from ops.client.sse import SseEvent, SseParser
from tests.support.examples import examples


def parse(*chunks: bytes) -> list[SseEvent]:
    parser = SseParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


def test_a_comment_event() -> None:
    raw = b'id: 73\nevent: comment\ndata: {"content": "What a goal"}\n\n'
    assert parse(raw) == [SseEvent("comment", '{"content": "What a goal"}', "73")]


def test_lines_may_end_in_cr_lf_or_both() -> None:
    expected = [SseEvent("message", "a\nb", "1")]
    for end in (b"\n", b"\r", b"\r\n"):
        assert parse(end.join([b"id:1", b"data:a", b"data: b", b"", b""])) == expected


def test_an_event_without_an_id_keeps_the_last_one() -> None:
    events = parse(b"id: 5\ndata: x\n\nevent: edit\ndata: y\n\n")
    assert [event.last_event_id for event in events] == ["5", "5"]


def test_an_event_without_data_is_dropped_but_moves_the_last_id() -> None:
    parser = SseParser()
    assert parser.feed(b"id: 9\nevent: comment\n\n") == []
    assert parser.last_event_id == "9"


def test_an_unfinished_event_does_not_move_the_last_id() -> None:
    parser = SseParser(last_event_id="3")
    parser.feed(b"id: 9\ndata: half")
    assert parser.last_event_id == "3"


def test_an_id_with_a_nul_is_ignored() -> None:
    assert parse(b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n")[1].last_event_id == "1"


def test_retry_takes_digits_alone() -> None:
    parser = SseParser()
    parser.feed(b"retry: 30000\n\nretry: 1.5\nretry: -1\nretry: \xd9\xa1\n\n")
    assert parser.retry_ms == 30000


def test_heartbeats_and_unknown_fields_are_no_events() -> None:
    assert parse(b":\n\n: beat\n\nfoo: bar\n\n") == []


def test_one_leading_space_is_taken_off_and_a_field_may_have_no_value() -> None:
    assert parse(b"data:  x\n\ndata\n\n") == [SseEvent("message", " x", ""), SseEvent("message", "", "")]


def test_a_byte_order_mark_is_skipped_even_when_cut() -> None:
    raw = b"\xef\xbb\xbfdata: x\n\n"
    assert parse(raw) == parse(*[raw[i : i + 1] for i in range(len(raw))]) == [SseEvent("message", "x", "")]


def test_line_separators_of_unicode_do_not_end_a_line() -> None:
    text = "a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg"
    assert parse(f"data: {text}\n\n".encode())[0].data == text


@pytest.mark.parametrize("chunk", [b"data: xxxxxxxx", b"data: xxxxxxxx\n"])
def test_an_endless_event_is_refused(chunk: bytes) -> None:
    parser = SseParser(max_event_bytes=1000)
    with pytest.raises(ProtocolError, match="longer than 1000 bytes"):
        [parser.feed(chunk) for _ in range(200)]


ids = st.integers(1, 2**63).map(str)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=20)
events = st.builds(SseEvent, st.sampled_from(["comment", "edit", "end"]), texts, ids)


def encode(event: SseEvent, end: str) -> bytes:
    lines = [f"id: {event.last_event_id}", f"event: {event.event}", f"data: {event.data}", "", ""]
    return end.join(lines).encode()


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(events, max_size=5), st.sampled_from(["\n", "\r", "\r\n"]), st.data())
def test_cutting_anywhere_changes_nothing(sent: list[SseEvent], end: str, data: st.DataObject) -> None:
    raw = b"".join(encode(event, end) for event in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=12)))
    chunks = [raw[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    assert parse(*chunks) == sent


@settings(max_examples=examples(60), deadline=None)
@given(st.binary(max_size=80), st.lists(st.integers(0, 80), max_size=8))
def test_any_bytes_give_the_same_whole_or_cut(raw: bytes, cuts: list[int]) -> None:
    raw = raw.replace(b"x", b"\n").replace(b"y", b"data:")
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    assert parse(*[raw[a:b] for a, b in pairwise(edges)]) == parse(raw)
