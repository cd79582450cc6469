"""Comments, drafts, changes and pages as the protos that carry them."""

from __future__ import annotations

from comment_service.change import ChangeKind
from comment_service.changes import Changed
from comment_service.comment import Comment
from comment_service.comments import Draft
from comment_service.page import Direction, PageRequest, Sort
from comment_service.refusal import InvalidArgument
from comment_service.rpc.edge import page_size, video
from comment_service.rpc.media import media_message
from livecomments.v1 import comment_service_pb2 as pb

_DIRECTIONS = {
    pb.DIRECTION_UNSPECIFIED: Direction.BEFORE,
    pb.DIRECTION_BEFORE: Direction.BEFORE,
    pb.DIRECTION_AFTER: Direction.AFTER,
}
_SORTS = {pb.SORT_UNSPECIFIED: Sort.DESC, pb.SORT_DESC: Sort.DESC, pb.SORT_ASC: Sort.ASC}
_CHANGE_KINDS = {
    ChangeKind.EDIT: pb.Change.KIND_EDIT,
    ChangeKind.DELETE: pb.Change.KIND_DELETE,
    ChangeKind.END: pb.Change.KIND_END,
}


def draft_of(request: pb.PostCommentRequest) -> Draft:
    """Raises ``InvalidArgument``."""
    return Draft(
        live_video_id=video(request.live_video_id),
        content=request.content,
        reply_to=request.reply_to if request.HasField("reply_to") else None,
        media=tuple(request.media_ids),
        idempotency_key=request.idempotency_key or None,
    )


def comment_message(comment: Comment) -> pb.Comment:
    """The comment as its proto."""
    message = pb.Comment(
        comment_id=comment.comment_id,
        live_video_id=comment.live_video_id,
        author_id=comment.author_id,
        author_name=comment.author_name,
        content=comment.content,
        reply_to=comment.reply_to,
        media=[media_message(media) for media in comment.media],
        reactions=comment.reactions,
        reply_count=comment.reply_count,
    )
    message.created_at.FromMilliseconds(comment.created_at_ms)
    if comment.edited_at_ms is not None:
        message.edited_at.FromMilliseconds(comment.edited_at_ms)
    return message


def change_message(changed: Changed) -> pb.Change:
    """The change as its proto."""
    change = changed.change
    return pb.Change(
        change_id=change.change_id,
        kind=_CHANGE_KINDS[change.kind],
        comment_id=change.comment_id,
        comment=None if changed.comment is None else comment_message(changed.comment),
    )


def page_request(request: pb.ListCommentsRequest) -> PageRequest:
    """Raises ``InvalidArgument`` naming the field that is out of range."""
    size = page_size(request.page_size)
    if request.direction not in _DIRECTIONS:
        raise InvalidArgument("direction", "is none of DIRECTION_BEFORE, DIRECTION_AFTER")
    if request.sort not in _SORTS:
        raise InvalidArgument("sort", "is none of SORT_DESC, SORT_ASC")
    return PageRequest(
        cursor=request.cursor if request.HasField("cursor") else None,
        direction=_DIRECTIONS[request.direction],
        size=size,
        sort=_SORTS[request.sort],
    )
