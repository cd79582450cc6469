"""What benches measure: by row, summed up over rounds, and as a table."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

Figures = dict[str, float]
"""Row → what was measured."""


def medians(rounds: Sequence[Figures]) -> Figures:
    """Of each row of the first round."""
    return {row: statistics.median(figures[row] for figures in rounds) for row in rounds[0]}


def percentile(values: Sequence[float], share: int) -> float:
    """The smallest value that ``share`` per cent of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def percentile_ms(late: Counter[int], share: int) -> float:
    """Milliseconds that ``share`` per cent of what ``Crowd.late`` counted do not exceed."""
    due = late.total() * share / 100
    for at in sorted(late):
        due -= late[at]
        if due <= 0:
            return at / 10
    return float("nan")


def table(columns: Mapping[str, Figures]) -> str:
    """A column a link."""
    rows = next(iter(columns.values()))
    lines = [f"{'':44}" + "".join(f"{link:>12}" for link in columns)]
    lines += [f"{row:44}" + "".join(f"{figures[row]:12.1f}" for figures in columns.values()) for row in rows]
    return "\n".join(lines)
