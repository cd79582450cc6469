"""One viewer's connection, whichever link carries it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from rms.compress import stored

if TYPE_CHECKING:
    from rms.laggard import Laggard
    from rms.links import Group, LinkEvents


class Viewer(ABC):
    """One connection. A link makes it, a channel's audience moves it; there may be a million, so slots only.

    A viewer in an ``audience`` is in exactly one of two places: in a ``group`` of viewers that share one position
    of the canonical stream, or on its own as a ``laggard``. The audience alone writes these three, and ``gzip``: what
    the viewer is offered is a gzip stream, which the links need not know. The link writes ``closed`` and whatever its
    own kind of viewer adds.
    """

    __slots__ = ("audience", "closed", "group", "gzip", "laggard")

    def __init__(self) -> None:
        self.audience: LinkEvents | None = None
        self.group: Group | None = None
        self.laggard: Laggard | None = None
        self.gzip = False
        self.closed = False

    def say(self, data: bytes) -> None:
        """Offers frames that are for this viewer alone. To be used between frames, and only before it is closed."""
        self.offer(stored(data) if self.gzip else data)

    @abstractmethod
    def open_group(self) -> Group:
        """A new, empty group for viewers of this one's link."""

    @property
    @abstractmethod
    def link(self) -> object:
        """The link that carries it; viewers of one link can share a group."""

    @abstractmethod
    def offer(self, data: bytes) -> int:
        """Sends what of ``data`` there is room for now and returns how many bytes that was: 0 up to all.

        Never blocks, never keeps a reference to ``data`` beyond what it reports as taken, never raises: a broken
        connection takes nothing, and the link reports its end as an event of its own.
        """

    @abstractmethod
    def await_room(self) -> None:
        """From now on the link calls ``audience.on_room(viewer)`` whenever the viewer can take bytes (in a later
        turn of the loop, at once if it can already), until that call returns False. Idempotent."""

    @abstractmethod
    def close(self) -> None:
        """Ends the connection in order: what was taken still goes out. Sets ``closed``. Reports nothing.
        Idempotent."""
