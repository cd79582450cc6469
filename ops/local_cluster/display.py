"""What ``livecomments up`` shows: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ops.local_cluster.status import PartRow
from ops.local_cluster.supervisor import State

STATE_STYLES = {State.STARTING: "yellow", State.UP: "green", State.RESTARTING: "bold red"}


class Display(Protocol):
    """Told what happens: rows and ``ready`` while starting, then ``up``, rows and lines, and ``stopping``."""

    def rows(self, rows: Sequence[PartRow]) -> None: ...

    def ready(self, name: str) -> None: ...

    def up(self, urls: Sequence[str]) -> None: ...

    def line(self, text: str) -> None: ...

    def stopping(self) -> None: ...

    def close(self) -> None: ...


def open_display(parts: int) -> Display:
    """The display that fits this process's output, for so many parts."""
    console = Console()
    return TableDisplay(console, parts) if console.is_terminal else PlainDisplay(parts)


class PlainDisplay:
    """One line for each thing that happens."""

    def __init__(self, parts: int) -> None:
        self._parts = parts
        self._ready = 0
        self._begun = time.monotonic()

    def rows(self, rows: Sequence[PartRow]) -> None:
        """Nothing: a table that repeats itself has no place in a log."""

    def ready(self, name: str) -> None:
        self._ready += 1
        self.line(f"[{self._ready}/{self._parts}] {name} is up ({time.monotonic() - self._begun:.1f} s)")

    def up(self, urls: Sequence[str]) -> None:
        self.line(f"livecomments is up: {' '.join(urls)} ({time.monotonic() - self._begun:.1f} s); Ctrl-C ends it")

    def line(self, text: str) -> None:
        print(text, flush=True)

    def stopping(self) -> None:
        self.line("stopping")

    def close(self) -> None:
        pass


class TableDisplay:
    """A table that is drawn again in its place; lines go above it."""

    def __init__(self, console: Console, parts: int) -> None:
        self._console = console
        self._parts = parts
        self._ready = 0
        self._begun = time.monotonic()
        self._heading = Text("livecomments is starting")
        self._live = Live(console=console, auto_refresh=False, transient=False)
        self._live.start()

    def rows(self, rows: Sequence[PartRow]) -> None:
        self._live.update(Group(self._heading, _table(rows)), refresh=True)

    def ready(self, name: str) -> None:
        self._ready += 1
        self._heading = Text(f"livecomments is starting: {self._ready} of {self._parts} are up")

    def up(self, urls: Sequence[str]) -> None:
        took = time.monotonic() - self._begun
        pages = Text(" ").join(Text(url, style=f"bold link {url}") for url in urls)
        self._heading = Text.assemble(("livecomments is up: ", "bold green"), pages)
        self._heading.append(f"   ({took:.1f} s; Ctrl-C ends it)", style="dim")

    def line(self, text: str) -> None:
        self._console.print(Text(text))

    def stopping(self) -> None:
        self._heading = Text("livecomments is stopping; Ctrl-C again ends it at once", style="yellow")

    def close(self) -> None:
        self._live.stop()


def _table(rows: Sequence[PartRow]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("node")
    table.add_column("state")
    for heading in ("for", "restarts", "viewers", "comments/s", "pid"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            row.name,
            Text(row.state, style=STATE_STYLES[row.state]),
            _duration(row.in_state_s),
            str(row.restarts) if row.restarts else "",
            "" if row.viewers is None else f"{row.viewers:,}",
            "" if row.comments_per_s is None else f"{row.comments_per_s:,.1f}",
            "" if row.pid is None else str(row.pid),
        )
    viewers = [row.viewers for row in rows if row.viewers is not None]
    if viewers:
        table.add_row("", "", "", "", Text(f"{sum(viewers):,}", style="bold"), "", "", end_section=True)
    return table


def _duration(seconds: float) -> str:
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {left:02} s" if minutes else f"{left} s"
