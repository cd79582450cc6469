"""How a store fails: one clear line each, without the store's own exception classes."""

from __future__ import annotations


class StoreError(Exception):
    """Any of these."""


class StoreUnavailable(StoreError):
    """The store cannot be reached or cannot write. What was asked for may be tried again.

    ``in_doubt``: it may have been done all the same, as far as this one attempt goes.
    """

    def __init__(self, message: str, *, in_doubt: bool = False) -> None:
        super().__init__(message)
        self.in_doubt = in_doubt


class StoreOverloaded(StoreError):
    """More waits for the store than may wait. Nothing was taken in."""


class StoreConflict(StoreError):
    """The store has something else under that id or name."""
