"""What a client's call can end with."""

from __future__ import annotations

import os


class ClientError(Exception):
    """A request failed. The message is one line for a person."""


class UnreachableError(ClientError):
    """No answer: nothing listens there, the connection broke, or it took too long."""


class ProtocolError(ClientError):
    """The answer is not HTTP/1.1, not an event stream, or beyond this client's limits."""


class ApiError(ClientError):
    """The server answered with an error status.

    Attributes:
        status: the HTTP status.
        detail: the problem document's ``detail`` (RFC 9457), else its title or the reason phrase.
        retry_after_s: the ``Retry-After`` header in seconds, None where there is none.
    """

    def __init__(self, status: int, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail
        self.retry_after_s = retry_after_s


def reason_of(error: OSError) -> str:
    """What went wrong, in the system's words: asyncio's message names every address it tried."""
    return os.strerror(error.errno).lower() if error.errno and error.errno > 0 else str(error)
