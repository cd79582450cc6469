"""What the use cases raise instead of an answer. Each edge turns it into its own status."""

from __future__ import annotations

from collections.abc import Mapping

from comment_service.reasons import RefusalReason


class Refusal(Exception):
    """A request is refused.

    ``detail`` is one sentence for whoever sent it; it never quotes a token. Where a ``field`` is at fault, by its name
    in this project (snake_case), ``problem`` completes the sentence that begins with it: ``is empty``.
    """

    reason: RefusalReason = RefusalReason.INTERNAL
    retry_after_s: int | None = None

    def __init__(self, problem: str, *, field: str | None = None) -> None:
        self.problem = problem
        self.field = field
        super().__init__(self.detail())

    def detail(self, names: Mapping[str, str] | None = None) -> str:
        """The sentence, with the field called by an edge's own name for it."""
        if self.field is None:
            return self.problem
        return f"{(names or {}).get(self.field, self.field)} {self.problem}"


class InvalidArgument(Refusal):
    """A field or parameter is malformed or out of range."""

    reason = RefusalReason.INVALID_ARGUMENT

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem, field=field)


class Unauthenticated(Refusal):
    """No token, or one that proves nothing. ``presented`` tells the two apart."""

    reason = RefusalReason.UNAUTHENTICATED

    def __init__(self, problem: str, *, presented: bool) -> None:
        super().__init__(problem)
        self.presented = presented


class WrongLogin(Unauthenticated):
    """No such user, or another password: which of the two is not told."""

    reason = RefusalReason.WRONG_LOGIN

    def __init__(self, problem: str) -> None:
        super().__init__(problem, presented=False)


class PasswordsBusy(Refusal):
    """More passwords wait to be hashed than may wait."""

    reason = RefusalReason.PASSWORDS_BUSY
    retry_after_s = 1


class Forbidden(Refusal):
    """Not this user's to do."""

    reason = RefusalReason.FORBIDDEN


class WrongPassword(Forbidden):
    """Whoever is signed in gave another password than their own."""

    reason = RefusalReason.WRONG_PASSWORD


class Banned(Forbidden):
    """A moderator has banned this user here."""

    reason = RefusalReason.BANNED


class BlockedWord(Forbidden):
    """The content has a word that is not allowed here."""

    reason = RefusalReason.BLOCKED_WORD


class NotWatching(Forbidden):
    """Only who watches the video may post in it, and nothing shows that this user does."""

    reason = RefusalReason.NOT_WATCHING


class Taken(Refusal):
    """The name is someone else's already."""

    reason = RefusalReason.TAKEN


class VideoEnded(Refusal):
    """Nobody can comment any more."""

    reason = RefusalReason.VIDEO_ENDED


class Resolved(Refusal):
    """A moderator has settled this already."""

    reason = RefusalReason.RESOLVED


class KeyReused(Refusal):
    """The idempotency key came before, with another request."""

    reason = RefusalReason.KEY_REUSED


class RateLimited(Refusal):
    """Too many. ``limit`` requests are possible in ``window_s`` seconds; the next in ``retry_after_s``."""

    reason = RefusalReason.RATE_LIMITED

    def __init__(self, problem: str, *, retry_after_s: int, limit: int = 1, window_s: int = 1) -> None:
        super().__init__(problem)
        self.retry_after_s = retry_after_s
        self.limit = limit
        self.window_s = window_s


class SlowMode(RateLimited):
    """A moderator has slowed this video down."""

    reason = RefusalReason.SLOW_MODE


class NotFound(Refusal):
    """No such comment in this video, or no such image."""

    reason = RefusalReason.NOT_FOUND


class TooLarge(Refusal):
    """More bytes than may come."""

    reason = RefusalReason.BODY_TOO_LARGE


class TooSlow(Refusal):
    """It did not arrive in time."""

    reason = RefusalReason.TOO_SLOW


class UnsupportedMedia(Refusal):
    """Of a type that is not taken."""

    reason = RefusalReason.UNSUPPORTED_MEDIA_TYPE


class StoreDown(Refusal):
    """The store cannot be reached, or cannot write. Nothing was acknowledged; ``in_doubt``: it may be there yet."""

    reason = RefusalReason.STORE_UNAVAILABLE
    retry_after_s = 1

    def __init__(self, problem: str, *, in_doubt: bool = False) -> None:
        super().__init__(problem)
        self.in_doubt = in_doubt


class StoreBusy(Refusal):
    """More waits for the store than may wait."""

    reason = RefusalReason.STORE_OVERLOADED
    retry_after_s = 1
