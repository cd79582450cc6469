"""What the driver may ask of a second node."""

from __future__ import annotations

import pytest
from cassandra import ConsistencyLevel
from cassandra.policies import RetryPolicy
from cassandra.query import SimpleStatement

from comment_service.store.cassandra.policies import IdempotentRetry

QUORUM = ConsistencyLevel.LOCAL_QUORUM
RETHROW, NEXT = (RetryPolicy.RETHROW, None), (RetryPolicy.RETRY_NEXT_HOST, None)


@pytest.mark.parametrize(("idempotent", "first_time"), [(True, NEXT), (False, RETHROW)])
def test_only_what_may_be_done_twice_is_asked_of_a_second_node(idempotent: bool, first_time: tuple[int, None]) -> None:
    policy, query = IdempotentRetry(), SimpleStatement("…", is_idempotent=idempotent)
    found = {"consistency": QUORUM, "required_replicas": 2, "alive_replicas": 1}
    for retry_num, expected in ((0, first_time), (1, RETHROW)):
        assert policy.on_unavailable(query, retry_num=retry_num, **found) == expected
        assert policy.on_request_error(query, QUORUM, error=OSError("gone"), retry_num=retry_num) == expected
    assert policy.on_write_timeout(query, QUORUM, "CAS", 2, 1, 0) == RETHROW
