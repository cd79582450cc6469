"""What a process has cost so far, as the kernel counts it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """CPU time of all its threads, memory of its own (not the pages it shares with its program file), open files."""

    cpu_s: float = 0.0
    memory_bytes: int = 0
    descriptors: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.cpu_s + other.cpu_s,
            self.memory_bytes + other.memory_bytes,
            self.descriptors + other.descriptors,
        )

    def __sub__(self, before: Cost) -> Cost:
        return Cost(
            self.cpu_s - before.cpu_s,
            self.memory_bytes - before.memory_bytes,
            self.descriptors - before.descriptors,
        )


def cost_of(pid: int | None) -> Cost:
    """Now. Nothing for None, which stands for a process that a way does not have."""
    return Cost() if pid is None else Cost(_cpu_s(pid), _memory_bytes(pid), len(os.listdir(f"/proc/{pid}/fd")))


def only_child(pid: int) -> int:
    """The one child of a process, e.g. an nginx's worker."""
    [child] = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def _cpu_s(pid: int) -> float:
    # What clock_getcpuclockid(3) gives: to the nanosecond, where /proc counts in hundredths of a second.
    return time.clock_gettime((~pid << 3) | 2)


def _memory_bytes(pid: int) -> int:
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return sum(int(fields[name].split()[0]) * 1024 for name in ("RssAnon", "RssShmem"))
