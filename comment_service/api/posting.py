"""``POST /comments/{liveVideoId}``, below ``tornado.web``.

It is asked for more often than everything else together, and a request handler costs more than all that a post does
besides (docs/posting.md): routing, a handler object, its headers one by one.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import structlog
from tornado import httputil
from tornado.escape import url_unescape

from comment_service.api.handler import API_HEADERS, Context, video_in_path
from comment_service.api.json_body import json_object, text_field
from comment_service.api.query import parse_id
from comment_service.api.refusals import problem_of
from comment_service.comments import Draft
from comment_service.idempotency import check_key
from comment_service.rates import Action
from comment_service.refusal import InvalidArgument, Refusal
from service_kit.problem import CONTENT_TYPE, DEFAULT_HEADERS, Problem, problem_for

COMMENTS_PATH = r"/comments/([^/]*)"
_PATH = re.compile(COMMENTS_PATH)
_CREATED = httputil.ResponseStartLine("HTTP/1.1", 201, "Created")


class PostRequests(httputil.HTTPServerConnectionDelegate):
    """Serves posts, and leaves every other request to ``app``."""

    def __init__(self, app: httputil.HTTPServerConnectionDelegate, context: Context) -> None:
        self._app = app
        self._context = context
        self._serving: set[asyncio.Task[None]] = set()

    def start_request(self, server_conn: object, request_conn: httputil.HTTPConnection) -> httputil.HTTPMessageDelegate:
        return _Request(self, server_conn, request_conn)

    def on_close(self, server_conn: object) -> None:
        self._app.on_close(server_conn)

    def app_request(self, server_conn: object, request_conn: httputil.HTTPConnection) -> httputil.HTTPMessageDelegate:
        """One that is no post."""
        return self._app.start_request(server_conn, request_conn)

    def serve(self, request: httputil.HTTPServerRequest, path: str) -> None:
        """Answers a post that is all here. It goes on though its client may have gone."""
        task = asyncio.ensure_future(self._serve(request, path))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, request: httputil.HTTPServerRequest, path: str) -> None:
        traffic, metrics = self._context.traffic, self._context.metrics
        began = time.perf_counter()
        traffic.began()
        try:
            start_line = _CREATED
            headers, body = await post_comment(self._context, request, path)
        except Exception as error:
            problem = self._problem(error, request.path)
            start_line = httputil.ResponseStartLine("HTTP/1.1", problem.status, problem.title)
            headers = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store", **problem.headers}
            body = problem.body()
        try:
            assert request.connection is not None
            request.connection.write_headers(start_line, self._headers(headers, body), body)
            request.connection.finish()
        finally:
            traffic.ended()
            metrics.request_s.labels("http", "POST comments").observe(time.perf_counter() - began)

    def _headers(self, headers: Mapping[str, str], body: bytes) -> httputil.HTTPHeaders:
        every = {**DEFAULT_HEADERS, **API_HEADERS, "Date": _date(int(time.time())), **headers}
        if self._context.traffic.draining:
            every["Connection"] = "close"
        return httputil.HTTPHeaders({**every, "Content-Length": str(len(body))})

    def _problem(self, error: Exception, path: str) -> Problem:
        if isinstance(error, Refusal):
            return self._context.refused(problem_of(error), error.reason)
        if not isinstance(error, Problem):
            structlog.get_logger().error("http_handler_failed", path=path, exc_info=error)
        return self._context.refused(problem_for(500, error))


class _Request(httputil.HTTPMessageDelegate):
    def __init__(self, posts: PostRequests, server_conn: object, connection: httputil.HTTPConnection) -> None:
        self._posts = posts
        self._server_conn = server_conn
        self._connection = connection
        self._app: httputil.HTTPMessageDelegate | None = None
        self._request: httputil.HTTPServerRequest | None = None
        self._path = ""
        self._chunks: list[bytes] = []

    def headers_received(
        self, start_line: httputil.RequestStartLine | httputil.ResponseStartLine, headers: httputil.HTTPHeaders
    ) -> Any:
        assert isinstance(start_line, httputil.RequestStartLine)
        path = _PATH.fullmatch(start_line.path.partition("?")[0]) if start_line.method == "POST" else None
        if path is None:
            self._app = self._posts.app_request(self._server_conn, self._connection)
            return self._app.headers_received(start_line, headers)
        self._path = path[1]
        self._request = httputil.HTTPServerRequest(
            connection=self._connection, start_line=start_line, headers=headers, server_connection=self._server_conn
        )
        return None

    def data_received(self, chunk: bytes) -> Any:
        if self._app is not None:
            return self._app.data_received(chunk)
        self._chunks.append(chunk)
        return None

    def finish(self) -> None:
        if self._app is not None:
            self._app.finish()
        elif self._request is not None:
            self._request.body = b"".join(self._chunks)
            self._posts.serve(self._request, self._path)

    def on_connection_close(self) -> None:
        if self._app is not None:
            self._app.on_connection_close()


async def post_comment(
    context: Context, request: httputil.HTTPServerRequest, path_id: str
) -> tuple[Mapping[str, str], bytes]:
    """Headers and body of 201, once the comment is durable. ``path_id``: the video's id as it stands in the path.

    Raises a ``Refusal`` or a ``Problem``.
    """
    live_video_id = video_in_path(path_id if "%" not in path_id else _unescaped(path_id))
    sender, headers = context.admitted(request, Action.POST, live_video_id)
    posted = await context.services.comments.post(sender, draft_of(live_video_id, request))
    location = f"/comments/{live_video_id}/{posted.comment.comment_id}"
    return {**headers, "Location": location, "Cache-Control": "no-store"}, posted.data


def draft_of(live_video_id: str, request: httputil.HTTPServerRequest) -> Draft:
    """The draft in a request. Raises ``InvalidArgument`` naming the field that is missing or of a wrong type."""
    body = json_object(request)
    media = body.get("media")
    if media is not None and not (isinstance(media, list) and all(isinstance(item, str) for item in media)):
        raise InvalidArgument("media", "is not a list of strings")
    content = text_field(body, "content")
    return Draft(live_video_id, content, _reply_to(body.get("replyTo")), media or (), _idempotency_key(request.headers))


def _reply_to(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidArgument("reply_to", "is not a string; ids are decimal strings")
    return parse_id("reply_to", value)


def _idempotency_key(headers: httputil.HTTPHeaders) -> str | None:
    keys = headers.get_list("Idempotency-Key")
    if len(keys) > 1:
        raise InvalidArgument("idempotency_key", "is given more than once")
    return check_key(keys[0]) if keys else None


def _unescaped(text: str) -> str:
    # What is no UTF-8 is no id, and thus 404 and not 400.
    return url_unescape(text, encoding=None, plus=False).decode("utf-8", "replace")


@lru_cache(2)
def _date(second: int) -> str:
    return httputil.format_timestamp(second)
