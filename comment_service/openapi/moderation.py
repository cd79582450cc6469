"""``/comments/{liveVideoId}/{commentId}/reports`` and ``/moderation/*``. Pure."""

from __future__ import annotations

from comment_service.openapi.comments import CACHED, NOT_MODIFIED, RATE
from comment_service.openapi.parts import TOKEN, Part, answer, json_body, operation, parameters

_TAG = "moderation"


def paths() -> Part:
    return {
        "/comments/{liveVideoId}/{commentId}/reports": {"post": _report()},
        "/moderation/reports": {"get": _reports()},
        "/moderation/reports/{reportId}/resolve": {"post": _resolve()},
        "/moderation/bans/{userId}": {"get": _bans(), "put": _ban(), "delete": _lift()},
        "/moderation/slow-mode/{liveVideoId}": {"get": _slow_mode(), "put": _set_slow_mode()},
        "/moderation/audit": {"get": _audit()},
    }


def _report() -> Part:
    return operation(
        "reportComment",
        "Report a comment, once; again changes nothing.",
        tag=_TAG,
        security=TOKEN,
        parameters=parameters("liveVideoId", "commentId"),
        body=json_body("NewReport", reason="rude"),
        answers={202: answer("It is in the queue.", "Empty", RATE)},
        problems=(401, 403, 404, 429),
    )


def _reports() -> Part:
    return operation(
        "listReports",
        "A page of the queue, oldest first.",
        tag=_TAG,
        security=TOKEN,
        parameters=parameters("status", "cursor", "pageSize", "If-None-Match"),
        answers={200: answer("The page.", "ReportPage", CACHED), 304: NOT_MODIFIED},
        problems=(401, 403),
    )


def _resolve() -> Part:
    return operation(
        "resolveReport",
        "Do what is asked, and resolve all open reports of that comment.",
        tag=_TAG,
        security=TOKEN,
        parameters=parameters("reportId"),
        body=json_body("Resolution", action="ban", everywhere=False, durationS=86_400),
        answers={200: answer("The report as it now stands.", "Report")},
        problems=(401, 403, 404, 409),
        description="`everywhere`, `until` and `durationS` are of the ban; neither of the latter: for good.",
    )


def _bans() -> Part:
    return operation(
        "listBans",
        "The user's bans that are in force.",
        tag=_TAG,
        security=TOKEN,
        parameters=parameters("userId", "If-None-Match"),
        answers={200: answer("The bans.", "Bans", CACHED), 304: NOT_MODIFIED},
        problems=(401, 403, 404),
    )


def _ban() -> Part:
    return operation(
        "ban",
        "Ban a user from a video or everywhere, in place of the ban that they have there.",
        tag=_TAG,
        security=TOKEN,
        parameters=parameters("userId"),
        body=json_body("NewBan", liveVideoId="match-42", durationS=3_600, reason="spam"),
        answers={200: answer("The ban.", "Ban")},
        problems=(401, 403, 404),
        description="`until` or `durationS`; neither: for good.",
    )


def _lift() -> Part:
    return operation(
        "liftBan",
        "Lift the ban that the user has there.",
        tag=_TAG,
        security=TOKEN,
        parameters=parameters("userId", "bannedFrom"),
        answers={204: answer("It is lifted.")},
        problems=(401, 403, 404),
    )


def _slow_mode() -> Part:
    return operation(
        "getSlowMode",
        "How long a user waits between two comments; 0: not at all.",
        tag=_TAG,
        parameters=parameters("liveVideoId", "If-None-Match"),
        answers={200: answer("The seconds.", "SlowMode", CACHED), 304: NOT_MODIFIED},
        problems=(404,),
    )


def _set_slow_mode() -> Part:
    return operation(
        "setSlowMode",
        "Set it; 0 turns it off.",
        tag=_TAG,
        security=TOKEN,
        parameters=parameters("liveVideoId"),
        body=json_body("NewSlowMode", seconds=30),
        answers={200: answer("The seconds.", "SlowMode")},
        problems=(401, 403, 404),
    )


def _audit() -> Part:
    return operation(
        "listAuditEntries",
        "A page of what moderators did, newest first. For admins.",
        tag=_TAG,
        security=TOKEN,
        parameters=parameters("cursor", "pageSize", "If-None-Match"),
        answers={200: answer("The page.", "AuditPage", CACHED), 304: NOT_MODIFIED},
        problems=(401, 403),
    )
