"""The query string of a history page. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from comment_service.page import DEFAULT_SIZE, Direction, PageRequest, Sort
from comment_service.refusal import InvalidArgument

MAX_PAGE_SIZE = 200
_MAX_ID = 2**64 - 1

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)


def page_request(arguments: Mapping[str, Sequence[bytes]]) -> PageRequest:
    """``cursor``, ``direction``, ``pageSize`` and ``sort``; other parameters are ignored.

    Raises ``InvalidArgument`` naming the parameter that is given twice, malformed or out of range.
    """
    cursor, size = cursor_and_size(arguments)
    return PageRequest(
        cursor=cursor,
        direction=choice(arguments, "direction", Direction.BEFORE),
        size=size,
        sort=choice(arguments, "sort", Sort.DESC),
    )


def cursor_and_size(arguments: Mapping[str, Sequence[bytes]]) -> tuple[int | None, int]:
    """``cursor`` and ``pageSize``; other parameters are ignored. Raises as ``page_request``."""
    cursor, size = one(arguments, "cursor"), one(arguments, "pageSize")
    return None if cursor is None else parse_id("cursor", cursor), DEFAULT_SIZE if size is None else _page_size(size)


def parse_id(field: str, text: str) -> int:
    """A 64-bit id in decimal. Raises ``InvalidArgument`` for anything else."""
    if not is_digits(text, at_most=20) or int(text) > _MAX_ID:
        raise InvalidArgument(field, "is not an id: a decimal number of 64 bits")
    return int(text)


def is_digits(text: str, *, at_most: int) -> bool:
    """True for 1 to ``at_most`` of 0 to 9; ``str.isdigit`` would let digits of other scripts through."""
    return text.isascii() and text.isdigit() and len(text) <= at_most


def _page_size(text: str) -> int:
    if not is_digits(text, at_most=10) or not 1 <= int(text) <= MAX_PAGE_SIZE:
        raise InvalidArgument("page_size", f"is not a number from 1 to {MAX_PAGE_SIZE}")
    return int(text)


def choice(arguments: Mapping[str, Sequence[bytes]], name: str, default: ChoiceT) -> ChoiceT:
    """A parameter that is one of ``default``'s kind. Raises ``InvalidArgument``."""
    text = one(arguments, name)
    if text is None:
        return default
    try:
        return type(default)(text)
    except ValueError:
        raise InvalidArgument(name, f"is none of {', '.join(type(default))}") from None


def one(arguments: Mapping[str, Sequence[bytes]], name: str) -> str | None:
    """A parameter, None where it is not given. Raises ``InvalidArgument`` where it is given twice."""
    values = arguments.get(name, ())
    if len(values) > 1:
        raise InvalidArgument(name, "is given more than once")
    return values[0].decode("utf-8", "replace") if values else None
