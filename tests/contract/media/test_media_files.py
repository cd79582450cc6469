"""What every kind of ``MediaFiles`` does."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from comment_service.media.files import CHUNK_BYTES, MediaFiles
from comment_service.store import StoreUnavailable

SIZE = 3 * CHUNK_BYTES + 17


def a_file(folder: Path, size: int = SIZE) -> tuple[str, Path]:
    """Its id, and where it lies."""
    data = os.urandom(size)
    media_id = hashlib.sha256(data).hexdigest()
    path = folder / f"{media_id}.upload"
    path.write_bytes(data)
    return media_id, path


async def read(files: MediaFiles, media_id: str, start: int = 0, length: int | None = None) -> bytes:
    file = await files.open(media_id)
    assert file is not None
    chunks = [chunk async for chunk in file.read(start, file.size - start if length is None else length)]
    assert all(0 < len(chunk) <= CHUNK_BYTES for chunk in chunks)
    return b"".join(chunks)


async def test_what_was_put_is_there_whole(files: MediaFiles, tmp_path: Path) -> None:
    media_id, path = a_file(tmp_path)
    assert await files.open(media_id) is None
    await files.put(media_id, "image/png", path)
    file = await files.open(media_id)
    assert file is not None
    assert file.size == SIZE
    assert await read(files, media_id) == path.read_bytes(), "and the original stays where it was"


@pytest.mark.parametrize(("start", "length"), [(0, 1), (SIZE - 1, 1), (5, 2 * CHUNK_BYTES), (CHUNK_BYTES, CHUNK_BYTES)])
async def test_a_part_of_it(files: MediaFiles, tmp_path: Path, start: int, length: int) -> None:
    media_id, path = a_file(tmp_path)
    await files.put(media_id, "image/png", path)
    assert await read(files, media_id, start, length) == path.read_bytes()[start : start + length]


async def test_many_put_the_same_at_once(files: MediaFiles, tmp_path: Path) -> None:
    media_id, path = a_file(tmp_path)
    await asyncio.gather(*[files.put(media_id, "image/png", path) for _ in range(8)])
    assert await read(files, media_id) == path.read_bytes()


async def test_deleted_it_is_gone_and_may_come_back(files: MediaFiles, tmp_path: Path) -> None:
    (one, path), (other, other_path) = a_file(tmp_path), a_file(tmp_path, 10)
    await files.put(one, "image/png", path)
    await files.put(other, "image/gif", other_path)
    for _ in range(2):
        await files.delete(one)
        assert await files.open(one) is None
    assert await read(files, other) == other_path.read_bytes()
    await files.put(one, "image/png", path)
    assert await read(files, one) == path.read_bytes()


async def test_a_file_that_goes_while_it_is_read_is_not_given_as_whole(files: MediaFiles, tmp_path: Path) -> None:
    media_id, path = a_file(tmp_path, 64 * CHUNK_BYTES)
    await files.put(media_id, "image/png", path)
    file = await files.open(media_id)
    assert file is not None
    await files.delete(media_id)
    with pytest.raises(StoreUnavailable):
        async for _ in file.read(0, file.size):
            pass


async def test_a_source_that_is_not_there_leaves_nothing(files: MediaFiles, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        await files.put("ab" * 32, "image/png", tmp_path / "nothing")
    assert await files.open("ab" * 32) is None


async def test_closed_it_says_so(files: MediaFiles, tmp_path: Path) -> None:
    await files.aclose()
    with pytest.raises(StoreUnavailable):
        await files.open("ab" * 32)
    assert files.waiting == 0
