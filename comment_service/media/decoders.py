"""A few decoder processes: images are judged beside the loop, and one that kills its decoder harms no other."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from comment_service.media.faults import ImageError, MediaFault
from comment_service.media.image import ImageLimits, JudgedImage

# What a decoder needs of this process's environment: where Python finds its modules, and no secret.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ")


@dataclass(frozen=True)
class DecoderLimits:
    """``processes`` at a time, each of ``memory_bytes`` (of address space), with ``timeout_s`` for an image."""

    processes: int = 2
    memory_bytes: int = 1024 * 1024 * 1024
    timeout_s: float = 15.0
    image: ImageLimits = field(default_factory=ImageLimits)


class Decoders:
    """Processes begin with the first image that needs one, and stay. ``waiting``: images that are being judged or
    wait for it; whoever calls bounds them."""

    def __init__(self, limits: DecoderLimits) -> None:
        self.waiting = 0
        self.started = 0
        self._limits = limits
        self._free = asyncio.Semaphore(limits.processes)
        self._idle: list[_Decoder] = []
        self._busy: set[_Decoder] = set()

    async def judge(self, source: Path, kept: Path) -> JudgedImage:
        """As ``judge.judge``. Raises ``ImageError``, also for an image that takes too long or kills its decoder."""
        self.waiting += 1
        try:
            async with self._free:
                return await self._judge(source, kept)
        finally:
            self.waiting -= 1

    async def aclose(self) -> None:
        """Ends all of them."""
        decoders = [*self._idle, *self._busy]
        self._idle.clear()
        await asyncio.gather(*(decoder.kill() for decoder in decoders))

    async def _judge(self, source: Path, kept: Path) -> JudgedImage:
        if self._idle:
            try:
                return await self._ask(self._idle.pop(), source, kept)
            except (ConnectionError, EOFError):
                pass  # it may have died while it was idle: a new one shows whether it is the image
        try:
            return await self._ask(await self._start(), source, kept)
        except (ConnectionError, EOFError):
            raise ImageError(MediaFault.DECODER_DIED, "cannot be decoded") from None

    async def _ask(self, decoder: _Decoder, source: Path, kept: Path) -> JudgedImage:
        self._busy.add(decoder)
        reusable = False
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                answer = await decoder.ask({"source": str(source), "kept": str(kept)})
            reusable = True
        except TimeoutError:
            raise ImageError(MediaFault.TOO_SLOW, f"took over {self._limits.timeout_s:g} s to decode") from None
        finally:
            self._busy.discard(decoder)
            if reusable:
                self._idle.append(decoder)
            else:
                await decoder.kill()
        if "fault" in answer:
            raise ImageError(MediaFault(answer["fault"]), answer["problem"])
        return JudgedImage(**answer)

    async def _start(self) -> _Decoder:
        self.started += 1
        argument = {"memory_bytes": self._limits.memory_bytes, "limits": asdict(self._limits.image)}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "comment_service.media.decoder",
            json.dumps(argument),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            start_new_session=True,  # Ctrl-C is for the service, which lets what it has taken in come to its end
        )
        return _Decoder(process)


class _Decoder:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, request: dict[str, str]) -> dict[str, Any]:
        """Raises ``ConnectionError`` or ``EOFError`` where it has died."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        await self._process.stdin.drain()
        line = await self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def kill(self) -> None:
        if self._process.returncode is None:
            try:
                self._process.kill()
            except ProcessLookupError:
                pass
        await self._process.wait()
