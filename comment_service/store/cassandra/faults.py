"""The driver's exceptions as the store's, each with a coded reason. They stop here."""

from __future__ import annotations

from enum import StrEnum

from cassandra import (
    AuthenticationFailed,
    DriverException,
    OperationTimedOut,
    ReadFailure,
    ReadTimeout,
    RequestValidationException,
    Unavailable,
    WriteFailure,
    WriteTimeout,
)
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionException
from cassandra.protocol import ErrorMessage, OverloadedErrorMessage

from comment_service.store.errors import StoreError, StoreUnavailable

# What the driver may raise where a request fails; anything else is a fault of this program.
DRIVER_ERRORS = (DriverException, NoHostAvailable, ConnectionException, ErrorMessage)
# Nothing was begun: no node took the request, or the one that did refused it before it asked any replica.
_NOT_BEGUN = (NoHostAvailable, Unavailable, RequestValidationException, AuthenticationFailed)


class CassandraFault(StrEnum):
    """Why a request failed; a metric's label."""

    TIMEOUT = "timeout"
    WRITE_TIMEOUT = "write_timeout"
    READ_TIMEOUT = "read_timeout"
    TOO_FEW_REPLICAS = "too_few_replicas"
    NO_NODE = "no_node"
    REPLICA_FAILED = "replica_failed"
    OVERLOADED = "overloaded"
    REFUSED = "refused"
    CONTENTION = "contention"
    QUEUED_TOO_LONG = "queued_too_long"
    OTHER = "other"


_FAULTS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], CassandraFault], ...] = (
    (OperationTimedOut, CassandraFault.TIMEOUT),
    (WriteTimeout, CassandraFault.WRITE_TIMEOUT),
    (ReadTimeout, CassandraFault.READ_TIMEOUT),
    (Unavailable, CassandraFault.TOO_FEW_REPLICAS),
    ((NoHostAvailable, ConnectionException), CassandraFault.NO_NODE),
    ((ReadFailure, WriteFailure), CassandraFault.REPLICA_FAILED),
    (OverloadedErrorMessage, CassandraFault.OVERLOADED),
    ((RequestValidationException, AuthenticationFailed), CassandraFault.REFUSED),
)


def fault_of(error: BaseException) -> CassandraFault:
    """The reason's code."""
    return next((fault for kinds, fault in _FAULTS if isinstance(error, kinds)), CassandraFault.OTHER)


def unavailable(error: BaseException, what: str = "Cassandra did not do what was asked") -> StoreUnavailable:
    """The store's own exception for one of the driver's."""
    in_doubt = not isinstance(error, _NOT_BEGUN)
    return StoreUnavailable(f"{what} ({fault_of(error)}): {_first_line(error)}", in_doubt=in_doubt)


def broken(error: BaseException, what: str) -> StoreError:
    """For what trying again does not help: permissions, a schema that does not fit."""
    return StoreError(f"{what}: {_first_line(error)}")


def _first_line(error: BaseException) -> str:
    if isinstance(error, NoHostAvailable) and isinstance(error.errors, dict) and error.errors:
        # Its own message shows a dictionary of host objects.
        return "; ".join(f"{host}: {_first_line(cause)}" for host, cause in error.errors.items())
    return (str(error).splitlines() or [type(error).__name__])[0]
