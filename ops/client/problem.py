"""What an error answer says."""

from __future__ import annotations

import json

from ops.client.http1 import ResponseHead


def problem_detail(head: ResponseHead, body: bytes) -> str:
    """A problem document's ``detail`` or ``title`` (RFC 9457); the reason phrase where there is none."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    if isinstance(problem, dict):
        for member in ("detail", "title"):
            if isinstance(text := problem.get(member), str) and text:
                return text
    return head.reason or "no reason given"


def retry_after_s(head: ResponseHead) -> float | None:
    """``Retry-After`` in seconds; None where it is missing or a date."""
    value = head.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else None
