"""``livecomments watch``."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from ops.client.http_client import HttpClient
from ops.client.watcher import Event, Watcher
from ops.commands.options import DEFAULT_URL, Data, Json, Url, Video
from ops.commands.tokens import ReaderToken, me, token_source

NAME_COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_red", "bright_cyan", "bright_magenta")
# Over a terminal's control characters a comment could move the cursor, or say something in another's name.
UNSEEN = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)))


def watch(
    video: Video,
    *,
    url: Url = DEFAULT_URL,
    backlog: Annotated[
        int, typer.Option("--backlog", min=0, max=1000, metavar="N", help="Earlier comments that come first.")
    ] = 100,
    as_json: Json = False,
    token: ReaderToken = None,
    data: Data = None,
) -> None:
    """Print a video's comments as they arrive, until the video ends.

    When the connection breaks it comes back by itself, where it was: nothing is left out and nothing comes twice.
    What happens to the connection is said on stderr. With --json each event of the stream is one line:
    {"event": "comment", "data": {…}}.

    Examples:

      livecomments watch match-42

      livecomments watch match-42 --backlog 0 --json | jq -r .data.content

      livecomments watch match-42 --url https://live.example.org --token "$JWT"
    """

    async def ask_token() -> str:
        async with HttpClient(url) as http:
            return await token_source(None, data, http, url).of(me())

    errors = Console(stderr=True)
    watcher = Watcher(
        url,
        video,
        backlog=backlog,
        token=token,
        ask_token=ask_token,
        on_state=lambda text: errors.print(Text(f"· {text}", style="dim")),
    )
    show = _print_json if as_json else Printer(Console(highlight=False, soft_wrap=True)).show
    asyncio.run(_watch(watcher, show))


async def _watch(watcher: Watcher, show: Callable[[Event], None]) -> None:
    async for event in watcher.events():
        show(event)


def _print_json(event: Event) -> None:
    print(json.dumps({"event": event.name, "data": event.data}, ensure_ascii=False), flush=True)


class Printer:
    """Prints events for a person."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, event: Event) -> None:
        if event.name == "comment":
            self._console.print(_line(event.data))
        elif event.name == "edit":
            self._console.print(_line(event.data).append("  (edited)", style="dim"))
        elif event.name == "delete":
            self._note(f"comment {event.data.get('commentId')} was deleted")
        elif event.name == "viewers":
            self._note(f"{event.data.get('count')} watching")
        elif event.name == "end":
            self._note("the video has ended")
        sys.stdout.flush()

    def _note(self, text: str) -> None:
        self._console.print(Text(f"· {text.translate(UNSEEN)}", style="dim"))


def _line(comment: dict[str, Any]) -> Text:
    name, author = str(comment.get("authorName", "")), str(comment.get("authorId", ""))
    colour = NAME_COLOURS[sum(author.encode()) % len(NAME_COLOURS)]
    content = " ".join(str(comment.get("content", "")).splitlines())
    return Text.assemble(
        (f"{_local_time(str(comment.get('createdAt', '')))}  ", "dim"),
        (name.translate(UNSEEN), f"bold {colour}"),
        f"  {content.translate(UNSEEN)}",
    )


def _local_time(created_at: str) -> str:
    try:
        return datetime.fromisoformat(created_at).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return "--:--:--"
