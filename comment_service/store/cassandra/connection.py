"""The driver's session: opened and closed in a thread, because both block."""

from __future__ import annotations

import ssl
from collections import Counter
from typing import Any

from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, Session
from cassandra.policies import ExponentialReconnectionPolicy

from comment_service.store.cassandra.faults import DRIVER_ERRORS, unavailable
from comment_service.store.cassandra.options import CassandraStoreOptions
from comment_service.store.cassandra.policies import WRITE, profiles
from comment_service.store.errors import StoreError, StoreUnavailable

# Version 5's checksums are computed in Python, a byte at a time.
PROTOCOL_VERSION = 4
HEARTBEAT_S = 5


def connect(options: CassandraStoreOptions) -> Session:
    """A session without a keyspace. Blocks. Raises ``StoreError``."""
    cluster = _cluster(options)
    where = f"Cassandra at {','.join(options.contact_points)}:{options.port}"
    try:
        return cluster.connect()
    except DRIVER_ERRORS as error:
        found = data_centres(cluster)
        cluster.shutdown()
        # The driver has asked a node for the others, and then found none that it may ask.
        if found and options.local_dc not in found:
            names = ", ".join(sorted(found))
            raise StoreError(f"{where} has no data centre {options.local_dc}; it has {names}") from error
        raise unavailable(error, f"{where} cannot be reached") from error


def data_centres(cluster: Cluster) -> dict[str, int]:
    """Data centre → how many nodes are known of it."""
    return Counter(host.datacenter for host in cluster.metadata.all_hosts() if host.datacenter)


def _cluster(options: CassandraStoreOptions) -> Cluster:
    made = profiles(options)
    try:
        return Cluster(
            contact_points=list(options.contact_points),
            port=options.port,
            execution_profiles={EXEC_PROFILE_DEFAULT: made[WRITE], **made},
            protocol_version=PROTOCOL_VERSION,
            auth_provider=_credentials(options),
            ssl_context=None if options.ca_file is None else ssl.create_default_context(cafile=str(options.ca_file)),
            connect_timeout=options.connect_timeout_s,
            control_connection_timeout=options.connect_timeout_s,
            idle_heartbeat_interval=HEARTBEAT_S,
            idle_heartbeat_timeout=HEARTBEAT_S,
            # A node that is back serves again within this, not after the default's ten minutes.
            reconnection_policy=ExponentialReconnectionPolicy(base_delay=0.2, max_delay=5.0, max_attempts=None),
        )
    except (OSError, ssl.SSLError) as error:
        raise StoreError(f"{options.ca_file} is no file of certificates: {error}") from error
    except DRIVER_ERRORS as error:  # a host name that does not resolve
        raise StoreUnavailable(f"Cassandra cannot be reached: {error}") from error


def _credentials(options: CassandraStoreOptions) -> Any:
    if options.user is None:
        return None
    return PlainTextAuthProvider(username=options.user, password=options.password or "")
