"""What goes in and out as JSON. Pure."""

from __future__ import annotations

from comment_service.accounts import passwords, usernames
from comment_service.content import MAX_BYTES, MAX_CHARACTERS
from comment_service.media.library import MAX_MEDIA
from comment_service.moderation.records import MAX_REASON_CHARACTERS, ReportStatus
from comment_service.moderation.reports import Action
from comment_service.moderation.slow_mode import MAX_SECONDS
from comment_service.moderation.times import MAX_DURATION_S
from comment_service.openapi.parts import Part, schema
from comment_service.reactions.reactions import KINDS
from service_kit.auth.identity import ADMIN, MODERATOR, VIEWER
from service_kit.auth.tokens import MAX_NAME_CHARACTERS, MAX_USER_ID_CHARACTERS

TIME: Part = {"type": "string", "format": "date-time"}
STRING: Part = {"type": "string"}
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def schemas() -> Part:
    """``components/schemas``."""
    return _simple() | _comments() | _accounts() | _moderation() | _events()


def _simple() -> Part:
    content = (
        f"1 to {MAX_CHARACTERS} characters as people see them (grapheme clusters), at most {MAX_BYTES} bytes of UTF-8."
        " Kept in Unicode NFC, without control characters besides \\n and the tab."
    )
    return {
        "Id": {"type": "string", "pattern": "^[0-9]{1,20}$", "description": "64 bits, time-ordered, in decimal."},
        "VideoId": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        "UserId": {"type": "string", "minLength": 1, "maxLength": MAX_USER_ID_CHARACTERS},
        "Username": {
            "type": "string",
            "minLength": usernames.MIN_CHARACTERS,
            "maxLength": usernames.MAX_CHARACTERS,
            "description": "Letters and digits of one script and _ - . behind the first.",
        },
        "Role": {"enum": [VIEWER, MODERATOR, ADMIN]},
        "ReactionKind": {"enum": list(KINDS)},
        "MediaId": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "The SHA-256 of the image."},
        "Content": {"type": "string", "minLength": 1, "maxLength": MAX_BYTES, "description": content},
        "Reason": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_BYTES,
            "description": f"1 to {MAX_REASON_CHARACTERS} characters as people see them.",
        },
        "Empty": {"type": "object", "maxProperties": 0},
        "Problem": _object(
            type=STRING, title=STRING, status={"type": "integer", "minimum": 400, "maximum": 599}, detail=STRING
        ),
    }


def _comments() -> Part:
    reply_to = nullable("Id") | {"description": "A comment of this video. A reply to a reply joins its thread."}
    media_ids = {"type": ["array", "null"], "items": STRING, "maxItems": MAX_MEDIA}
    comment = _object(
        commentId=schema("Id"),
        liveVideoId=schema("VideoId"),
        authorId=schema("UserId"),
        authorName=STRING,
        content=STRING,
        createdAt=TIME,
        replyTo=nullable("Id"),
        media={"type": "array", "items": schema("Media"), "maxItems": MAX_MEDIA},
        reactions=schema("Totals"),
        editedAt={"type": ["string", "null"], "format": "date-time"},
    )
    comment["properties"]["replyCount"] = {"type": "integer", "minimum": 1}
    return {
        "Comment": comment,
        "CommentDraft": _input(["content"], content=schema("Content"), replyTo=reply_to, media=media_ids),
        "CommentEdit": _input(["content"], content=schema("Content")),
        "CommentPage": _page("comments", "Comment"),
        "Reaction": _input(["kind"], kind=schema("ReactionKind")),
        "Totals": {
            "type": "object",
            "propertyNames": schema("ReactionKind"),
            "additionalProperties": {"type": "integer", "minimum": 0},
        },
        "Media": _object(
            mediaId=schema("MediaId"),
            contentType={"enum": list(_IMAGES)},
            width={"type": "integer", "minimum": 1},
            height={"type": "integer", "minimum": 1},
        ),
    }


def _accounts() -> Part:
    password = {"type": "string", "minLength": passwords.MIN_CHARACTERS, "maxLength": passwords.MAX_CHARACTERS}
    roles = {"type": "array", "items": STRING}
    user = _object(userId=schema("UserId"), name=STRING, roles=roles)
    own_roles = {"type": "array", "items": schema("Role"), "description": "Exactly these from now on."}
    name = f"1 to {MAX_NAME_CHARACTERS} characters on one line, control characters not counted."
    return {
        "NewAccount": _input(["username", "password"], username=schema("Username"), password=password),
        "Login": _input(["username", "password"], username=STRING, password=STRING),
        "NewPassword": _input(["password", "newPassword"], password=STRING, newPassword=password),
        "Roles": _input(["roles"], roles=own_roles),
        "DevName": _input(["name"], name={"type": "string", "minLength": 1, "description": name}),
        "Offers": _object(accounts={"type": "boolean"}, devTokens={"type": "boolean"}),
        "User": user,
        "UserAnswer": _object(user=schema("User")),
        "SignedIn": _object(user=schema("User"), token=STRING, expiresAt=TIME),
    }


def _moderation() -> Part:
    end: dict[str, Part] = {
        "until": {"type": ["string", "null"], "format": "date-time", "description": "Not with durationS."},
        "durationS": {"type": ["integer", "null"], "minimum": 1, "maximum": MAX_DURATION_S},
    }
    report = _object(
        reportId=schema("Id"),
        liveVideoId=schema("VideoId"),
        commentId=schema("Id"),
        authorId=STRING,
        content=STRING,
        reporterId=STRING,
        reason=STRING,
        status={"enum": [status.value for status in ReportStatus]},
        resolvedBy={"type": ["string", "null"]},
        createdAt=TIME,
    )
    ban = _object(
        userId=schema("UserId"),
        liveVideoId=nullable("VideoId"),
        until={"type": ["string", "null"], "format": "date-time"},
        reason=STRING,
        moderatorId=STRING,
        createdAt=TIME,
    )
    seconds = {"type": "integer", "minimum": 0, "maximum": MAX_SECONDS}
    detail = {"type": "object", "additionalProperties": STRING}
    entry = _object(entryId=schema("Id"), at=TIME, moderatorId=STRING, action=STRING, subject=STRING, detail=detail)
    action = {"enum": [each.value for each in Action]}
    ban_reason = {"type": ["string", "null"], "maxLength": MAX_BYTES}
    return {
        "NewReport": _input(["reason"], reason=schema("Reason")),
        "Report": report,
        "ReportPage": _page("reports", "Report"),
        "Resolution": _input(["action"], action=action, everywhere={"type": "boolean", "default": False}, **end),
        "NewBan": _input([], liveVideoId=nullable("VideoId"), reason=ban_reason, **end),
        "Ban": ban,
        "Bans": _object(bans={"type": "array", "items": schema("Ban")}),
        "NewSlowMode": _input(["seconds"], seconds=seconds),
        "SlowMode": _object(liveVideoId=schema("VideoId"), seconds=seconds),
        "AuditEntry": entry,
        "AuditPage": _page("entries", "AuditEntry"),
    }


def _events() -> Part:
    """The ``data:`` of the stream's events that are no comments."""
    return {
        "DeleteEvent": _object(commentId=schema("Id")),
        "ReactionsEvent": _object(
            video=schema("Totals"), comments={"type": "object", "additionalProperties": schema("Totals")}
        ),
        "ViewersEvent": _object(count={"type": "integer", "minimum": 0}),
        "TicketEvent": _object(ticket=STRING, expiresAt=TIME),
        "ResyncEvent": _object(after=schema("Id"), reason=STRING),
        "ReconnectEvent": _object(afterMs={"type": "integer", "minimum": 0}),
    }


def nullable(name: str) -> Part:
    """The schema of that name, or null."""
    return {"oneOf": [schema(name), {"type": "null"}]}


def _object(**properties: Part) -> Part:
    """As it is answered: all of these."""
    return {"type": "object", "required": list(properties), "properties": properties}


def _input(required: list[str], **properties: Part) -> Part:
    """As it is asked: fields that are not known are ignored."""
    return {"type": "object", "required": required, "properties": properties}


def _page(name: str, item: str) -> Part:
    documents = {"type": "array", "items": schema(item)}
    return _object(**{name: documents, "nextCursor": nullable("Id"), "hasMore": {"type": "boolean"}})
