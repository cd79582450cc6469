"""Decoder processes: what an image can do to one, and that it does it to no other."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from comment_service.media.decoders import DecoderLimits, Decoders
from comment_service.media.faults import ImageError, MediaFault
from comment_service.media.image import ImageLimits, JudgedImage
from tests.support.eventually import eventually
from tests.support.images import picture
from tests.support.processes import Process, descendants

LIMITS = DecoderLimits(processes=2, timeout_s=20.0)
SECRET = "LIVECOMMENTS_COMMENT_SERVICE_JWT_SECRET"


@pytest.fixture
async def decoders(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Decoders]:
    monkeypatch.setenv(SECRET, "not for decoders")
    decoders = Decoders(LIMITS)
    yield decoders
    await decoders.aclose()


def running() -> list[Process]:
    """This test's, and not those of a cluster that other tests share."""
    mine = (each for each in descendants(os.getpid()) if each.parent == os.getpid())
    return [each for each in mine if "comment_service.media.decoder" in each.command]


async def judged(decoders: Decoders, folder: Path, data: bytes, name: str = "image") -> JudgedImage:
    source = folder / name
    await asyncio.to_thread(source.write_bytes, data)
    return await decoders.judge(source, source.with_suffix(".kept"))


async def fault_of(decoders: Decoders, folder: Path, data: bytes) -> MediaFault:
    with pytest.raises(ImageError) as refused:
        await judged(decoders, folder, data)
    return refused.value.fault


async def test_processes_begin_with_the_first_image_stay_and_end_with_the_rest(
    decoders: Decoders, tmp_path: Path
) -> None:
    assert running() == []
    await asyncio.gather(*[judged(decoders, tmp_path, picture(), str(n)) for n in range(9)])
    began = running()
    assert len(began) == 2
    await judged(decoders, tmp_path, picture())
    assert running() == began
    await decoders.aclose()
    assert running() == []
    assert decoders.waiting == 0


async def test_a_decoder_knows_no_secret(decoders: Decoders, tmp_path: Path) -> None:
    await judged(decoders, tmp_path, picture())
    (process,) = running()
    environment = await asyncio.to_thread(Path(f"/proc/{process.pid}/environ").read_bytes)
    assert b"PATH=" in environment
    assert b"LIVECOMMENTS" not in environment


async def test_an_image_that_takes_too_long_ends_with_its_decoder(decoders: Decoders, tmp_path: Path) -> None:
    quick = Decoders(replace(LIMITS, timeout_s=1e-9))
    assert await fault_of(quick, tmp_path, picture()) is MediaFault.TOO_SLOW
    assert running() == []
    await quick.aclose()


async def test_an_image_whose_decoder_dies_gets_another(decoders: Decoders, tmp_path: Path) -> None:
    await judged(decoders, tmp_path, picture())
    (process,) = running()
    os.kill(process.pid, signal.SIGSTOP)  # so that it dies in the middle of an image
    dying = asyncio.create_task(judged(decoders, tmp_path, picture()))
    await eventually(lambda: decoders.waiting == 1)
    os.kill(process.pid, signal.SIGKILL)
    assert (await dying).width == 64
    assert decoders.started == 2


async def test_one_that_died_while_it_was_idle_costs_no_image(decoders: Decoders, tmp_path: Path) -> None:
    await judged(decoders, tmp_path, picture())
    (process,) = running()
    os.kill(process.pid, signal.SIGKILL)
    await eventually(lambda: not process.alive)
    assert (await judged(decoders, tmp_path, picture())).width == 64


async def test_an_image_that_kills_every_decoder_is_refused(decoders: Decoders, tmp_path: Path) -> None:
    await judged(decoders, tmp_path, picture())
    dying = asyncio.create_task(fault_of(decoders, tmp_path, picture()))

    def kill_all_until_it_is_done() -> bool:
        for process in running():
            os.kill(process.pid, signal.SIGKILL)
        return dying.done()

    await eventually(kill_all_until_it_is_done)
    assert await dying is MediaFault.DECODER_DIED
    assert running() == []


async def test_memory_is_bounded(tmp_path: Path) -> None:
    small = replace(LIMITS, memory_bytes=256 * 1024 * 1024, image=ImageLimits(pixels=10**9, all_pixels=10**9))
    decoders = Decoders(small)
    large = await asyncio.to_thread(picture, "PNG", (1, 1))
    assert (await judged(decoders, tmp_path, large)).width == 1
    huge = await asyncio.to_thread(_blank, 12_000)
    assert await fault_of(decoders, tmp_path, huge) in {MediaFault.TOO_MANY_PIXELS, MediaFault.DECODER_DIED}
    assert (await judged(decoders, tmp_path, large)).width == 1
    await decoders.aclose()


async def test_who_goes_while_an_image_is_judged_leaves_no_process_behind(decoders: Decoders, tmp_path: Path) -> None:
    await judged(decoders, tmp_path, picture())
    (process,) = running()
    os.kill(process.pid, signal.SIGSTOP)
    waiting = asyncio.create_task(judged(decoders, tmp_path, picture()))
    await eventually(lambda: decoders.waiting == 1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert running() == []
    assert decoders.waiting == 0


def _blank(side: int) -> bytes:
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (side, side)).save(file, "PNG", compress_level=1)
    return file.getvalue()
