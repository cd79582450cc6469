"""``livecomments post``."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from ops.client.comments_api import Comment, CommentsApi
from ops.client.http_client import HttpClient
from ops.client.poster import Poster
from ops.commands.options import DEFAULT_URL, Data, Url, Video
from ops.commands.tokens import GivenToken, PostAs, me, token_source


def post(
    video: Video,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say, at most 500 characters.")],
    *,
    url: Url = DEFAULT_URL,
    user: PostAs = None,
    token: GivenToken = None,
    data: Data = None,
) -> None:
    """Post one comment and print its id.

    Examples:

      livecomments post match-42 "What a goal"

      livecomments post match-42 "Offside!" --user ada

      livecomments post match-42 "Hello" --url https://live.example.org --token "$JWT"
    """

    async def send() -> Comment:
        async with HttpClient(url) as http:
            source = token_source(token, data, http, url)
            async with Poster(CommentsApi(http), url, video) as poster:
                return await poster.post(text, token=await source.of(user or me()))

    print(asyncio.run(send())["commentId"])
