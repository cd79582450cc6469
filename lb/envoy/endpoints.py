"""From the registered nodes to the endpoints that Envoy is given. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from envoy.config.core.v3 import address_pb2, health_check_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2, endpoint_pb2
from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf import any_pb2

from coordination.membership import NodeRecord
from lb.envoy.reasons import OmissionReason
from lb.envoy.shapes import is_ip, split_address

TYPE_URL = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"


@dataclass(frozen=True)
class Assignment:
    """The endpoints of one cluster.

    Attributes:
        version: a hash of the content, so that every control plane gives the same endpoints the same version.
        resource: the packed ``ClusterLoadAssignment``.
        size: how many endpoints it has.
        omitted: node id → why it is not among them.
    """

    version: str
    resource: any_pb2.Any
    size: int
    omitted: Mapping[str, OmissionReason]

    def omissions(self) -> dict[OmissionReason, int]:
        """How many nodes are left out, for every reason there is."""
        counts = Counter(self.omitted.values())
        return {reason: counts[reason] for reason in OmissionReason}


def assignment(cluster: str, nodes: Mapping[str, NodeRecord]) -> Assignment:
    """The endpoints of ``cluster``, in the order of their ids.

    An endpoint's host name is its node id: MAGLEV hashes it, so a node that comes back on another port has its videos
    back. Its health is asked for on its admin port.
    """
    omitted: dict[str, OmissionReason] = {}
    endpoints = []
    for node_id, record in sorted(nodes.items()):
        reason = _omission(record)
        if reason is None:
            endpoints.append(_endpoint(node_id, record))
        else:
            omitted[node_id] = reason
    load = endpoint_pb2.ClusterLoadAssignment(
        cluster_name=cluster,
        endpoints=[endpoint_components_pb2.LocalityLbEndpoints(lb_endpoints=endpoints)] if endpoints else [],
    )
    content = load.SerializeToString(deterministic=True)
    resource = any_pb2.Any(type_url=TYPE_URL, value=content)
    return Assignment(hashlib.sha256(content).hexdigest()[:16], resource, len(endpoints), omitted)


def response(assignments: Sequence[Assignment], nonce: str) -> discovery_pb2.DiscoveryResponse:
    """One answer with these assignments; its version tells each of theirs."""
    return discovery_pb2.DiscoveryResponse(
        version_info=version(assignments),
        resources=[each.resource for each in assignments],
        type_url=TYPE_URL,
        nonce=nonce,
    )


def version(assignments: Sequence[Assignment]) -> str:
    return "-".join(each.version for each in assignments)


def _omission(record: NodeRecord) -> OmissionReason | None:
    if record.http is None:
        return OmissionReason.NO_HTTP_ADDRESS
    # One name among them and Envoy would reject the whole cluster: EDS knows only numbers.
    addresses = [address for address in (record.http, record.admin) if address is not None]
    return None if all(map(_is_numeric, addresses)) else OmissionReason.NOT_AN_IP_ADDRESS


def _is_numeric(address: str) -> bool:
    try:
        return is_ip(split_address(address)[0])
    except ValueError:
        return False


def _endpoint(node_id: str, record: NodeRecord) -> endpoint_components_pb2.LbEndpoint:
    assert record.http is not None
    host, port = split_address(record.http)
    return endpoint_components_pb2.LbEndpoint(
        endpoint=endpoint_components_pb2.Endpoint(
            hostname=node_id,
            address=_address(host, port),
            health_check_config=_health_check(record.admin),
        ),
        health_status=health_check_pb2.UNKNOWN,
    )


def _health_check(admin: str | None) -> endpoint_components_pb2.Endpoint.HealthCheckConfig:
    config = endpoint_components_pb2.Endpoint.HealthCheckConfig
    if admin is None:
        # Nobody to ask: it counts as healthy until a connection to it fails.
        return config(disable_active_health_check=True)
    host, port = split_address(admin)
    return config(address=_address(host, port))


def _address(host: str, port: int) -> address_pb2.Address:
    return address_pb2.Address(socket_address=address_pb2.SocketAddress(address=host, port_value=port))
