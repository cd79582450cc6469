"""A viewer that is behind."""

from __future__ import annotations


class Laggard:
    """Where a viewer stands that is behind, and what it is owed first."""
