"""What is written to ZooKeeper, and where."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import coordination
from coordination.config import ClusterConstants
from coordination.membership import NodeRecord
from coordination.paths import ROUTE_BUCKETS, Paths, bucket_of, is_name
from coordination.routes import Route


def test_a_node_record_survives_the_way_to_zookeeper_and_back() -> None:
    record = NodeRecord("rms-1", "b1", http="h:1", grpc="h:2", admin="h:3", capacity=7, started_ms=9)
    assert NodeRecord.from_bytes(record.to_bytes()) == record


def test_a_newer_nodes_record_can_be_read() -> None:
    record = NodeRecord.from_bytes(b'{"node_id": "rms-1", "boot_id": "b1", "zone": "eu-1"}')
    assert (record.node_id, record.boot_id, record.draining) == ("rms-1", "b1", False)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{}", b"3", b'"x"', b"\xff"])
def test_what_is_no_record_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        NodeRecord.from_bytes(data)


def test_a_route_survives_the_way_to_a_name_and_back() -> None:
    route = Route("match-42", "rms-1", "b.1")
    assert route.name == "match-42~rms-1~b.1"
    assert Route.parse(route.name) == route


def test_buckets_are_the_same_for_ever() -> None:
    assert bucket_of("match-42") == 816  # crc32 mod 1024: other nodes and other versions must agree
    assert {bucket_of(f"v{i}") for i in range(20_000)} == set(range(ROUTE_BUCKETS))


@pytest.mark.parametrize("name", ["", "a/b", "a~b", "..", ".", "a b", "x" * 65])
def test_names_that_would_break_a_path_are_refused(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(ValueError, match="data centre"):
        Paths(name)


def test_constants_that_differ_are_named() -> None:
    ours = ClusterConstants()
    assert ours.differences(ours.to_bytes()) == []
    theirs = ClusterConstants(route_buckets=512).to_bytes()
    assert ours.differences(theirs) == ["route_buckets is 1024 here and 512 there"]
    assert ours.differences(b"[]")
    assert ours.differences(b"nonsense")
    assert ours.differences(b'{"route_buckets": 1024, "format_version": 1, "later": 2}') == []


def test_kazoo_is_known_in_one_module() -> None:
    folder = Path(next(iter(coordination.__path__)))
    importing = {
        path.name
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom) and "kazoo." in ast.unparse(node) + "."
        if "coordination" not in ast.unparse(node)
    }
    assert importing == {"kazoo_client.py"}
