"""Which failures leave open whether it was done."""

from __future__ import annotations

import pytest
from cassandra import (
    ConsistencyLevel,
    InvalidRequest,
    OperationTimedOut,
    Unavailable,
    WriteFailure,
    WriteTimeout,
    WriteType,
)
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionShutdown

from comment_service.store.cassandra.faults import unavailable

QUORUM = ConsistencyLevel.LOCAL_QUORUM


@pytest.mark.parametrize(
    ("error", "in_doubt"),
    [
        (NoHostAvailable("no node", {}), False),
        (Unavailable("too few", QUORUM, 2, 1), False),
        (InvalidRequest("no such table"), False),
        (OperationTimedOut(), True),
        (WriteTimeout("too slow", write_type=WriteType.COUNTER, consistency=QUORUM), True),
        (WriteFailure("failed", write_type=WriteType.COUNTER, consistency=QUORUM), True),
        (ConnectionShutdown("it broke off"), True),
    ],
)
def test_what_no_node_began_is_surely_not_done(error: Exception, in_doubt: bool) -> None:
    assert unavailable(error).in_doubt is in_doubt
