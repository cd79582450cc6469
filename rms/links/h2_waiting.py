"""What a connection's peer wants that is dear, and so waits for its turn. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

_EACH_BYTES: Final = 400
"""What a piece takes beside its own bytes: the stream that it opened, and its place here."""

Work = Callable[[], None]


class H2Waiting:
    """Pieces of work in the order in which they came.

    ``full`` from ``max_bytes`` on, and until half of them have been taken.
    """

    def __init__(self, max_bytes: int) -> None:
        self.full = False
        self._max_bytes = max_bytes
        self._bytes = 0
        self._work: deque[tuple[Work, int]] = deque()

    def __len__(self) -> int:
        return len(self._work)

    def add(self, work: Work, size: int) -> None:
        """``size``: bytes that it keeps."""
        self._work.append((work, size))
        self._bytes += size + _EACH_BYTES
        if self._bytes >= self._max_bytes:
            self.full = True

    def take(self) -> Work:
        """The oldest. Raises ``IndexError`` where there is none."""
        work, size = self._work.popleft()
        self._bytes -= size + _EACH_BYTES
        if self._bytes <= self._max_bytes // 2:
            self.full = False
        return work
