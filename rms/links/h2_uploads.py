"""Requests that announce a body. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from rms.links.h2_frames import ErrorCode, StreamError
from rms.links.h2_headers import Fields, H2Request

_MAX_FRAMES: Final = 8
_MAX_BYTES: Final = 1024
"""What of a body is waited for, before it is said that there must be none."""
_MAX_IGNORED: Final = 64
"""DATA frames that may be on their way when a request is answered without waiting for its body."""
_TIMEOUT_TICKS: Final = 10


class _Upload:
    __slots__ = ("answered", "frames", "received", "request", "ticks")

    def __init__(self, request: H2Request) -> None:
        self.request = request
        self.received = 0
        self.frames = 0
        self.ticks = 0
        self.answered = False


class H2Uploads:
    """Waits for the end of a request whose head did not end its stream.

    No request here may have a body, but some clients end their stream by an empty frame, and one that does send
    something is to be told what is wrong. So the first few frames are waited for, and no content is kept; what comes
    after the answer is ignored until it stops. At most ``max_waiting`` at a time: then the oldest is answered.
    """

    def __init__(self, on_request: Callable[[H2Request], None], *, max_waiting: int = 1_000) -> None:
        self._on_request = on_request
        self._max_waiting = max_waiting
        self._uploads: dict[int, _Upload] = {}

    def __contains__(self, stream_id: int) -> bool:
        return stream_id in self._uploads

    def begin(self, request: H2Request) -> None:
        """A request's head came, and its stream goes on."""
        if len(self._uploads) >= self._max_waiting:
            oldest = next(iter(self._uploads.values()))
            self._answer(oldest)
            del self._uploads[oldest.request.stream_id]
        self._uploads[request.stream_id] = _Upload(request)

    def data(self, stream_id: int, size: int, *, ends: bool) -> bool:
        """DATA came, of ``size`` bytes. False where that is more than a peer sends that was told to stop.

        Raises ``StreamError`` where the body is not as long as was announced.
        """
        upload = self._uploads[stream_id]
        upload.received += size
        upload.frames += 1
        if ends:
            self._end(upload)
        elif not upload.answered and (upload.frames >= _MAX_FRAMES or upload.received > _MAX_BYTES):
            self._answer(upload)
        return upload.frames <= _MAX_FRAMES + _MAX_IGNORED

    def trailers(self, stream_id: int, fields: Fields, *, ends: bool) -> None:
        """A second header block came. Raises ``StreamError`` where it is no trailer."""
        if not ends or any(name.startswith(b":") for name, _ in fields):
            raise StreamError(stream_id, ErrorCode.PROTOCOL_ERROR, "no trailer")
        self._end(self._uploads[stream_id])

    def forget(self, stream_id: int) -> None:
        """The stream has ended otherwise; it need not be known."""
        self._uploads.pop(stream_id, None)

    def tick(self) -> list[int]:
        """A second has passed; returns the streams that take too long, which are to be reset."""
        for upload in self._uploads.values():
            upload.ticks += 1
        late = [stream_id for stream_id, upload in self._uploads.items() if upload.ticks >= _TIMEOUT_TICKS]
        return [stream_id for stream_id in late if not self._uploads.pop(stream_id).answered]

    def _end(self, upload: _Upload) -> None:
        stream_id = upload.request.stream_id
        del self._uploads[stream_id]
        if upload.answered:
            return
        announced = [value for name, value in upload.request.headers if name == "content-length"]
        if announced and announced != [str(upload.received)]:
            raise StreamError(stream_id, ErrorCode.PROTOCOL_ERROR, "a body of another length than announced")
        self._on_request(replace(upload.request, has_body=upload.received > 0))

    def _answer(self, upload: _Upload) -> None:
        if not upload.answered:
            upload.answered = True
            self._on_request(replace(upload.request, has_body=True, goes_on=True))
