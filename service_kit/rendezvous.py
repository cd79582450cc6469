"""Rendezvous hashing: everybody who knows the same nodes agrees, without a word, whose a video is."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b


def weight(node: str, video: str) -> bytes:
    """How strongly ``node`` claims ``video``: it belongs to the node with the greatest weight.

    When a node comes or goes, only the videos that it takes or had move.
    """
    return blake2b(f"{node}/{video}".encode(), digest_size=8).digest()


def owner(video: str, nodes: Iterable[str]) -> str | None:
    """Whose ``video`` is; None without any node."""
    return max(nodes, key=lambda node: weight(node, video), default=None)
