"""The recorded chat of a real stream, where it lies beside the project; else one made here."""

from __future__ import annotations

import json
import random
from pathlib import Path

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "recorded_chat.jsonl"
_PHRASES = ("LOL", "<3", "what a goal", "日本語も", "🎉🎉", "GG", "מה קורה", "<b>not bold</b>", "one: two", "PogChamp")


def recorded_chat(folder: Path) -> Path:
    """A recorded chat as JSON lines (``offset_s``, ``author``, ``text``): 49 minutes, or 10 made ones in ``folder``."""
    if RECORDED.exists():
        return RECORDED
    made = folder / "made_chat.jsonl"
    with made.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(comment, ensure_ascii=False) + "\n" for comment in _made())
    return made


def _made() -> list[dict[str, object]]:
    """Bursty like a real chat: quiet stretches, and moments that everyone comments on. The same in every run."""
    dice = random.Random(42)
    comments: list[dict[str, object]] = []
    offset = 0.0
    while offset < 600:
        for _ in range(dice.choice((1, 1, 1, 2, 12))):
            author = f"viewer-{dice.randrange(150)}"
            comments.append({"offset_s": round(offset, 1), "author": author, "text": dice.choice(_PHRASES)})
        offset += dice.expovariate(1 / 2.5)
    return comments
