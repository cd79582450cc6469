"""Why an RMS closed, dropped, repaired or refused something: one code, the same in the log, the metric label and
the SSE event."""

from __future__ import annotations

from enum import StrEnum


class CloseReason(StrEnum):
    """Why a viewer's connection ended."""

    HUNG_UP = "hung_up"
    """The other side closed, reset or half-closed the connection."""
    UNEXPECTED_INPUT = "unexpected_input"
    """Bytes came after the request: pipelining, or not HTTP."""
    STALLED = "stalled"
    """It was owed bytes and took none for too long."""
    ENDED = "ended"
    """The video ended."""
    DRAINING = "draining"
    """This node is going away."""
    DISPLACED = "displaced"
    """Another process has this node's id."""
    MAX_AGE = "max_age"
    """The connection reached its maximum age, so that load evens out after scaling."""
    LINK_ENDED = "link_ended"
    """The link that carried it was ended by us: it broke a bound or stopped taking bytes."""


class LinkEnd(StrEnum):
    """Why a link of many viewers ended."""

    HUNG_UP = "hung_up"
    """The other side closed or reset the connection."""
    DRAINED = "drained"
    """This node is going away, and the last stream has ended."""
    CLOSED = "closed"
    """This node has closed what was left."""
    NOT_HTTP2 = "not_http2"
    """What came was no HTTP/2, or nothing came."""
    PROTOCOL_ERROR = "protocol_error"
    """The other side broke the protocol."""
    HEADER_LIST = "header_list"
    """A request's header fields were larger than they may be, or came in too many pieces."""
    CONTROL_FLOOD = "control_flood"
    """More frames came that carry no request than there is reason for."""
    RESET_FLOOD = "reset_flood"
    """Streams were reset almost as soon as they were opened, or had to be, in great numbers."""
    WRITE_BUFFER = "write_buffer"
    """More had to be written than may wait: answers to control frames that nobody reads."""
    STALLED = "stalled"
    """It took nothing for too long, whoever's it was."""
    TOO_MANY_LINKS = "too_many_links"
    """The node holds as many links as it may."""


class DropReason(StrEnum):
    """Why an event did not go out to a channel's viewers."""

    REPEAT = "repeat"
    """It went out already."""
    TOO_OLD = "too_old"
    """It is older than everything that the channel still remembers, so it cannot be told from a repeat."""
    ENDED = "ended"
    """The video has ended: nothing comes after its ``end``."""
    DELETED = "deleted"
    """A comment that has been deleted."""
    STALE_EDIT = "stale_edit"
    """An edit of a comment that a later edit or its deletion was known of."""
    SUPERSEDED = "superseded"
    """A count of viewers that need not go: a newer one came before it had, or the viewers have that very count."""
    CROWDED_OUT = "crowded_out"
    """The totals of a comment's reactions: more comments changed than totals can wait. A later change brings them."""
    MALFORMED = "malformed"
    """What it says of reactions cannot be read."""


class FlushCause(StrEnum):
    """What made a channel send to its viewers."""

    EVENT = "event"
    """Something that does not wait; riders went with it where there were any."""
    RIDER = "rider"
    """Riders alone: nothing that they could have gone with came while they could wait."""
    HEARTBEAT = "heartbeat"
    """Silence."""


class ResyncReason(StrEnum):
    """Why viewers were told to read the rest by REST: the ``reason`` of the ``resync`` event."""

    FELL_BEHIND = "fell_behind"
    """The viewer was so slow that the frames due to it have left the channel's ring."""
    TOO_FAR_BACK = "too_far_back"
    """A resume asked for more than can be replayed at once."""
    HISTORY_UNAVAILABLE = "history_unavailable"
    """The store that has what was missed cannot be read now."""
    HOLE_TOO_LARGE = "hole_too_large"
    """The node itself missed more than it can mend."""


class UncompressedReason(StrEnum):
    """Why a flush to gzip viewers was not compressed: they got it as it is, in stored blocks."""

    FEW_VIEWERS = "few_viewers"
    """Too few are up to date for it to pay."""
    CPU = "cpu"
    """Compressing takes its share of the node's time already, for larger audiences."""
    ENCODERS_FULL = "encoders_full"
    """As many channels are compressed as may be."""
    LARGE_FLUSH = "large_flush"
    """It would have held up the other videos."""


class RefusalReason(StrEnum):
    """Why a viewer was not taken in."""

    NODE_FULL = "node_full"
    """The node holds all the viewers that it may."""
    VIDEO_FULL = "video_full"
    """The video has its share of the node's viewers."""
    JOIN_RATE = "join_rate"
    """Viewers come faster than they can be taken in beside delivering to those who are here."""
    CHANNELS_FULL = "channels_full"
    """The node serves as many videos as it may, or opens as many as it may at once."""
    DRAINING = "draining"
    """This node is going away."""
    DISPLACED = "displaced"
    """Another process has this node's id."""
    LINK_FULL = "link_full"
    """The link has as many streams as it may."""


class HistoryReason(StrEnum):
    """Why no page of history was to be had."""

    NO_COMMENT_SERVICE = "no_comment_service"
    """None is registered."""
    UNREACHABLE = "unreachable"
    """Those that were asked failed or did not answer in time; their store may be down."""
    UNAUTHENTICATED = "unauthenticated"
    """They refuse this node's service token, or it has none and reading needs one."""
    BUSY = "busy"
    """More reads wait for their turn than may."""
    TIMEOUT = "timeout"
    """The turn, or the answer, did not come before the deadline."""


class HoldReason(StrEnum):
    """Why events that were held go on."""

    MENDED = "mended"
    """The hole is mended, or the channel has opened."""
    TIMEOUT = "hold_timeout"
    """They were held long enough; mending goes on behind them."""
    FULL = "hold_full"
    """More came than may be held."""


class RepairOutcome(StrEnum):
    """How a repair ended."""

    MENDED = "mended"
    """What was missing was found and sent on."""
    NOTHING_MISSING = "nothing_missing"
    """The store has nothing that the channel has not: the missing event was not a comment, or came meanwhile."""
    TOO_LARGE = "too_large"
    """More was missing than is read at once; the viewers were told to resync."""
    GIVEN_UP = "given_up"
    """The comment services failed too often; whoever resumes is served from the store."""
