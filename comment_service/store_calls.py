"""Every use case's way to the store: timed, and its failures told as refusals."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from prometheus_client import Histogram

from comment_service.metrics import CommentServiceMetrics
from comment_service.refusal import StoreBusy, StoreDown
from comment_service.store import StoreOverloaded, StoreUnavailable

T = TypeVar("T")


class StoreCalls:
    """``ask("page", lambda: store.comments.before(…))``; ``operation`` is the metric's label."""

    def __init__(self, metrics: CommentServiceMetrics) -> None:
        self._store_s = metrics.store_s
        self._by_operation: dict[str, Histogram] = {}

    async def ask(self, operation: str, call: Callable[[], Awaitable[T]], *, began_s: float | None = None) -> T:
        """What the store answers. Raises ``StoreDown`` and ``StoreBusy``.

        ``began_s``: when it was asked, by ``time.perf_counter``, where that was before now.
        """
        began = time.perf_counter() if began_s is None else began_s
        try:
            return await call()
        except StoreOverloaded as error:
            raise StoreBusy("too many requests are waiting for the store; try again in a moment") from error
        except StoreUnavailable as error:
            if error.in_doubt:
                raise StoreDown("the store did not answer; try again in a moment", in_doubt=True) from error
            raise StoreDown("the store cannot be reached at the moment; nothing was stored") from error
        finally:
            self._observe(operation, time.perf_counter() - began)

    def _observe(self, operation: str, took_s: float) -> None:
        child = self._by_operation.get(operation)
        if child is None:
            child = self._by_operation[operation] = self._store_s.labels(operation)
        child.observe(took_s)
