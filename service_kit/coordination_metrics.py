"""How a process stands with ZooKeeper, under the same names in every process.

``coordination`` knows no metrics and this package knows no ``coordination``, so what is read is described here.
"""

from __future__ import annotations

from functools import partial
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge

from service_kit.metrics import ReadCounter

STATES = ("connected", "suspended", "lost")


class SessionCounts(Protocol):
    """Counted since the start."""

    @property
    def suspensions(self) -> int: ...

    @property
    def losses(self) -> int: ...

    @property
    def clients_replaced(self) -> int: ...


class Session(Protocol):
    """``state`` is one of ``STATES``."""

    @property
    def state(self) -> str: ...

    @property
    def stats(self) -> SessionCounts: ...


class View(Protocol):
    """A picture of a part of ZooKeeper that is kept fresh by listing that part again."""

    @property
    def relist_errors(self) -> int: ...


class Member(Protocol):
    """A node's own registration."""

    @property
    def registered(self) -> bool: ...

    @property
    def displaced_by(self) -> object | None: ...


class SessionMetrics:
    """The session, and how well what is watched through it can be kept up to date."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._state = Gauge(
            "livecomments_zookeeper_session", "1 for the state that the session is in.", ["state"], registry=registry
        )
        self._suspensions = ReadCounter(
            "livecomments_zookeeper_suspensions",
            "Times that the connection was lost; the session may have survived.",
            registry=registry,
        )
        self._losses = ReadCounter(
            "livecomments_zookeeper_sessions_lost",
            "Sessions that were over, with everything that the process had registered.",
            registry=registry,
        )
        self._clients_replaced = ReadCounter(
            "livecomments_zookeeper_clients_replaced",
            "Clients given up because ZooKeeper could be reached and they did not get through.",
            registry=registry,
        )
        self._relist_errors = ReadCounter(
            "livecomments_zookeeper_relist_errors",
            "Listings of members or routes that failed; each is made again.",
            registry=registry,
        )

    def watch(self, session: Session, *views: View) -> None:
        """Reads the figures from ``session`` and from what is watched through it."""
        for state in STATES:
            self._state.labels(state).set_function(partial(_is_in, session, state))
        self._suspensions.set_function(lambda: session.stats.suspensions)
        self._losses.set_function(lambda: session.stats.losses)
        self._clients_replaced.set_function(lambda: session.stats.clients_replaced)
        self._relist_errors.set_function(lambda: sum(view.relist_errors for view in views))


class MembershipMetrics:
    """Whether the other nodes count on this one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registered = Gauge(
            "livecomments_membership_registered",
            "1 while this process is registered under its node id, as far as it knows.",
            registry=registry,
        )
        self._displaced = Gauge(
            "livecomments_membership_displaced",
            "1 while another process has this node's id, and this one stands by.",
            registry=registry,
        )

    def watch(self, member: Member) -> None:
        """Reads the figures from ``member``."""
        self._registered.set_function(lambda: member.registered)
        self._displaced.set_function(lambda: member.displaced_by is not None)


def _is_in(session: Session, state: str) -> float:
    return session.state == state
