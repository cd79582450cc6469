"""What can go wrong between a process and ZooKeeper. No exception of kazoo's passes this package's borders."""

from __future__ import annotations


class CoordinationError(Exception):
    """Coordination failed. The message is one clear line."""


class NotConnectedError(CoordinationError):
    """There is no session right now, or it was lost before the answer came. Whether the request was done is open."""


class RequestTimeoutError(CoordinationError):
    """ZooKeeper did not answer in time. Whether the request was or will be done is open."""


class NotAuthorizedError(CoordinationError):
    """The node belongs to another user, or the password is wrong."""


class NoNodeError(CoordinationError):
    """The node, or its parent, does not exist."""


class NodeExistsError(CoordinationError):
    """The node exists already."""


class BadVersionError(CoordinationError):
    """The node was changed since it was read."""


class TransactionError(CoordinationError):
    """A multi failed as a whole. ``cause`` is what its operation number ``position`` ran into."""

    def __init__(self, position: int, cause: CoordinationError) -> None:
        super().__init__(f"operation {position} of a transaction failed: {cause}")
        self.position = position
        self.cause = cause
