"""``/comments/{liveVideoId}…`` but for the stream, and ``/videos/{liveVideoId}…``. Pure."""

from __future__ import annotations

from comment_service.openapi.parts import TOKEN, Part, answer, json_body, operation, parameters

COMMENT: Part = {
    "commentId": "381884012707018752",
    "liveVideoId": "match-42",
    "authorId": "u-17",
    "authorName": "Ada",
    "content": "What a goal",
    "createdAt": "2026-11-21T12:00:00.123Z",
    "replyTo": None,
    "media": [],
    "reactions": {"like": 2},
    "editedAt": None,
}
RATE = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy")
CACHED = ("ETag", "Cache-Control")
NOT_MODIFIED = answer("Not modified.", headers=("ETag",))
_PAGE = {"comments": [COMMENT], "nextCursor": None, "hasMore": False}
_ONE = ("liveVideoId", "commentId")
_KEPT = ("If-None-Match", "Cache-Control")


def paths() -> Part:
    return {
        "/comments/{liveVideoId}": {"post": _post(), "get": _list()},
        "/comments/{liveVideoId}/{commentId}": {"get": _get(), "patch": _edit(), "delete": _delete()},
        "/comments/{liveVideoId}/{commentId}/replies": {"get": _replies()},
        "/comments/{liveVideoId}/{commentId}/reactions/{kind}": {
            "put": _reaction("react", "Make it the user's reaction to the comment, in place of another."),
            "delete": _reaction("unreact", "Take that reaction back; no fault where it is none."),
        },
        "/videos/{liveVideoId}/reactions": {"post": _video_reaction()},
        "/videos/{liveVideoId}/end": {"post": _end()},
    }


def _post() -> Part:
    return operation(
        "postComment",
        "Post a comment. Answered once it is durable.",
        tag="comments",
        security=TOKEN,
        parameters=parameters("liveVideoId", "Idempotency-Key", "Livecomments-Ticket"),
        body=json_body("CommentDraft", content="What a goal", replyTo=None, media=[]),
        answers={201: answer("The comment.", "Comment", ("Location", *RATE), COMMENT)},
        problems=(401, 403, 404, 409, 422, 429),
    )


def _list() -> Part:
    return operation(
        "listComments",
        "A page of the history. Without a cursor: the newest.",
        tag="comments",
        parameters=parameters("liveVideoId", "cursor", "direction", "pageSize", "sort", *_KEPT),
        answers={200: answer("The page.", "CommentPage", CACHED, _PAGE), 304: NOT_MODIFIED},
        problems=(404,),
    )


def _get() -> Part:
    return operation(
        "getComment",
        "One comment.",
        tag="comments",
        parameters=parameters(*_ONE, *_KEPT),
        answers={200: answer("The comment.", "Comment", CACHED, COMMENT), 304: NOT_MODIFIED},
        problems=(404,),
    )


def _edit() -> Part:
    return operation(
        "editComment",
        "Change the content: the author for some minutes, a moderator at any time.",
        tag="comments",
        security=TOKEN,
        parameters=parameters(*_ONE),
        body=json_body("CommentEdit", content="What a goal!"),
        answers={200: answer("The comment as it now stands.", "Comment", RATE)},
        problems=(401, 403, 404, 409, 429),
    )


def _delete() -> Part:
    return operation(
        "deleteComment",
        "Delete a comment: its author or a moderator.",
        tag="comments",
        security=TOKEN,
        parameters=parameters(*_ONE),
        answers={204: answer("It is gone.")},
        problems=(401, 403, 404),
    )


def _replies() -> Part:
    return operation(
        "listReplies",
        "A page of the comment's replies, oldest first, strictly newer than the cursor.",
        tag="comments",
        parameters=parameters(*_ONE, "cursor", "pageSize", *_KEPT),
        answers={200: answer("The page.", "CommentPage", CACHED, _PAGE), 304: NOT_MODIFIED},
        problems=(404,),
    )


def _reaction(operation_id: str, summary: str) -> Part:
    return operation(
        operation_id,
        summary,
        tag="reactions",
        security=TOKEN,
        parameters=parameters(*_ONE, "kind"),
        answers={204: answer("So it is, durably.", headers=RATE)},
        problems=(401, 403, 404, 429),
    )


def _video_reaction() -> Part:
    return operation(
        "reactToVideo",
        "One more reaction to the video itself: counted, not kept by user.",
        tag="reactions",
        security=TOKEN,
        parameters=parameters("liveVideoId"),
        body=json_body("Reaction", kind="love"),
        answers={202: answer("It is counted.", "Empty", RATE)},
        problems=(401, 403, 404, 429),
    )


def _end() -> Part:
    return operation(
        "endVideo",
        "End the video, for good: a moderator, an admin, or a token whose claim `videos` names it.",
        tag="videos",
        security=TOKEN,
        parameters=parameters("liveVideoId"),
        answers={202: answer("It has ended, and its viewers are being told.", "Empty")},
        problems=(401, 403, 404),
        description="With or without a body, which is not looked at. Asking again changes nothing.",
    )
