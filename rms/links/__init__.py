"""Links carry viewers; a channel does not know which kind of link a viewer came by.

``socket_link`` holds the process's plain HTTP/1.1 viewers, a socket each. An HTTP/2 link is one connection whose
streams are viewers. Both pass the contract suite in ``tests/contract/link``. The rules:

* **Bytes.** What a link takes for a viewer, by ``Group.send`` or ``Viewer.offer``, reaches it in that order and
  once, or its connection ends. A link takes a part of what it is given when there is no room for all (a full socket
  buffer, a spent window), says how much, and forgets the rest: who is owed what is the channel's business. A link
  with windows keeps them as absolute positions on its own count of bytes sent to a group; no channel sees them.
* **Groups.** Viewers that share one position are sent to together, at most a few hundred in one call that does not
  yield. A channel opens as many groups on a link as it needs, changes their members only between sends, and has a
  viewer in at most one.
* **Room.** A link calls ``on_room`` only for viewers that asked with ``await_room``.
* **Ends.** A connection that ends from outside is reported once, by ``viewer.audience.detach(viewer, reason)``, never
  from within ``offer``, ``Group.send`` or any other call that the channel made. A viewer that is in no audience yet
  is only marked ``closed``.
* **A link that is full as a whole** is ``busy``: the channel leaves its groups where they are, sends to others, and
  catches them up in one piece when the link calls ``on_link_ready``. So one slow link holds up no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from rms.batch import Batch
from rms.reasons import CloseReason
from rms.viewer import Viewer

Short = tuple[Viewer, int]
"""A viewer that took only the first so many bytes of a batch."""


class LinkEvents(Protocol):
    """What a link reports to a viewer's audience. All calls are made on the event loop's thread."""

    def on_room(self, viewer: Viewer) -> bool:
        """The viewer can take bytes. False: it is owed none any more, do not call again."""

    def detach(self, viewer: Viewer, reason: CloseReason) -> None:
        """The viewer's connection has ended or must end; calls ``viewer.close()``."""

    def on_link_ready(self) -> None:
        """A link that was ``busy`` is no longer."""


class Group(Protocol):
    """Up to a few hundred viewers of one channel on one link that have all been sent the same."""

    position: int
    """Up to where in the canonical stream; the audience's to write."""

    @property
    def link(self) -> object:
        """The link that carries it."""

    @property
    def busy(self) -> bool:
        """True while the link as a whole takes nothing."""

    def add(self, viewer: Viewer) -> None:
        """A viewer of the same link that stands at the group's position."""

    def discard(self, viewer: Viewer) -> None:
        """Takes a member out; it need not be one."""

    def __len__(self) -> int: ...

    def viewers(self) -> Iterable[Viewer]:
        """The members, in any order; not to be changed while iterating."""

    def send(self, batch: Batch) -> Sequence[Short]:
        """Offers ``batch.payload`` to every member; returns those who did not take it all, members still.

        Does not yield, does not change the membership, does not raise.
        """


class Link(Protocol):
    """What carries viewers. How viewers come is each link's own: by ``adopt(socket)``, or as a stream's request."""

    async def start(self) -> None:
        """Takes what it needs from the running loop. Idempotent."""

    async def aclose(self) -> None:
        """Closes every viewer without a word and gives everything back. Idempotent."""

    def __len__(self) -> int:
        """Open viewers."""
