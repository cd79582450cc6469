"""The shared history against zlib's streaming decoder: whoever may take its blocks reads exactly the stream."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rms import compress
from rms.batch import Batch
from rms.compress import MAX_BLOCK_BYTES, MAX_BLOCKS, STORED_BYTES, SharedHistory, opening, stored, stored_batch
from rms.frames import Frame
from tests.support.examples import examples

# Random, so that a repetition can only be had from where it was said before; in turn, so that it is far back.
PHRASES = [random.Random(number).randbytes(500) for number in range(9)]


def frame(data: bytes) -> Frame:
    return Frame("comment", 0, data)


class Reader:
    """A viewer as its decoder sees it: what was written so far, and how much of it could be read."""

    def __init__(self) -> None:
        self._gunzip = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self.written = b""
        self.read = b""

    def take(self, encoded: bytes, text: bytes) -> None:
        self.written += text
        self.read += self._gunzip.decompress(encoded)
        assert self.read == self.written, "all of it can be read at once"
        assert not self._gunzip.unconsumed_tail


def batch_of(frames: list[Frame], start: int, run_from: int = 0) -> Batch:
    return Batch(frames, range(start, start + len(frames)), start + len(frames), run_from=run_from)


flushes = st.lists(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 500)), max_size=4).map(
        lambda parts: [frame(PHRASES[phrase][:size]) for phrase, size in parts]
    ),
    min_size=10,
    max_size=60,
)


@settings(max_examples=examples(60), deadline=None)
@given(flushes=flushes, seed=st.integers(0, 1000))
def test_who_may_take_a_block_can_read_it(flushes: list[list[Frame]], seed: int) -> None:
    chance = random.Random(seed)
    history = SharedHistory(0)
    readers: list[tuple[Reader, int]] = []
    shared = 0
    for flush in flushes:
        start = history.end
        history.append(flush)
        text = b"".join(each.data for each in flush)
        following: list[tuple[Reader, int]] = []
        for reader, run_from in readers:
            run = run_from
            if chance.random() < 0.05:  # something of its own
                run = start
                reader.take(stored(b":\n\n"), b":\n\n")
            batch = history.batch(start, run) or stored_batch(batch_of(flush, start))
            shared += bool(batch.frames) and batch.frames[0].kind == compress.SHARED
            reader.take(batch.payload, text)
            following.append((reader, run))
        newcomer = Reader()
        newcomer.take(opening(b"retry: 1\n\n"), b"retry: 1\n\n")
        readers = [*following, (newcomer, history.end)]
    assert shared or sum(map(len, flushes)) < 40


def test_a_block_refers_back_as_far_as_the_window_and_saves_what_it_should() -> None:
    history = SharedHistory(0)
    for phrase in PHRASES[:7]:
        history.append([frame(phrase)])
    assert history.append([frame(PHRASES[0])]) < 100, "what was said 3,500 bytes ago is in the window"
    assert history.append([frame(PHRASES[8])]) > 450


def test_a_run_of_the_window_is_long_enough_and_a_shorter_one_is_not() -> None:
    history = SharedHistory(10)
    assert history.window_from == 10, "the first block refers to nothing"
    for phrase in PHRASES:
        history.append([frame(phrase)])
    assert history.window_from == 10, "nine of 500 bytes, and 4,096 take all nine"
    history.append([frame(PHRASES[0])])
    assert history.window_from == 11

    history.append([frame(b"next")])
    assert history.decodes(20, 11)
    assert not history.decodes(20, 12)
    assert history.batch(20, 12) is None


def test_blocks_are_taken_from_where_one_begins_and_several_in_one_piece() -> None:
    history = SharedHistory(0)
    flushes = [[frame(b"one "), frame(b"two ")], [frame(b"three ")], [], [frame(b"four ")]]
    for flush in flushes:
        history.append(flush)

    batch = history.batch(0, 0)
    assert batch is not None
    assert (batch.end, batch.events) == (4, 4)
    reader = Reader()
    reader.take(opening(b"") + batch.payload, b"one two three four ")
    assert history.batch(1, 0) is None, "in the middle of a block"
    some = history.batch(0, 0, max_bytes=1)
    assert some is not None
    assert some.end == 2, "at least one"


def test_a_block_is_taken_whole_or_owed() -> None:
    history = SharedHistory(0)
    history.append([frame(PHRASES[0]), frame(PHRASES[1])])
    history.append([frame(PHRASES[2])])
    batch = history.batch(0, 0)
    assert batch is not None
    first = len(batch.frames[0].data)

    assert batch.cut(0) == (b"", 0)
    assert batch.cut(10) == (batch.frames[0].data[10:], 2)
    assert batch.cut(first) == (b"", 2)
    assert batch.cut(first + 1) == (batch.frames[1].data[1:], 3)


def test_what_is_kept_for_those_behind_is_bounded() -> None:
    history = SharedHistory(0)
    for number in range(10 * MAX_BLOCKS):
        history.append([frame(b"%d" % number)])
    assert len(history._blocks) == MAX_BLOCKS
    noise = random.Random(0)
    for _ in range(10):
        history.append([frame(noise.randbytes(MAX_BLOCK_BYTES // 4))])
    assert history._block_bytes <= MAX_BLOCK_BYTES
    history.append([frame(noise.randbytes(2 * MAX_BLOCK_BYTES))])
    assert len(history._blocks) == 1
    assert len(history._window) == 1


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 200_000])
def test_stored_text_of_any_size(size: int) -> None:
    text = random.Random(size).randbytes(size)
    Reader().take(opening(text), text)


def test_stored_blocks_hold_whole_frames_and_little_enough_to_be_owed() -> None:
    frames = [frame(PHRASES[number % 9]) for number in range(40)]
    plain = Batch(frames, range(100, 180, 2), 190, run_from=150)

    batch = stored_batch(plain)

    assert (batch.end, batch.events, batch.run_from) == (190, 40, 150)
    assert list(batch.positions) == [100 + 16 * number for number in range(5)]
    assert max(len(block.data) for block in batch.frames) <= STORED_BYTES + 5
    Reader().take(opening(b"") + batch.payload, plain.payload)
    tail, position = batch.cut(len(batch.frames[0].data) + 7)
    assert (batch.frames[1].data.endswith(tail), position) == (True, 132)
