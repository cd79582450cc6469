"""An allowance as a setting spells it: ``1200/minute``, or several: ``1200/minute; 50/second``. Pure."""

from __future__ import annotations

from limits import RateLimitItem, parse_many

Allowance = tuple[RateLimitItem, ...]
"""All of these hold; none: no limit."""

_MAX_AMOUNT = 1_000_000_000


def parse_allowance(text: str) -> Allowance:
    """Empty: no limit. Raises ``ValueError`` with one line for whoever wrote it."""
    if not text.strip():
        return ()
    try:
        items = tuple(parse_many(text))
    except ValueError:
        raise ValueError('is no rate: write "1200/minute", "5000/second; 100000/hour", or nothing for none') from None
    if any(not 1 <= item.amount <= _MAX_AMOUNT for item in items):
        raise ValueError(f"has an amount that is not from 1 to {_MAX_AMOUNT}; nothing at all means no limit")
    return items
