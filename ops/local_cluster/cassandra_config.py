"""What a local Cassandra node is started with: its YAML, its log's XML and its JVM's options. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# Java's own packages that Cassandra reaches into; its start scripts list the same.
_EXPORTS = (
    "java.base/jdk.internal.misc",
    "java.base/jdk.internal.ref",
    "java.base/java.lang.ref",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
    "jdk.unsupported/sun.misc",
)
_OPENS = (
    *(
        f"java.base/{package}"
        for package in (
            "java.lang.module",
            "jdk.internal.loader",
            "jdk.internal.ref",
            "jdk.internal.reflect",
            "jdk.internal.math",
            "jdk.internal.module",
            "jdk.internal.util.jar",
            "sun.nio.ch",
            "java.io",
            "java.nio",
            "java.lang",
            "java.util",
            "java.util.concurrent",
            "java.util.concurrent.atomic",
            "java.lang.reflect",
            "java.net",
        )
    ),
    "jdk.management/com.sun.management.internal",
    "jdk.compiler/com.sun.tools.javac.tree",
)
LOGBACK = """<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %date{ISO8601} %logger{0}: %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="OUT"/></root>
</configuration>
"""


@dataclass(frozen=True)
class CassandraOptions:
    """How a local node runs.

    Attributes:
        heap_mb: the JVM's limit; a node takes about 400 MB more.
        commitlog_sync: ``batch`` acknowledges a write once it is fsynced, together with all that wait for the same
            fsync. ``periodic`` acknowledges at once and fsyncs every second: a killed process loses up to 0.1 s of
            what it acknowledged, a dead machine 1 s.
        flush_schema: off, a table is created in a tenth of the time; a restart may not know it.
        quick_start: the JVM compiles quickly and not well: up with half the work (7.9 s of CPU instead of 14), and
            slower in the long run.
    """

    heap_mb: int = 512
    commitlog_sync: str = "batch"
    flush_schema: bool = True
    quick_start: bool = False


@dataclass(frozen=True)
class NodePlace:
    """Where a node is: its address, its ports and its data centre. ``seed``: ``host:storage_port``."""

    host: str
    native_port: int
    storage_port: int
    jmx_port: int
    dc: str
    seed: str


def yaml(place: NodePlace, options: CassandraOptions) -> str:
    """``cassandra.yaml``, as JSON, which YAML takes."""
    document: dict[str, object] = {
        "cluster_name": "livecomments",
        "num_tokens": 1,
        "allocate_tokens_for_local_replication_factor": 1,
        "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
        "endpoint_snitch": "GossipingPropertyFileSnitch",
        "seed_provider": [
            {"class_name": "org.apache.cassandra.locator.SimpleSeedProvider", "parameters": [{"seeds": place.seed}]}
        ],
        "auto_bootstrap": False,
        "listen_address": place.host,
        "rpc_address": place.host,
        "native_transport_port": place.native_port,
        "storage_port": place.storage_port,
        "commitlog_sync": options.commitlog_sync,
        "commitlog_segment_size": "8MiB",
        "memtable_heap_space": "128MiB",
        "disk_failure_policy": "stop",
        "auto_snapshot": False,
        # How long to wait is the client's to say; on a busy machine the defaults of 2 s are soon over.
        "read_request_timeout": "10s",
        "write_request_timeout": "10s",
        "counter_write_request_timeout": "10s",
        "cas_contention_timeout": "5s",
    }
    if options.commitlog_sync == "periodic":
        document["commitlog_sync_period"] = "1000ms"
    return json.dumps(document, indent=1) + "\n"


def java_arguments(folder: Path, jars: Path, place: NodePlace, options: CassandraOptions) -> Sequence[str]:
    """What follows ``java``. ``folder`` holds the node's ``conf/`` and ``data/``."""
    conf = folder / "conf"
    [agent] = jars.glob("jamm-*.jar")
    properties = {
        "jdk.attach.allowAttachSelf": "true",
        "cassandra-foreground": "yes",
        "cassandra.config": (conf / "cassandra.yaml").as_uri(),
        "cassandra.storagedir": str(folder / "data"),
        "logback.configurationFile": (conf / "logback.xml").as_uri(),
        "cassandra.jmx.local.port": str(place.jmx_port),
        # Without these a start takes 39 s: it waits for other nodes that may be on their way.
        "cassandra.ring_delay_ms": "100",
        "cassandra.skip_wait_for_gossip_to_settle": "0",
        "cassandra.shutdown_announce_in_ms": "0",
        "cassandra.superuser_setup_delay_ms": "0",
        "cassandra.test.flush_local_schema_changes": str(options.flush_schema).lower(),
        "java.net.preferIPv4Stack": "true",
    }
    return [
        f"-Xms{options.heap_mb}m",
        f"-Xmx{options.heap_mb}m",
        "-Xss512k",
        "-XX:+UseG1GC",
        *(["-XX:TieredStopAtLevel=1"] if options.quick_start else []),
        "-XX:+ExitOnOutOfMemoryError",
        *(f"--add-exports={package}=ALL-UNNAMED" for package in _EXPORTS),
        *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENS),
        f"-javaagent:{agent}",
        *(f"-D{name}={value}" for name, value in properties.items()),
        "-cp",
        f"{conf}:{jars}/*",
        "org.apache.cassandra.service.CassandraDaemon",
    ]
