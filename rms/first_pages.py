"""What newcomers of one channel get first."""

from __future__ import annotations

from rms.batch import Batch
from rms.compress import stored_batch
from rms.ring import Ring


class FirstPages:
    """The ring's first page, plain and gzip, made once for all who come before the stream goes on."""

    __slots__ = ("_pages", "_ring")

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._pages: dict[bool, tuple[int, Batch]] = {}  # by whether gzip: of what backlog, and the page

    def page(self, backlog: int, *, gzip: bool) -> Batch:
        """The last ``backlog`` comments; see ``Ring.first_page``."""
        of, page = self._pages.get(gzip, (None, None))
        if page is None or of != backlog:
            page = self._ring.first_page(backlog)
            if gzip:
                page = stored_batch(page)
            self._pages[gzip] = backlog, page
        return page

    def forget(self) -> None:
        """The ring is about to change."""
        self._pages.clear()
