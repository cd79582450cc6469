"""Tickets: what a video's stream hands out to its viewers, and a post shows. Pure.

A ticket is the same for all viewers of a video: its video and its end under the cluster's secret. Any process with the
secret makes and checks it, so none has to be asked, and none has to live.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence

MIN_SECRET_BYTES = 32
MAX_TICKET_CHARACTERS = 128
_MAC_BYTES = 16
_FORM = re.compile(r"1\.([0-9]{1,12})\.([A-Za-z0-9_-]{22})\Z", re.ASCII)


class TicketError(Exception):
    """A ticket is none, is for another video, or is over. The message is one phrase: ``has expired``."""


class Tickets:
    """Makes tickets with the first of ``secrets`` and checks them with all: the others are on their way in or out.

    Raises ``ValueError`` for a secret below 32 bytes, or none at all.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or any(len(secret.encode()) < MIN_SECRET_BYTES for secret in secrets):
            raise ValueError(f"a ticket's secret has {MIN_SECRET_BYTES} bytes or more")
        # A key for this purpose alone: the same secret may be in use for something else.
        self._keys = [hmac.digest(secret.encode(), b"livecomments ticket 1", hashlib.sha256) for secret in secrets]

    def make(self, video: str, expires_at_s: int) -> str:
        """The ticket for ``video`` until ``expires_at_s``, in seconds since 1970: ``1.<end>.<MAC>``."""
        return f"1.{expires_at_s}.{_mac(self._keys[0], video, expires_at_s)}"

    def check(self, ticket: str, video: str, now_s: float) -> None:
        """Raises ``TicketError`` where it is not good for ``video`` at ``now_s``."""
        match = _FORM.match(ticket) if len(ticket) <= MAX_TICKET_CHARACTERS else None
        if match is None:
            raise TicketError("is malformed")
        expires_at_s, mac = int(match[1]), match[2]
        if not any(hmac.compare_digest(mac, _mac(key, video, expires_at_s)) for key in self._keys):
            raise TicketError("is not for this video, or not from here")
        if expires_at_s <= now_s:
            raise TicketError("has expired")


def _mac(key: bytes, video: str, expires_at_s: int) -> str:
    mac = hmac.digest(key, f"{expires_at_s}.{video}".encode(), hashlib.sha256)[:_MAC_BYTES]
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
