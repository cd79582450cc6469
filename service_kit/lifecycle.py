"""The life of a process: start, serve until a signal, drain, close."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import structlog

from service_kit.errors import StartupError
from service_kit.tasks import end_tasks

# What `aclose` may take after draining: it only lets go of things.
CLOSE_TIMEOUT_S = 5.0


class Node(Protocol):
    """One process's work. The constructor acquires nothing; ``start`` and ``aclose`` may be called twice."""

    async def start(self) -> None:
        """Acquires ports, sessions and files and begins to serve. Raises ``StartupError``."""

    async def drain(self) -> None:
        """Takes no new work and finishes what was taken. Cut off after the grace period."""

    async def aclose(self) -> None:
        """Lets go of everything."""


def run(node_factory: Callable[[], Node], *, grace_s: float) -> int:
    """Runs a node until SIGTERM or SIGINT and returns the exit status: 0, or 1 where it could not start.

    The first signal drains for at most ``grace_s``; a second one ends the draining at once.
    """
    try:
        return asyncio.run(_serve(node_factory, grace_s))
    except StartupError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


async def _serve(node_factory: Callable[[], Node], grace_s: float) -> int:
    stop, hurry = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        (hurry if stop.is_set() else stop).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    log = structlog.get_logger()
    node = node_factory()
    try:
        if not await _unless(stop, node.start()):
            return 0
        # What start-up made lives as long as the process; the collector need not walk it again and again.
        gc.collect()
        gc.freeze()
        log.info("started")
        await stop.wait()
        log.info("draining", grace_s=grace_s)
        try:
            async with asyncio.timeout(grace_s):
                await _unless(hurry, node.drain())
        except TimeoutError:
            log.warning("drain_cut_off", reason="grace_over", grace_s=grace_s)
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await node.aclose()
    log.info("stopped")
    return 0


async def _unless(event: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Awaits ``work`` unless ``event`` comes first, which cancels it. True where the work was done."""
    task = asyncio.create_task(work)
    waiter = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
            return True
        return False
    finally:
        await end_tasks(task, waiter)
