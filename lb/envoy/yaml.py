"""Plain data as YAML, for people to read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

# What needs no quotes; whatever a YAML reader could take for a number, a boolean or syntax gets them.
_PLAIN = re.compile(r"[A-Za-z/_][A-Za-z0-9/_.-]*")
_NOT_TEXT = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def to_yaml(value: Mapping[str, Any]) -> str:
    """``value`` (dicts, lists, strings, numbers, booleans, None) in block style, two spaces a level."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(f"{_scalar(key)}:", item)
    else:
        for item in value:
            if _is_block(item):
                first, *rest = _lines(item)
                yield f"- {first}"
                yield from (f"  {line}" for line in rest)
            else:
                yield f"- {_scalar(item)}"


def _entry(key: str, item: Any) -> Iterator[str]:
    if not _is_block(item):
        yield f"{key} {_scalar(item)}"
        return
    yield key
    yield from (f"  {line}" for line in _lines(item))


def _is_block(item: Any) -> bool:
    return isinstance(item, Mapping | list) and bool(item)


def _scalar(item: Any) -> str:
    if isinstance(item, str) and _PLAIN.fullmatch(item) and item.lower() not in _NOT_TEXT:
        return item
    return json.dumps(item, ensure_ascii=False)
