"""The response parser reads chunked, sized and endless bodies, however they are cut, and refuses nonsense."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.client.errors import ProtocolError
from ops.client.http1 import ResponseParser
from tests.support.examples import examples


def feed(raw: bytes, size: int | None = None) -> tuple[ResponseParser, bytes]:
    parser = ResponseParser()
    step = size or max(1, len(raw))
    return parser, b"".join(parser.feed(raw[at : at + step]) for at in range(0, len(raw), step))


@pytest.mark.parametrize("size", [1, 2, 3, 7, None])
def test_a_sized_body(size: int | None) -> None:
    parser, body = feed(b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello", size)
    assert parser.head is not None
    assert (parser.head.status, parser.head.reason, body) == (201, "Created", b"hello")
    assert parser.done
    assert parser.reusable


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=20), max_size=6), st.integers(1, 40))
def test_a_chunked_body_however_it_is_cut(pieces: list[bytes], size: int) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x;a=b\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    parser, body = feed(head + chunks + b"0\r\nTrailer: x\r\n\r\n", size)
    assert body == b"".join(pieces)
    assert parser.done
    assert parser.reusable


def test_a_body_without_a_length_lasts_as_long_as_the_connection() -> None:
    parser, body = feed(b"HTTP/1.1 200 OK\r\n\r\nabc", 4)
    assert (body, parser.done) == (b"abc", False)
    parser.feed_eof()
    assert parser.done
    assert not parser.reusable


def test_interim_responses_are_skipped() -> None:
    parser, body = feed(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert parser.head is not None
    assert (parser.head.status, body) == (200, b"ok")


def test_204_has_no_body() -> None:
    parser, _ = feed(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert parser.done


def test_repeated_headers_are_joined() -> None:
    parser, _ = feed(b"HTTP/1.1 405 X\r\nAllow: GET\r\nallow: POST\r\nContent-Length: 0\r\n\r\n")
    assert parser.head is not None
    assert parser.head.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000,
    ],
)
def test_nonsense_is_refused(raw: bytes) -> None:
    with pytest.raises(ProtocolError):
        feed(raw)


@pytest.mark.parametrize(
    "raw", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"]
)
def test_a_response_cut_short_is_an_error(raw: bytes) -> None:
    parser, _ = feed(raw)
    with pytest.raises(ProtocolError, match="ended within"):
        parser.feed_eof()
