"""Real ZooKeepers for tests."""

from __future__ import annotations

from ops.local_cluster.zookeeper import ZooKeeperOptions

# A short tick lets sessions of a second expire within a second; without fsync a shared disk is no bottleneck.
FAST = ZooKeeperOptions(tick_ms=200, force_sync=False)
