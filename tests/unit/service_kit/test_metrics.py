"""Metrics that are kept elsewhere are read when they are scraped."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from coordination.session import SessionState, SessionStats
from service_kit.coordination_metrics import STATES, SessionMetrics
from service_kit.metrics import ReadCounter


@dataclass
class Session:
    state: SessionState = SessionState.CONNECTED
    stats: SessionStats = field(default_factory=SessionStats)


@dataclass
class View:
    relist_errors: int = 0


def test_a_read_counter_is_a_counter() -> None:
    registry = CollectorRegistry()
    counter = ReadCounter("things", "Things.", registry=registry)
    assert registry.get_sample_value("things_total") == 0
    counter.set_function(lambda: 7)
    assert registry.get_sample_value("things_total") == 7
    assert [(family.name, family.type) for family in registry.collect()] == [("things", "counter")]
    with pytest.raises(ValueError, match="things"):
        ReadCounter("things", "Others.", registry=registry)


def test_a_session_is_in_one_of_its_states() -> None:
    registry = CollectorRegistry()
    session, views = Session(), [View(), View()]
    SessionMetrics(registry).watch(session, *views)

    def states() -> dict[str, float | None]:
        return {
            state: registry.get_sample_value("livecomments_zookeeper_session", {"state": state}) for state in STATES
        }

    assert set(STATES) == set(SessionState)
    assert states() == {"connected": 1, "suspended": 0, "lost": 0}
    session.state = SessionState.LOST
    session.stats.losses = 3
    views[0].relist_errors, views[1].relist_errors = 2, 5
    assert states() == {"connected": 0, "suspended": 0, "lost": 1}
    assert registry.get_sample_value("livecomments_zookeeper_sessions_lost_total") == 3
    assert registry.get_sample_value("livecomments_zookeeper_relist_errors_total") == 7
