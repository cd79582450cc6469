"""The body of a whole answer over HTTP/2."""

from __future__ import annotations

import asyncio

from rms.links.h2_viewers import H2Viewer
from rms.reasons import CloseReason
from rms.viewer import Viewer


class H2Body:
    """Sent as far as the window goes, then as it grows, for ``timeout_s`` at most; in the place of an audience."""

    def __init__(self, viewer: H2Viewer, body: bytes, *, timeout_s: float) -> None:
        self._viewer = viewer
        self._body = body
        self._timeout_s = timeout_s
        viewer.audience = self

    def send(self) -> None:
        """Sends it; the stream is closed at its end."""
        if self.on_room(self._viewer):
            self._viewer.await_room()
            asyncio.get_running_loop().call_later(self._timeout_s, self.detach, self._viewer, CloseReason.STALLED)

    def on_room(self, viewer: Viewer) -> bool:
        self._body = self._body[viewer.offer(self._body) :]
        if not self._body:
            viewer.close()
        return bool(self._body)

    def detach(self, viewer: Viewer, reason: CloseReason) -> None:
        viewer.close()

    def on_link_ready(self) -> None:
        """It is told of room by ``on_room``."""
