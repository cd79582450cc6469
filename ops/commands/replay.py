"""``livecomments replay``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ops.client.comments_api import CommentsApi
from ops.client.errors import ClientError
from ops.client.http_client import HttpClient
from ops.client.poster import Poster
from ops.commands.options import DEFAULT_URL, Data, Url, VideoOption
from ops.commands.tokens import GivenToken, token_source
from ops.replay.formats import read_recording
from ops.replay.player import MAX_CONCURRENT_POSTS, Player, PlayerStats
from ops.replay.recording import Recording


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The recorded chat.", show_default=False)],
    *,
    video: VideoOption,
    url: Url = DEFAULT_URL,
    speed: Annotated[float, typer.Option("--speed", metavar="X", help="2 plays it twice as fast.")] = 1.0,
    loop: Annotated[bool, typer.Option("--loop", help="Start again at its end, until Ctrl-C.")] = False,
    token: GivenToken = None,
    data: Data = None,
) -> None:
    """Post a recorded chat with its own timing, each author in their own name.

    FILE is one of: JSON lines {"offset_s": 12.5, "author": "Ada", "text": "What a goal"}; the JSON that
    TwitchDownloader writes; the live_chat.json that yt-dlp writes. With --token all comments are posted by that
    token's user.

    Examples:

      livecomments replay chat.jsonl --video match-42

      livecomments replay chat.json --video match-42 --speed 60 --loop
    """
    if not 0 < speed <= 10_000:
        raise typer.BadParameter("must be above 0 and at most 10000", param_hint="--speed")
    recording = read_recording(file)
    console = Console(highlight=False)
    console.print(_describe(recording, speed), soft_wrap=True)
    stats = PlayerStats()
    try:
        with _progress(console) as progress:
            bar = progress.add_task(video, total=None if loop else len(recording.comments))

            async def play() -> None:
                async with (
                    HttpClient(url, max_connections=MAX_CONCURRENT_POSTS) as http,
                    Poster(CommentsApi(http), url, video) as poster,
                ):
                    player = Player(
                        poster,
                        token_source(token, data, http, url).of,
                        speed=speed,
                        stats=stats,
                        on_progress=lambda: progress.advance(bar),
                    )
                    await player.play(recording)
                    while loop:
                        await player.play(recording)

            asyncio.run(play())
    finally:
        if stats.done:
            console.print(_summary(stats), soft_wrap=True)
    if not stats.posted:
        raise ClientError("not one comment was posted")


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)


def _describe(recording: Recording, speed: float) -> str:
    skipped = f", {recording.skipped:,} entries without a text left out" if recording.skipped else ""
    return (
        f"{len(recording.comments):,} comments by {recording.authors:,} authors{skipped}; "
        f"{recording.duration_s / speed:,.0f} s at {speed:g} times its speed"
    )


def _summary(stats: PlayerStats) -> str:
    refused = ", ".join(f"{number:,} {why}" for why, number in stats.refused.most_common())
    text = f"posted {stats.posted:,}; refused {stats.refused.total():,}" + (f" ({refused})" if refused else "")
    p50, p99 = stats.latency_ms(50), stats.latency_ms(99)
    if p50 is not None and p99 is not None:
        text += f"; post latency p50 {p50:.1f} ms, p99 {p99:.1f} ms; at most {stats.latest_s * 1000:.0f} ms late"
    return text
