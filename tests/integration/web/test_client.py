"""The JavaScript client against a scripted server, over real HTTP."""

from __future__ import annotations

from pathlib import Path

from tests.support.node_js import run_test_modules


def test_client() -> None:
    run_test_modules(Path(__file__).parent)
