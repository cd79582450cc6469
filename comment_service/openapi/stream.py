"""``/comments/{liveVideoId}/stream``, which the RMS serve. Pure.

Their limits are written here a second time, since neither imports the other; a test holds them together.
"""

from __future__ import annotations

from comment_service.openapi.parts import Part, answer, operation, parameters, schema

MAX_BACKLOG, DEFAULT_BACKLOG = 1_000, 100
# event → the schema of its data; only `comment` has an id.
EVENTS = {
    "comment": "Comment",
    "edit": "Comment",
    "delete": "DeleteEvent",
    "reactions": "ReactionsEvent",
    "viewers": "ViewersEvent",
    "ticket": "TicketEvent",
    "resync": "ResyncEvent",
    "reconnect": "ReconnectEvent",
    "end": "Empty",
}
_EXAMPLE = (
    "retry: 2000\n\nevent: comment\nid: 381884012707018752\n"
    'data: {"commentId":"381884012707018752","liveVideoId":"match-42","authorId":"u-17","authorName":"Ada",'
    '"content":"What a goal","createdAt":"2026-11-21T12:00:00.123Z","replyTo":null,"media":[],"reactions":{},'
    '"editedAt":null}\n\nevent: viewers\ndata: {"count":1204}\n\n:\n\n'
)
_DESCRIPTION = (
    "Server-Sent Events for a plain `EventSource`. The first bytes are `retry:`; `retry: 30000` and the end where there"
    " is no room. After `Last-Event-ID` (or `lastEventId`) everything that came later is sent first, without it the"
    " last `backlog` comments. A `:` line comes after 15 s of silence. `x-events` has the schema of each event's"
    " `data:`; only `comment` has an `id:`."
)


def paths() -> Part:
    return {"/comments/{liveVideoId}/stream": {"get": _stream()}}


def _stream() -> Part:
    success = answer("The stream.", headers=("Cache-Control", "Content-Encoding"))
    success["content"] = {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}}
    described = operation(
        "watch",
        "The video's live stream.",
        tag="stream",
        parameters=[*parameters("liveVideoId"), *_parameters()],
        answers={200: success},
        problems=(404,),
        description=_DESCRIPTION,
    )
    return described | {"x-events": {event: schema(name) for event, name in EVENTS.items()}}


def _parameters() -> list[Part]:
    number = {"type": "integer", "minimum": 0, "maximum": MAX_BACKLOG, "default": DEFAULT_BACKLOG}
    last = "The id of the last comment that the client has. The header wins."
    return [
        {"name": "Last-Event-ID", "in": "header", "description": last, "schema": schema("Id")},
        {"name": "lastEventId", "in": "query", "description": last, "schema": schema("Id")},
        {"name": "backlog", "in": "query", "description": "Comments that come first.", "schema": number},
    ]
