"""The page's and the client's modules that need no server."""

from __future__ import annotations

from pathlib import Path

from tests.support.node_js import run_test_modules


def test_modules() -> None:
    run_test_modules(Path(__file__).parent)
