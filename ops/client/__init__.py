"""A client of the public HTTP API and the live stream, light enough for hundreds of viewers in one process."""

from __future__ import annotations

from ops.client.comments_api import CommentsApi, Page
from ops.client.errors import ApiError, ClientError, ProtocolError, UnreachableError
from ops.client.http_client import HttpClient, Response
from ops.client.sse import SseEvent, SseParser
from ops.client.sse_viewer import SseViewer
from ops.client.watcher import Event, Watcher

__all__ = [
    "ApiError",
    "ClientError",
    "CommentsApi",
    "Event",
    "HttpClient",
    "Page",
    "ProtocolError",
    "Response",
    "SseEvent",
    "SseParser",
    "SseViewer",
    "UnreachableError",
    "Watcher",
]
