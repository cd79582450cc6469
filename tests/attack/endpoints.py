"""Every endpoint that there is, read off the application itself, so that none is forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

from comment_service.api.dev_token import DevTokens
from comment_service.api.handler import ApiHandler, Context
from comment_service.api.server import application
from service_kit.problem import ProblemHandler

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PARAMETER = re.compile(r"\(\[\^/\]\*\)|\([^()]*\)")


@dataclass(frozen=True)
class Endpoint:
    """``pattern``: the path's regular expression."""

    method: str
    pattern: str

    def path(self, fill: Callable[[int], str]) -> str:
        """With ``fill(n)`` for its n-th parameter, percent-encoded."""
        parts = _PARAMETER.split(self.pattern)
        path = parts[0]
        for n, part in enumerate(parts[1:]):
            path += quote(fill(n), safe="") + part
        return path

    @property
    def parameters(self) -> int:
        return len(_PARAMETER.findall(self.pattern))

    def good(self, n: int) -> str:
        """A parameter that has the right form."""
        return "witness" if n == 0 and self.pattern.startswith(("/comments", "/videos")) else "1"

    def __str__(self) -> str:
        return f"{self.method} {self.pattern}"


def endpoints() -> list[Endpoint]:
    """Of the comment service."""
    with_everything = SimpleNamespace(services=SimpleNamespace(media=object()))
    app = application(cast("Context", with_everything), DevTokens("x" * 32, 60))
    found = []
    rules: list[Any] = app.wildcard_router.rules
    for rule in rules:
        pattern = rule.matcher.regex.pattern.removesuffix("$")
        if not issubclass(rule.target, ApiHandler) or pattern == ".*":
            continue
        refuses = ProblemHandler.options
        found += [Endpoint(name, pattern) for name in METHODS if getattr(rule.target, name.lower()) is not refuses]
    return found
