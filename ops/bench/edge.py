"""What the whole way from a post to many viewers costs: both links to the RMS, and peers, side by side.

``python -m ops.bench.edge [--viewers N] [--rounds R] [--flushes F] [--ways ...] [--chat FILE] [--svg FILE]``

Every round starts each way in turn from nothing, the first changing from round to round: a whole cluster with one RMS,
one dispatcher and an Envoy of one worker; the same with nginx in Envoy's place; nginx with Nchan alone. N viewers of
one video join as real connections of other processes. The table has the median of the rounds. CPU time is the kernel's
count for the process, its system calls included; what is "besides" is what a comment costs with one viewer, and "a
delivery" what each further viewer adds. Memory is the process's own, without the kernel's socket buffers. Latencies
are from before the post until a viewer's bytes have been read, viewers and servers on the same cores. Bytes are TCP
payload. A quiet video is looked at beside the edge: posted to the comment service, watched at the RMS itself.
docs/fanout.md has a run with its plot. With the defaults it takes about ten minutes on a quiet machine.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ops.bench.edge_plot import plot
from ops.bench.edge_round import Load, measure
from ops.bench.figures import Figures, medians
from ops.bench.nginx import INSTALL_HINT, has_nchan, nginx_program
from ops.bench.ways import EnvoyWay, NchanWay, NginxWay, Way, most_viewers
from ops.replay.formats import read_recording
from service_kit.logs import configure

Results = dict[str, list[Figures]]
"""Way → its rounds."""

WAYS: Mapping[str, Callable[[Path], Way]] = {
    "h2": lambda folder: EnvoyWay(folder, "h2"),
    "http1": lambda folder: EnvoyWay(folder, "http1"),
    "nginx": NginxWay,
    "nchan": NchanWay,
}
RECORDED_CHAT = Path(__file__).resolve().parents[3] / "shared" / "data" / "recorded_chat.jsonl"
CHAT_LENGTH = 150


def usable(names: Sequence[str], viewers: int) -> list[str]:
    """Those of the ways that this machine can run; says what is in the way of the others."""
    found = []
    for name in names:
        if name in ("nginx", "nchan") and not (has_nchan() if name == "nchan" else nginx_program()):
            print(f"{name}: not installed: {INSTALL_HINT}")
        elif viewers > (most := most_viewers(WAYS[name](Path(tempfile.gettempdir())))):
            print(f"{name}: left out: the open files of this user allow {most:,} viewers")
        else:
            found.append(name)
    return found


async def run(names: Sequence[str], load: Load, rounds: int) -> Results:
    """All rounds, interleaved."""
    results: Results = {}
    for number in range(rounds):
        first = number % len(names)
        for name in (*names[first:], *names[:first]):
            with tempfile.TemporaryDirectory(prefix="livecomments-bench-") as folder:
                way = WAYS[name](Path(folder))
                print(f"round {number + 1} of {rounds}: {way.name}", file=sys.stderr, flush=True)
                results.setdefault(way.name, []).append(await measure(way, load))
    return results


def table(columns: Mapping[str, Figures]) -> str:
    """The medians, a column a way; a dash where a way has no such figure."""
    rows = list(dict.fromkeys(row for figures in columns.values() for row in figures))
    lines = [f"{'':38}" + "".join(f"{way:>14}" for way in columns)]
    for row in rows:
        cells = (f"{figures[row]:14.2f}" if figures.get(row) else f"{'–':>14}" for figures in columns.values())
        lines.append(f"{row:38}" + "".join(cells))
    return "\n".join(lines)


def aims(columns: Mapping[str, Figures]) -> str:
    """What is aimed at over h2, and what came of it; nothing where one of the links was not measured."""
    h2, http1 = columns.get("Envoy, h2"), columns.get("Envoy, http1")
    if h2 is None or http1 is None:
        return ""
    whole = [figures["RMS, CPU us a delivery"] + figures["edge, CPU us a delivery"] for figures in (h2, http1)]
    found = [
        ("RMS, CPU us a delivery", h2["RMS, CPU us a delivery"], 1.5),
        ("RMS, memory KB a viewer", h2["RMS, memory KB a viewer"], 1.0),
        ("RMS and edge, CPU, ratio to http1", whole[0] / whole[1], 0.6),
        ("added to a quiet video by a giant, p99 ms", h2["added by the giant, p99 ms"], 10.0),
    ]
    if "bytes a comment, gzip" in h2:
        found.append(("bytes, ratio of gzip", h2["bytes a comment, gzip"] / h2["bytes a comment"], 0.25))
    return "\n".join(f"{name:42}{value:10.2f}   (aim: {aim} at most)" for name, value, aim in found)


def chat_texts(file: Path | None) -> list[str]:
    """Texts of a recorded chat, or one text again and again where there is none."""
    if file is None and not RECORDED_CHAT.exists():
        return ["no recorded chat here, so this is always the same text"] * CHAT_LENGTH
    comments = read_recording(file or RECORDED_CHAT).comments
    return [comment.text for comment in comments[:CHAT_LENGTH]]


def main() -> None:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, default=2_000, help="of one video (default 2,000)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flushes", type=int, default=20, help="comments by which CPU a delivery is counted")
    parser.add_argument("--ways", default=",".join(WAYS), help=f"some of {','.join(WAYS)}")
    parser.add_argument("--chat", type=Path, help="a recorded chat, as for `livecomments replay`")
    parser.add_argument("--svg", type=Path, help="where to draw the plot")
    wanted = parser.parse_args()
    names = wanted.ways.split(",")
    if unknown := set(names) - set(WAYS):
        parser.error(f"no such way: {', '.join(sorted(unknown))}")
    configure("console", "warning")
    load = Load(wanted.viewers, wanted.flushes, chat_texts(wanted.chat))
    results = asyncio.run(run(usable(names, wanted.viewers), load, wanted.rounds))
    columns = {way: medians(rounds) for way, rounds in results.items()}
    print(f"{wanted.viewers:,} viewers of one video; medians of {wanted.rounds} rounds")
    print(table(columns))
    print(aims(columns))
    if wanted.svg:
        wanted.svg.write_text(plot(columns, f"{wanted.viewers:,} viewers of one video"), encoding="utf-8")


if __name__ == "__main__":
    main()
