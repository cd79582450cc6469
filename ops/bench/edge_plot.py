"""The edge bench's figures as an SVG, by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate

DARK, LIGHT = "#1d6996", "#9ecae1"
PANEL_WIDTH, LABEL_WIDTH, VALUE_WIDTH = 460, 130, 60
BAR, GAP, HEAD = 14, 6, 46
COLUMNS = 2

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Panel:
    """Bars of one unit, one a way.

    Attributes:
        parts: what each bar consists of: its name in the legend, and its row in the figures.
        stacked: the parts follow each other; else the first lies upon the second, which is longer.
    """

    title: str
    parts: tuple[tuple[str, str], tuple[str, str]]
    stacked: bool = True

    def bars(self, columns: Mapping[str, Figures]) -> Iterator[tuple[str, list[float]]]:
        """Way → the ends of its bar's parts; ways without any of the figures are left out."""
        for way, figures in columns.items():
            values = [figures.get(row, 0.0) for _, row in self.parts]
            if any(values):
                yield way, list(accumulate(values)) if self.stacked else values


def _costs(title: str, row: str) -> Panel:
    return Panel(title, (("RMS", f"RMS, {row}"), ("edge", f"edge, {row}")))


def _latency(rate: int) -> Panel:
    row = f"post to viewer at {rate}/s"
    return Panel(
        f"post to viewer, {rate} comments/s: ms", (("p50", f"{row}, p50 ms"), ("p99", f"{row}, p99 ms")), False
    )


PANELS = (
    _costs("CPU a delivery: µs", "CPU us a delivery"),
    _costs("memory a viewer: KB", "memory KB a viewer"),
    _costs("CPU a join: µs", "CPU us a join"),
    Panel("bytes a comment", (("gzip", "bytes a comment, gzip"), ("plain", "bytes a comment")), False),
    _latency(1),
    _latency(10),
    _latency(100),
    Panel(
        "a quiet video's post to viewer, p99: ms",
        (("alone", "quiet video alone, p99 ms"), ("beside a giant", "quiet video beside a giant, p99 ms")),
        False,
    ),
)


def plot(columns: Mapping[str, Figures], title: str) -> str:
    """A whole SVG document: a panel a figure, a bar a way."""
    panel_height = HEAD + (BAR + GAP) * len(columns) + GAP
    rows = -(-len(PANELS) // COLUMNS)
    width, height = PANEL_WIDTH * COLUMNS + 20, panel_height * rows + 50
    body = [_text(20, 28, title, size=16, weight="bold")]
    for number, panel in enumerate(PANELS):
        row, column = divmod(number, COLUMNS)
        inside = "".join(_panel(panel, columns))
        body.append(f'<g transform="translate({20 + column * PANEL_WIDTH} {44 + row * panel_height})">{inside}</g>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" role="img">'
        f'<title>{escape(title)}</title><rect width="{width}" height="{height}" fill="white"/>' + "\n".join(body)
    ) + "</svg>\n"


def _panel(panel: Panel, columns: Mapping[str, Figures]) -> Iterator[str]:
    yield _text(0, 14, panel.title, weight="bold")
    at = 0.0
    for (name, _), colour in zip(panel.parts, (DARK, LIGHT), strict=True):
        yield _rect(at, 22, 10, colour, height=10) + _text(at + 14, 31, name, size=11)
        at += 24 + 7 * len(name)
    bars = list(panel.bars(columns))
    longest = max((max(ends) for _, ends in bars), default=1.0)
    scale = (PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH) / longest
    for number, (way, ends) in enumerate(bars):
        y = HEAD + number * (BAR + GAP)
        yield _text(LABEL_WIDTH - 8, y + 11, way, anchor="end")
        yield from _bar(y, ends, scale)


def _bar(y: float, ends: Sequence[float], scale: float) -> Iterator[str]:
    """The longer part first, so that the shorter one lies upon it."""
    for end, colour in ((ends[1], LIGHT), (ends[0], DARK)):
        yield _rect(LABEL_WIDTH, y, end * scale, colour)
    yield _text(LABEL_WIDTH + max(ends) * scale + 5, y + 11, f"{max(ends):,.4g}", size=11)


def _rect(x: float, y: float, width: float, colour: str, *, height: float = BAR) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{height}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, *, size: int = 12, weight: str = "normal", anchor: str = "start") -> str:
    style = f'font-size="{size}" font-weight="{weight}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'
