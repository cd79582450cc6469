"""Which RMS nodes serve which video: registered by the RMS, followed by the dispatchers."""

from __future__ import annotations

from coordination.routes.registrar import RouteRegistrar
from coordination.routes.table import Route, RouteChange, RouteTable
from coordination.routes.watcher import RouteWatcher

__all__ = ["Route", "RouteChange", "RouteRegistrar", "RouteTable", "RouteWatcher"]
