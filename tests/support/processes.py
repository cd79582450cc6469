"""This machine's processes, as ``/proc`` shows them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Process(NamedTuple):
    """One process: its id, its parent's, and when it started, which tells it from a later one of the same id."""

    pid: int
    parent: int
    started: int

    @property
    def command(self) -> list[str]:
        try:
            return Path(f"/proc/{self.pid}/cmdline").read_text().split("\0")[:-1]
        except OSError:
            return []

    @property
    def alive(self) -> bool:
        """Whether it still runs, whoever its parent is by now."""
        return (self.pid, self.started) in {(each.pid, each.started) for each in _all()}


def descendants(pid: int) -> list[Process]:
    """The children of a process, their children, and so on."""
    everyone = _all()
    found: list[Process] = []
    parents = {pid}
    while parents:
        children = [each for each in everyone if each.parent in parents]
        found += children
        parents = {each.pid for each in children}
    return found


def _all() -> list[Process]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # After the name, which may hold anything but ends with the last parenthesis.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if fields[0] != "Z":
            found.append(Process(int(folder.name), int(fields[1]), int(fields[19])))
    return found
