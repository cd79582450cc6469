"""Gzip for many at once: one deflate stream whose blocks serve every viewer with the same latest bytes. Pure.

A deflate block refers back to what its reader decoded last, at most a window before it. So blocks that were made once
of the canonical stream decode for everyone whose latest window's worth of text is the canonical stream's, whatever it
read before. Until then, and wherever a viewer gets something of its own, text goes in *stored* blocks (RFC 1951,
3.2.4), which any decoder takes at any byte boundary. Every piece here begins and ends at one.

A viewer's stream has no end of its own (no last block, no checksum): it ends with its connection, like every stream of
events (docs/decisions/0008-shared-history-gzip.md).
"""

from __future__ import annotations

import struct
import zlib
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from rms.batch import Batch
from rms.frames import Frame

WINDOW_BITS: Final = 12
"""Blocks may refer to the last 4 KB. Each doubling saves a twentieth of the bytes and costs newcomers a longer wait."""
LEVEL: Final = 6
"""Level 1 costs the same, at a comment a flush, for a tenth more bytes."""
MEMORY_LEVEL: Final = 5
"""36 KB for each stream. Eight times the memory saves no bytes on flushes of so few comments."""
STORED_BYTES: Final = 4096
"""Frames up to so many bytes share a stored block: a viewer that cannot take all of it is owed the rest as a copy."""
MAX_BLOCKS: Final = 64
MAX_BLOCK_BYTES: Final = 64 * 1024
"""Blocks that are kept for those who are behind, and their bytes; the newest is kept whatever its size."""

STORED: Final = "stored"
SHARED: Final = "shared"
"""What a batch's frames are then: blocks of one kind or the other."""

_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # RFC 1952: deflate, no name, no time, no system
_MAX_STORED: Final = 0xFFFF


def opening(text: bytes) -> bytes:
    """The first bytes of a gzip stream, ``text`` stored."""
    return _HEADER + stored(text)


def stored(text: bytes) -> bytes:
    """``text`` as it is, in stored blocks."""
    pieces = (text[at : at + _MAX_STORED] for at in range(0, len(text), _MAX_STORED))
    return b"".join(struct.pack("<BHH", 0, len(piece), len(piece) ^ _MAX_STORED) + piece for piece in pieces)


def stored_batch(batch: Batch) -> Batch:
    """The same for viewers of gzip, in stored blocks of whole frames."""
    blocks: list[Frame] = []
    positions: list[int] = []
    gathered: list[bytes] = []
    size = 0
    for frame, position in zip(batch.frames, batch.positions, strict=True):
        if gathered and size + len(frame.data) > STORED_BYTES:
            blocks.append(Frame(STORED, 0, stored(b"".join(gathered))))
            gathered, size = [], 0
        if not gathered:
            positions.append(position)
        gathered.append(frame.data)
        size += len(frame.data)
    if gathered:
        blocks.append(Frame(STORED, 0, stored(b"".join(gathered))))
    return Batch(blocks, positions, batch.end, events=batch.events, run_from=batch.run_from)


class _Shared(NamedTuple):
    """One flush, compressed."""

    start: int
    end: int
    window_from: int
    """Who has the canonical stream in a row from this position up to ``start`` can decode it."""
    block: Frame
    events: int


class SharedHistory:
    """The canonical stream from one position on as one deflate stream, a block a flush.

    Positions are the ring's. The first block refers to nothing, so that everyone who stands at its start can take it.
    """

    def __init__(self, position: int, *, window_bits: int = WINDOW_BITS) -> None:
        self._deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -window_bits, MEMORY_LEVEL)
        self._max_distance = 1 << window_bits
        self._blocks: deque[_Shared] = deque()
        self._block_bytes = 0
        self._window: deque[tuple[int, int]] = deque()  # of the frames in the window: position and bytes
        self._window_bytes = 0
        self.end = position
        """Up to here the stream is compressed; the next flush begins here."""
        self.window_from = position
        """A viewer that stands at ``end`` can take the next block if its run began here or before."""

    def append(self, frames: Sequence[Frame]) -> int:
        """Compresses a flush, the frames from ``end`` on. Returns the block's bytes."""
        text = b"".join([frame.data for frame in frames])
        data = self._deflate.compress(text) + self._deflate.flush(zlib.Z_SYNC_FLUSH) if text else b""
        start, self.end = self.end, self.end + len(frames)
        self._blocks.append(_Shared(start, self.end, self.window_from, Frame(SHARED, 0, data), len(frames)))
        self._block_bytes += len(data)
        while len(self._blocks) > MAX_BLOCKS or (self._block_bytes > MAX_BLOCK_BYTES and len(self._blocks) > 1):
            self._block_bytes -= len(self._blocks.popleft().block.data)
        self._move_window(start, frames)
        return len(data)

    def decodes(self, position: int, run_from: int) -> bool:
        """A viewer that has the canonical stream in a row from ``run_from`` up to ``position`` can be sent blocks."""
        return bool(self._from(position, run_from))

    def batch(self, position: int, run_from: int, *, max_bytes: int | None = None) -> Batch | None:
        """The blocks from ``position`` on, at least one; None for a viewer that could not decode them."""
        found = self._from(position, run_from)
        if not found:
            return None
        taken = _within(found, max_bytes)
        return Batch(
            [shared.block for shared in taken],
            [shared.start for shared in taken],
            taken[-1].end,
            events=sum(shared.events for shared in taken),
        )

    def _from(self, position: int, run_from: int) -> list[_Shared]:
        """The blocks from ``position`` on; none where none begins there, or that run is too short for it."""
        found: list[_Shared] = []
        for shared in reversed(self._blocks):
            found.append(shared)
            if shared.start <= position:
                break
        if not found or found[-1].start != position or found[-1].window_from < run_from:
            return []
        return found[::-1]

    def _move_window(self, start: int, frames: Sequence[Frame]) -> None:
        for position, frame in enumerate(frames, start):
            self._window.append((position, len(frame.data)))
            self._window_bytes += len(frame.data)
        while self._window and self._window_bytes - self._window[0][1] >= self._max_distance:
            self._window_bytes -= self._window.popleft()[1]
        if self._window_bytes >= self._max_distance:
            self.window_from = self._window[0][0]


def _within(blocks: Sequence[_Shared], max_bytes: int | None) -> Sequence[_Shared]:
    size = 0
    for count, shared in enumerate(blocks):
        size += len(shared.block.data)
        if max_bytes is not None and size > max_bytes and count:
            return blocks[:count]
    return blocks
