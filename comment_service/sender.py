"""Who sends a request, and what besides the token speaks for or against it."""

from __future__ import annotations

from dataclasses import dataclass

from service_kit.auth.identity import Identity


@dataclass(frozen=True, slots=True)
class Sender:
    """``address``: the client's IP address as the edge knows it, None where it does not (an internal service).

    ``ticket``: what the live stream handed out to show that this client is watching, None where it sent none.
    """

    identity: Identity
    address: str | None = None
    ticket: str | None = None
