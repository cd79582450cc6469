"""Header fields of HTTP/2: what a request says, and how an answer's head is written. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from hpack import Decoder
from hpack.exceptions import HPACKError, OversizedHeaderListError

from rms.links.h2_frames import ErrorCode, LinkError, StreamError
from rms.reasons import LinkEnd

_PSEUDO: Final = frozenset({b":method", b":scheme", b":path", b":authority"})
_OF_A_CONNECTION: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)
_STATUS_200: Final = b"\x88"  # indexed field 8 of HPACK's static table
_STATUS_NAME: Final = b"\x08"  # a literal value, not indexed, under the name of static entry 8
_EMPTY_TABLE: Final = b"\x20"  # dynamic table size update to 0

Fields = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class H2Request:
    """A request's head. ``headers`` have no pseudo-header fields.

    ``has_body``: something came after it; ``goes_on``: and more of that is on its way.
    """

    stream_id: int
    method: str
    target: str
    headers: list[tuple[str, str]]
    has_body: bool = False
    goes_on: bool = False


class HeaderDecoder:
    """HPACK's decoding side, with the library's errors in our words."""

    def __init__(self, max_list_bytes: int) -> None:
        self._decoder = Decoder(max_list_bytes)

    def decode(self, block: bytes) -> Fields:
        """A whole header block. Raises ``LinkError``: what is not decoded to its end spoils all that follow."""
        try:
            return [(name, value) for name, value in self._decoder.decode(block, raw=True)]
        except OversizedHeaderListError as error:
            raise LinkError(ErrorCode.ENHANCE_YOUR_CALM, str(error), LinkEnd.HEADER_LIST) from None
        except (HPACKError, IndexError) as error:
            raise LinkError(ErrorCode.COMPRESSION_ERROR, f"a header block cannot be decoded: {error}") from None


def read_request(stream_id: int, fields: Fields) -> H2Request:
    """The request that a header block makes. Raises ``StreamError`` where it is malformed (RFC 9113, 8.2 and 8.3)."""
    pseudo: dict[bytes, bytes] = {}
    headers: list[tuple[str, str]] = []
    for name, value in fields:
        if name.startswith(b":"):
            if name not in _PSEUDO or name in pseudo or headers:
                raise _malformed(stream_id, f"pseudo-header field {name!r}")
            pseudo[name] = value
        elif name != name.lower() or name in _OF_A_CONNECTION or (name == b"te" and value != b"trailers"):
            raise _malformed(stream_id, f"header field {name!r}")
        else:
            headers.append((name.decode("latin-1"), value.decode("latin-1")))
    if not (pseudo.get(b":method") and pseudo.get(b":scheme") and pseudo.get(b":path")):
        raise _malformed(stream_id, "a pseudo-header field is missing")
    return H2Request(stream_id, pseudo[b":method"].decode("latin-1"), pseudo[b":path"].decode("latin-1"), headers)


def _malformed(stream_id: int, detail: str) -> StreamError:
    return StreamError(stream_id, ErrorCode.PROTOCOL_ERROR, detail)


@lru_cache(maxsize=64)
def head_block(status: int, headers: tuple[tuple[str, str], ...]) -> bytes:
    """An answer's header block: literals only, so that all streams of all links can share it.

    It begins by giving up the dynamic table, whatever size the peer has set: nothing is ever put there.
    """
    block = _EMPTY_TABLE + (_STATUS_200 if status == 200 else _STATUS_NAME + _text(str(status)))
    return block + b"".join(b"\x00" + _text(name.lower()) + _text(value) for name, value in headers)


def _text(text: str) -> bytes:
    """A string literal without Huffman coding (RFC 7541, 5.1 and 5.2)."""
    octets = text.encode("latin-1")
    size = len(octets)
    if size < 127:
        return bytes([size]) + octets
    prefix = [127]
    size -= 127
    while size >= 128:
        prefix.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*prefix, size]) + octets
