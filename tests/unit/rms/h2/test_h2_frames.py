"""Frames and header blocks, against what others make of them."""

from __future__ import annotations

import pytest
from hpack import Decoder, Encoder
from hyperframe.frame import DataFrame, Frame
from hypothesis import given, settings
from hypothesis import strategies as st

from rms.links import h2_frames as frames
from rms.links.h2_frames import ErrorCode, FrameReader, LinkError, Setting, StreamError
from rms.links.h2_headers import HeaderDecoder, head_block, read_request
from rms.reasons import LinkEnd
from tests.support.examples import examples

GET = [(b":method", b"GET"), (b":scheme", b"http"), (b":path", b"/x")]


@settings(max_examples=examples(50))
@given(
    sent=st.lists(
        st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 2**31 - 1), st.binary(max_size=40))
    ),
    cuts=st.lists(st.integers(1, 30), max_size=30),
)
def test_frames_come_out_whole_whatever_the_pieces(sent: list[frames.Frame], cuts: list[int]) -> None:
    data = frames.PREFACE + b"".join(frames.pack(*frame) for frame in sent)
    reader = FrameReader()
    received: list[frames.Frame] = []
    for cut in cuts:
        received += reader.feed(data[:cut])
        data = data[cut:]
    received += reader.feed(data)
    assert received == sent


def test_a_group_gets_a_frame_each() -> None:
    data = frames.data_frames(b"hello", [n.to_bytes(4, "big") for n in (1, 77, 2**31 - 1)])
    parsed = []
    while data:
        frame, size = Frame.parse_frame_header(memoryview(data[:9]))
        frame.parse_body(memoryview(data[9 : 9 + size]))
        assert isinstance(frame, DataFrame)
        parsed.append((frame.stream_id, frame.data, set(frame.flags)))
        data = data[9 + size :]
    assert parsed == [(1, b"hello", set()), (77, b"hello", set()), (2**31 - 1, b"hello", set())]


def test_a_frame_that_is_too_large_is_refused_before_it_is_held() -> None:
    reader = FrameReader(max_frame_bytes=100)
    too_large = frames.pack(frames.DATA, 0, 1, bytes(101))[:9]
    with pytest.raises(LinkError, match="larger than 100") as caught:
        list(reader.feed(frames.PREFACE + too_large))
    assert caught.value.code is ErrorCode.FRAME_SIZE_ERROR


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n\r\nXX", b"\x16\x03\x01"])
def test_what_is_no_preface_is_told_at_once(first: bytes) -> None:
    with pytest.raises(LinkError) as caught:
        list(FrameReader().feed(first))
    assert caught.value.reason is LinkEnd.NOT_HTTP2


@settings(max_examples=examples(50))
@given(
    status=st.integers(200, 599),
    headers=st.lists(
        st.tuples(
            st.from_regex(r"[A-Za-z-]{1,20}", fullmatch=True),
            st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=300),
        ),
        max_size=5,
    ),
)
@pytest.mark.parametrize("table_size", [0, 4096, 65536])
def test_a_head_is_read_as_it_was_meant(table_size: int, status: int, headers: list[tuple[str, str]]) -> None:
    decoder = Decoder()
    decoder.max_allowed_table_size = table_size
    block = head_block(status, tuple(headers))
    meant = [(b":status", b"%d" % status)]
    meant += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    assert list(decoder.decode(block, raw=True)) == meant
    assert list(decoder.decode(block, raw=True)) == meant


def test_a_request_is_read() -> None:
    fields = HeaderDecoder(1000).decode(Encoder().encode([*GET, (b":authority", b"a"), (b"accept", b"\xe9")]))
    request = read_request(1, fields)
    assert (request.method, request.target, request.headers) == ("GET", "/x", [("accept", "\xe9")])


@pytest.mark.parametrize(
    "fields",
    [
        GET[1:],
        [*GET[:2], (b":path", b"")],
        [*GET, GET[0]],
        [*GET, (b":status", b"200")],
        [(b"accept", b"*/*"), *GET],
        [*GET, (b"Accept", b"*/*")],
        [*GET, (b"connection", b"close")],
        [*GET, (b"te", b"gzip")],
    ],
)
def test_a_malformed_request_ends_its_stream_alone(fields: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(StreamError) as caught:
        read_request(1, fields)
    assert caught.value.code is ErrorCode.PROTOCOL_ERROR


def test_a_header_list_over_the_limit_ends_the_link() -> None:
    with pytest.raises(LinkError) as caught:
        HeaderDecoder(1000).decode(Encoder().encode([("a", "b" * 1000)]))
    assert caught.value.reason is LinkEnd.HEADER_LIST


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        (Setting.ENABLE_PUSH, 2, ErrorCode.PROTOCOL_ERROR),
        (Setting.INITIAL_WINDOW_SIZE, 2**31, ErrorCode.FLOW_CONTROL_ERROR),
        (Setting.MAX_FRAME_SIZE, 16_383, ErrorCode.PROTOCOL_ERROR),
        (Setting.MAX_FRAME_SIZE, 2**24, ErrorCode.PROTOCOL_ERROR),
    ],
)
def test_settings_out_of_range_end_the_link(name: Setting, value: int, code: ErrorCode) -> None:
    with pytest.raises(LinkError) as caught:
        frames.read_settings(frames.settings([(name, value)])[9:])
    assert caught.value.code is code
