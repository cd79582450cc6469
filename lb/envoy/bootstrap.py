"""Envoy's bootstrap as a pure function of its settings.

``python -m lb.envoy.bootstrap`` prints it as YAML for the settings in the environment; Envoy reads JSON as well, which
is what ``to_json`` gives. docs/envoy.md explains the parts.
"""

from __future__ import annotations

import json
import sys

from lb.envoy.clusters import comment_service_cluster, rms_cluster, xds_cluster
from lb.envoy.listener import edge_listener
from lb.envoy.settings import EnvoySettings
from lb.envoy.shapes import Json, socket_address, typed
from lb.envoy.yaml import to_yaml
from service_kit.errors import SettingsError
from service_kit.settings import load

HEADER = "# Written by: python -m lb.envoy.bootstrap (settings: LIVECOMMENTS_ENVOY_*). Why it is so: docs/envoy.md\n"


def bootstrap(settings: EnvoySettings) -> Json:
    """The whole bootstrap: plain dicts, lists, strings and numbers, as in Envoy's JSON."""
    return {
        "node": {"id": settings.node_id, "cluster": "edge"},
        "admin": {"address": socket_address(settings.admin_host, settings.admin_port)},
        "static_resources": {
            "listeners": [edge_listener(settings)],
            "clusters": [rms_cluster(settings), comment_service_cluster(settings), xds_cluster(settings)],
        },
        "overload_manager": _overload_manager(settings),
    }


def to_json(settings: EnvoySettings) -> str:
    """The bootstrap as the text of a ``.json`` file."""
    return json.dumps(bootstrap(settings), indent=1) + "\n"


def _overload_manager(settings: EnvoySettings) -> Json:
    heap = "envoy.resource_monitors.fixed_heap"
    connections = "envoy.resource_monitors.global_downstream_max_connections"
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [
            {
                "name": heap,
                "typed_config": typed(
                    "extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                    max_heap_size_bytes=settings.max_heap_bytes,
                ),
            },
            {
                "name": connections,
                "typed_config": typed(
                    "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                    max_active_downstream_connections=settings.max_connections,
                ),
            },
        ],
        "actions": [
            {
                "name": f"envoy.overload_actions.{action}",
                "triggers": [{"name": heap, "threshold": {"value": share}}],
            }
            for action, share in (("shrink_heap", 0.9), ("stop_accepting_requests", 0.95))
        ],
    }


def main() -> int:
    """Prints the bootstrap; 1 and one line on stderr where a setting does not fit."""
    try:
        sys.stdout.write(HEADER + to_yaml(bootstrap(load(EnvoySettings))))
    except SettingsError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
