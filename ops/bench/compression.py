"""What the shared history saves and costs, on a recorded chat.

``python -m ops.bench.compression FILE [--rounds R] [--viewers N]``

FILE is a chat that ``livecomments replay`` reads. Its comments are encoded as the frames that viewers get, and sent
one, three and ten a flush. For each way of compressing: the bytes against the frames' own, and the CPU time of one
comment, the median of the rounds. A flush is compressed once whatever the audience; compression for each connection
would cost as much for every viewer.

Then a whole channel: N gzip viewers, who take all at once and cost nothing themselves, join with the newest 100
comments in the middle of the chat, one comment a flush.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry

from ops.bench._sinks import SinkLink
from ops.replay.formats import read_recording
from rms import compress, frames
from rms.channel import Channel
from rms.compress import SharedHistory
from rms.encoders import EncoderLimits, Encoders
from rms.frames import Frame
from rms.metrics import RmsMetrics
from rms.pump import Pump
from rms.wheel import Wheel

FIRST_ID = 7301458392012345344
MS_OF_ID = 1 << 22
Encode = Callable[[Sequence[Frame]], int]


def chat_frames(file: Path) -> list[Frame]:
    """The recording as a video's stream, with ids and times a comment service would give."""
    encoded = []
    for number, said in enumerate(read_recording(file).comments):
        comment_id = FIRST_ID + int(said.offset_s * 1000) * MS_OF_ID + number
        second = int(said.offset_s)
        comment: dict[str, object] = {
            "commentId": str(comment_id),
            "liveVideoId": "match-42",
            "authorId": f"u-{zlib.crc32(said.author.encode()):08x}",
            "authorName": said.author,
            "content": said.text,
            "createdAt": f"2026-11-21T12:{second // 60 % 60:02d}:{second % 60:02d}.{number % 1000:03d}Z",
            "replyTo": None,
            "media": [],
            "reactions": {},
            "editedAt": None,
        }
        data = json.dumps(comment, separators=(",", ":"), ensure_ascii=False).encode()
        encoded.append(frames.encode(frames.COMMENT, data, comment_id))
    return encoded


def shared() -> Encode:
    return SharedHistory(0).append


def deflate(level: int, window_bits: int, memory_level: int, flush: int = zlib.Z_SYNC_FLUSH) -> Callable[[], Encode]:
    """One deflate stream with other parameters; ``Z_FULL_FLUSH`` makes blocks that refer to nothing before."""

    def new() -> Encode:
        stream = zlib.compressobj(level, zlib.DEFLATED, -window_bits, memory_level)
        return lambda some: len(stream.compress(b"".join([frame.data for frame in some])) + stream.flush(flush))

    return new


WAYS: dict[str, Callable[[], Encode]] = {
    "shared history (as it runs)": shared,
    "  level 1": deflate(1, compress.WINDOW_BITS, compress.MEMORY_LEVEL),
    "  level 9": deflate(9, compress.WINDOW_BITS, compress.MEMORY_LEVEL),
    "  memory level 8": deflate(compress.LEVEL, compress.WINDOW_BITS, 8),
    "  window 8 KB": deflate(compress.LEVEL, 13, compress.MEMORY_LEVEL),
    "  window 32 KB, memory level 8": deflate(compress.LEVEL, 15, 8),
    "blocks without history": deflate(compress.LEVEL, compress.WINDOW_BITS, compress.MEMORY_LEVEL, zlib.Z_FULL_FLUSH),
}


def measure(new: Callable[[], Encode], stream: list[Frame], at_once: int, rounds: int) -> tuple[float, float]:
    """Bytes sent for each byte of the stream, and CPU microseconds a comment."""
    taken: list[float] = []
    size = 0
    for _ in range(rounds):
        encode = new()
        began = time.process_time()
        size = sum(encode(stream[at : at + at_once]) for at in range(0, len(stream), at_once))
        taken.append((time.process_time() - began) / len(stream) * 1e6)
    return size / sum(len(frame.data) for frame in stream), statistics.median(taken)


async def channel_bytes(stream: list[Frame], viewers: int) -> tuple[float, float, float]:
    """Bytes for each byte of the live part and of the first pages, and CPU microseconds a delivery, with gzip."""
    metrics = RmsMetrics(CollectorRegistry())
    encoders = Encoders(metrics, EncoderLimits(min_viewers=1))
    channel = Channel("bench", pump=Pump(share=1.0), wheel=Wheel(), metrics=metrics, encoders=encoders)
    half = len(stream) // 2
    channel.seed(stream[:half])
    link = SinkLink()
    members = [link.viewer() for _ in range(viewers)]
    for viewer in members:
        channel.join(viewer, frames.opening(2000), backlog=100, gzip=True)
    pages = sum(len(frame.data) for frame in stream[half - 100 : half]) * viewers
    page_bytes = sum(viewer.taken for viewer in members)
    began = time.process_time()
    for frame in stream[half:]:
        channel.publish(frame)
        while channel.step():
            pass
    spent = time.process_time() - began
    live = sum(len(frame.data) for frame in stream[half:]) * viewers
    live_bytes = sum(viewer.taken for viewer in members) - page_bytes
    channel.close()
    return live_bytes / live, page_bytes / pages, spent / (len(stream) - half) / viewers * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--viewers", type=int, default=256)
    wanted = parser.parse_args()
    stream = chat_frames(wanted.file)
    mean = sum(len(frame.data) for frame in stream) / len(stream)
    print(f"{len(stream):,} comments as frames of {mean:.0f} bytes; bytes against these, CPU us a comment")
    print(f"{'':32}" + "".join(f"{f'{count} a flush':>18}" for count in (1, 3, 10)))
    for name, new in WAYS.items():
        figures = [measure(new, stream, count, max(3, wanted.rounds)) for count in (1, 3, 10)]
        print(f"{name:32}" + "".join(f"{f'{ratio:.3f} {cost:5.1f} us':>18}" for ratio, cost in figures))
    live, pages, delivery = asyncio.run(channel_bytes(stream, wanted.viewers))
    print(f"a channel of {wanted.viewers} gzip viewers: live {live:.3f}, first pages {pages:.3f} of the bytes;")
    print(f"{delivery:.3f} us a delivery, without the links")


if __name__ == "__main__":
    main()
