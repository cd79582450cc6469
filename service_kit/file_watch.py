"""Files that may change while this runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

_RECHECK_S = 1.0
Stamp = tuple[tuple[int, int, int], ...]


def stamp_of(*paths: Path) -> Stamp:
    """Another one when one of them has changed. Raises ``OSError``."""
    # The inode too: a file replaced within the clock's tick by one of the same size is another file.
    return tuple((status.st_mtime_ns, status.st_size, status.st_ino) for status in (path.stat() for path in paths))


class FileWatch:
    """Looks for a change of a file once a second at most. To be made before the file is read for the first time.

    ``now_s``: any clock in seconds that never steps back.
    """

    def __init__(self, path: Path, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._now_s = now_s
        self._stamp = self._look()
        self._next_look_s = now_s() + _RECHECK_S

    def changed(self) -> bool:
        """True once for each change, the file's going among them."""
        now = self._now_s()
        if now < self._next_look_s:
            return False
        self._next_look_s = now + _RECHECK_S
        before, self._stamp = self._stamp, self._look()
        return self._stamp != before

    def _look(self) -> Stamp | None:
        try:
            return stamp_of(self._path)
        except OSError:
            return None
