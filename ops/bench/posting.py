"""What a durable post and a page of history cost, each beside its floor in the same run.

``python -m ops.bench.posting [--store sqlite|cassandra] [--services N] [--posts N] [--rounds R]``; more by ``--help``.

A whole cluster with one RMS, one dispatcher and N comment services on the store; posts go to 8 videos, by 200 users,
to the comment services themselves. In each round every way is measured once, one after the other:

* the store alone: its own ``add``, 64 at a time, in this process, on a database (a keyspace's videos) of its own;
* the use case: the same with all checks, ids, events and publishing to nobody, in this process;
* gRPC: streams of requests of 100 posts each, ``--ahead`` to each comment service; single posts, 64 at a time;
* HTTP: 32 connections; and a bare Tornado handler that checks the same token (each time, and remembering it);
* pages of 50: the store alone, gRPC, HTTP read anew each time (``Cache-Control: no-cache``), HTTP kept.

CPU is that of the serving processes as the kernel counts it; of Cassandra's own process apart. Latencies of all rounds
together, everything else is the median of the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from ops.bench._posting_stage import PostingStage
from ops.bench._posting_ways import BATCHED_TIMES, Figures, Way, ways_of

# Until then the JVM still compiles what a write takes, and a post costs Cassandra up to three times as much.
WARM_UP = {"sqlite": 0, "cassandra": 250_000}
COLUMNS = f"{'way':40} {'a second':>10} {'CPU µs':>9} {'a CPU second':>13} {'p50 ms':>8} {'p99 ms':>8} {'store µs':>9}"


def table(figures: dict[str, Figures]) -> str:
    """One line a way."""
    return "\n".join([COLUMNS, *(each.line(name) for name, each in figures.items())])


def ratios(figures: dict[str, Figures]) -> str:
    """What the aims are about."""
    lines = []
    for name, floor in (
        ("use case", "store alone"),
        ("gRPC: 100 a request", "store alone"),
        ("HTTP", "bare Tornado: token checked"),
        ("HTTP", "bare Tornado: token remembered"),
        ("page: HTTP kept", "page: HTTP read anew"),
        ("page: HTTP read anew", "page: store alone"),
    ):
        if name in figures and floor in figures:
            lines.append(f"{name} / {floor}: {figures[name].cpu_us / figures[floor].cpu_us:.2f} of the CPU")
    return "\n".join(lines)


async def run(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stage = PostingStage(Path(folder), arguments.store, arguments.services)
        try:
            await stage.start()
            every = ways_of(stage, ahead=arguments.ahead)
            ways: list[Way] = [way for way in every if not arguments.only or way.name in arguments.only]
            if arguments.warm_up:
                batches = next(way for way in every if way.weight > 1)
                await batches.measure(arguments.warm_up // BATCHED_TIMES, Figures())
            figures = {way.name: Figures() for way in ways}
            for way in ways:
                # Caches, connections, prepared statements, and a page for each video.
                await way.measure(max(500, arguments.posts // 10), Figures())
            for _ in range(arguments.rounds):
                for way in ways:
                    await way.measure(arguments.posts, figures[way.name])
            print(f"{arguments.store}, {arguments.services} comment service(s), {arguments.rounds} rounds")
            print(table(figures))
            print(ratios(figures))
        finally:
            await stage.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", choices=["sqlite", "cassandra"], default="sqlite")
    parser.add_argument("--services", type=int, default=1, help="SQLite has one writing process, so 1 there")
    parser.add_argument("--posts", type=int, default=5_000, help="of each way and round; batches: ten times as many")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ahead", type=int, default=4, help="gRPC requests of 100 posts on the way to each service")
    parser.add_argument("--warm-up", type=int, help="posts before anything is measured (Cassandra: 250,000)")
    parser.add_argument("--only", type=lambda text: set(text.split(",")), help="names of ways")
    arguments = parser.parse_args()
    if arguments.warm_up is None:
        arguments.warm_up = WARM_UP[arguments.store]
    if arguments.store == "sqlite" and arguments.services != 1:
        parser.error("SQLite is written by one process: --services 1")
    asyncio.run(run(arguments))


if __name__ == "__main__":
    main()
