"""What of the registered nodes Envoy is told."""

from __future__ import annotations

import pytest
from envoy.config.endpoint.v3 import endpoint_components_pb2, endpoint_pb2
from hypothesis import given
from hypothesis import strategies as st

from coordination.membership import NodeRecord
from lb.envoy.endpoints import Assignment, assignment
from lb.envoy.reasons import OmissionReason

RMS_1 = NodeRecord("rms-1", "boot-1", http="127.0.0.1:7001", admin="127.0.0.2:9001", started_ms=1)


def endpoints(of: Assignment) -> list[endpoint_components_pb2.Endpoint]:
    load = endpoint_pb2.ClusterLoadAssignment()
    assert of.resource.Unpack(load)
    assert load.cluster_name == "rms"
    return [each.endpoint for group in load.endpoints for each in group.lb_endpoints]


def test_an_endpoint_is_hashed_by_its_name_and_asked_for_its_health_on_its_admin_port() -> None:
    (endpoint,) = endpoints(assignment("rms", {"rms-1": RMS_1}))
    assert endpoint.hostname == "rms-1"
    served, health = endpoint.address.socket_address, endpoint.health_check_config.address.socket_address
    assert (served.address, served.port_value) == ("127.0.0.1", 7001)
    assert (health.address, health.port_value) == ("127.0.0.2", 9001)
    assert not endpoint.health_check_config.disable_active_health_check


def test_a_node_without_an_admin_port_is_not_asked() -> None:
    (endpoint,) = endpoints(assignment("rms", {"rms-1": NodeRecord("rms-1", "boot", http="[::1]:7001")}))
    assert endpoint.address.socket_address.address == "::1"
    assert endpoint.health_check_config.disable_active_health_check


@pytest.mark.parametrize(
    ("http", "admin", "reason"),
    [
        (None, "127.0.0.1:9001", OmissionReason.NO_HTTP_ADDRESS),
        ("rms-2.internal:7001", None, OmissionReason.NOT_AN_IP_ADDRESS),
        ("127.0.0.1:7001", "rms-2.internal:9001", OmissionReason.NOT_AN_IP_ADDRESS),
        ("127.0.0.1", None, OmissionReason.NOT_AN_IP_ADDRESS),
        ("127.0.0.1:70000", None, OmissionReason.NOT_AN_IP_ADDRESS),
    ],
)
def test_one_node_that_envoy_could_not_take_does_not_cost_it_the_others(
    http: str | None, admin: str | None, reason: OmissionReason
) -> None:
    given = assignment("rms", {"rms-1": RMS_1, "rms-2": NodeRecord("rms-2", "boot", http=http, admin=admin)})
    assert [endpoint.hostname for endpoint in endpoints(given)] == ["rms-1"]
    assert given.omitted == {"rms-2": reason}
    assert given.omissions()[reason] == 1
    assert given.size == 1


nodes = st.dictionaries(
    st.sampled_from([f"rms-{n}" for n in range(8)]),
    st.integers(1, 65_535),
    max_size=8,
)


def assigned(ports: dict[str, int]) -> Assignment:
    return assignment("rms", {name: NodeRecord(name, "boot", http=f"127.0.0.1:{port}") for name, port in ports.items()})


@given(nodes, nodes)
def test_the_version_tells_endpoints_apart_and_nothing_else(one: dict[str, int], other: dict[str, int]) -> None:
    assert (assigned(one).version == assigned(other).version) == (one == other)
    assert assigned(one).version == assigned(dict(reversed(one.items()))).version


def test_what_envoy_does_not_see_does_not_change_the_version() -> None:
    later = NodeRecord("rms-1", "boot-2", http=RMS_1.http, admin=RMS_1.admin, capacity=9, started_ms=2)
    assert assignment("rms", {"rms-1": later}).version == assignment("rms", {"rms-1": RMS_1}).version
