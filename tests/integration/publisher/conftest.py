from __future__ import annotations

from tests.integration.dispatcher.conftest import dispatch

__all__ = ["dispatch"]
