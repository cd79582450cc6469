"""Cassandra's nodes as the driver sees them come and go, told in one line each."""

from __future__ import annotations

from typing import Any

import structlog
from cassandra.cluster import Session
from cassandra.policies import HostDistance, HostStateListener


class NodeLog(HostStateListener):  # type: ignore[misc]
    """Called on the driver's threads."""

    def __init__(self) -> None:
        self._log = structlog.get_logger().bind(component="cassandra")

    def on_up(self, host: Any) -> None:
        self._log.info("node_up", node=_name(host), dc=host.datacenter)

    def on_down(self, host: Any) -> None:
        self._log.warning("node_down", node=_name(host), dc=host.datacenter)

    def on_add(self, host: Any) -> None:
        self._log.info("node_added", node=_name(host), dc=host.datacenter)

    def on_remove(self, host: Any) -> None:
        self._log.info("node_removed", node=_name(host), dc=host.datacenter)


def nodes_up(session: Session) -> int:
    """How many nodes of the local data centre can be asked."""
    hosts = session.cluster.metadata.all_hosts()
    return sum(
        1 for host in hosts if host.is_up and session.cluster.profile_manager.distance(host) == HostDistance.LOCAL
    )


def _name(host: Any) -> str:
    return str(host.endpoint)
