"""When the driver may ask a second time, and whom."""

from __future__ import annotations

from typing import Any

from cassandra import ConsistencyLevel
from cassandra.cluster import ExecutionProfile
from cassandra.policies import (
    ConstantSpeculativeExecutionPolicy,
    DCAwareRoundRobinPolicy,
    RetryPolicy,
    TokenAwarePolicy,
)
from cassandra.query import dict_factory, tuple_factory

from comment_service.store.cassandra.options import CassandraStoreOptions

# The driver's names for how something is executed.
READ = "read"
WRITE = "write"
TRANSACTION = "transaction"


class IdempotentRetry(RetryPolicy):  # type: ignore[misc]
    """Asks the next node once, where doing it twice is doing it once.

    A transaction may have been agreed on before too few replicas are found for it: tried again it would find itself
    there, and say that another was faster. A write that timed out is not tried again here: whoever asked hears of it,
    and asks again with the same id.
    """

    def on_write_timeout(self, query: Any, consistency: int, *args: Any, **kwargs: Any) -> tuple[int, int | None]:
        return self.RETHROW, None

    def on_unavailable(
        self, query: Any, consistency: int, required_replicas: int, alive_replicas: int, retry_num: int
    ) -> tuple[int, None]:
        return self._once_more(query, retry_num)

    def on_request_error(self, query: Any, consistency: int, error: Exception, retry_num: int) -> tuple[int, None]:
        return self._once_more(query, retry_num)

    def _once_more(self, query: Any, retry_num: int) -> tuple[int, None]:
        if retry_num == 0 and query.is_idempotent:
            return self.RETRY_NEXT_HOST, None
        return self.RETHROW, None


def profiles(options: CassandraStoreOptions) -> dict[str, ExecutionProfile]:
    """How reads and writes are executed; the driver speculates only where a statement is idempotent."""

    def profile(**more: Any) -> ExecutionProfile:
        return ExecutionProfile(
            load_balancing_policy=TokenAwarePolicy(DCAwareRoundRobinPolicy(local_dc=options.local_dc)),
            retry_policy=IdempotentRetry(),
            consistency_level=ConsistencyLevel.LOCAL_QUORUM,
            request_timeout=options.timeout_s,
            serial_consistency_level=ConsistencyLevel.LOCAL_SERIAL,
            **{"row_factory": tuple_factory, **more},
        )

    speculation = ConstantSpeculativeExecutionPolicy(delay=options.speculate_after_s, max_attempts=1)
    return {
        READ: profile(speculative_execution_policy=speculation),
        WRITE: profile(),
        # Whether it was applied decides which columns the answer has.
        TRANSACTION: profile(row_factory=dict_factory),
    }
