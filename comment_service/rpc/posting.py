"""Many posts in one request: each has an outcome of its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from comment_service.comments import Begun, Draft, Posted
from comment_service.eager import start
from comment_service.rates import Action
from comment_service.refusal import RateLimited
from comment_service.rpc.messages import comment_message, draft_of
from comment_service.sender import Sender
from comment_service.services import Services
from livecomments.v1 import comment_service_pb2 as pb
from service_kit.video_id import is_video_id

Refused = Callable[[Exception], pb.PostRefusal]


class Posting:
    """What ``sender`` posts in one request. ``refused`` makes the message of what a post failed with, and counts it.

    All begin before the end of any is waited for: they go to the store together. A task for each would take as long
    as all else that a post costs here, so only those have one that have to wait before they are with the store.
    """

    def __init__(self, services: Services, sender: Sender, refused: Refused) -> None:
        self._comments = services.comments
        self._rates = services.rates
        self._sender = sender
        self._refused = refused
        self._outcomes: list[pb.PostOutcome] = []
        self._begun: list[tuple[int, Begun]] = []

    async def outcomes(self, posts: Sequence[pb.PostCommentRequest]) -> Sequence[pb.PostOutcome]:
        """In the order of ``posts``. Returns once each of them is durable or refused; to be called once."""
        self._outcomes = [pb.PostOutcome()] * len(posts)
        counted = self._counted_together(posts)
        started = [self._start(number, request, counted) for number, request in enumerate(posts)]
        try:
            await asyncio.gather(*(task for task in started if task is not None))
            for number, begun in self._begun:
                await self._settle(number, self._comments.end(begun))
        finally:  # of effect where the call was given up
            for _, begun in self._begun:
                begun.write.cancel()
        return self._outcomes

    def _counted_together(self, posts: Sequence[pb.PostCommentRequest]) -> frozenset[str]:
        """The videos of which all posts are within the limits, and count now; of the others each is to be asked."""
        counted = set()
        for live_video_id, requests in Counter(post.live_video_id for post in posts).items():
            if not is_video_id(live_video_id):
                continue
            try:
                self._rates.take(Action.POST, self._sender, live_video_id, requests=requests)
            except RateLimited:
                continue
            counted.add(live_video_id)
        return frozenset(counted)

    def _start(self, number: int, request: pb.PostCommentRequest, counted: frozenset[str]) -> asyncio.Task[None] | None:
        try:
            draft = draft_of(request)
            if draft.live_video_id not in counted:
                self._rates.take(Action.POST, self._sender, draft.live_video_id)
        except Exception as error:
            self._refuse(number, error)
            return None
        if draft.stands_alone:
            return start(self._begin(number, draft))
        return asyncio.ensure_future(self._settle(number, self._comments.post(self._sender, draft)))

    async def _begin(self, number: int, draft: Draft) -> None:
        try:
            self._begun.append((number, await self._comments.begin(self._sender, draft)))
        except Exception as error:
            self._refuse(number, error)

    async def _settle(self, number: int, posting: Coroutine[Any, Any, Posted]) -> None:
        try:
            posted = await posting
        except Exception as error:
            self._refuse(number, error)
        else:
            self._outcomes[number] = pb.PostOutcome(comment=comment_message(posted.comment))

    def _refuse(self, number: int, error: Exception) -> None:
        self._outcomes[number] = pb.PostOutcome(refusal=self._refused(error))
