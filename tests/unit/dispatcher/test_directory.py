from __future__ import annotations

from coordination.routes import Route, RouteTable
from dispatcher.directory import Directory


def directory(*routes: Route) -> Directory:
    table = RouteTable()
    table.set_boots({route.rms_id: route.boot_id for route in routes})
    table.apply(0, 1, [route.name for route in routes])
    return Directory(table, [], session_state=lambda: "suspended")


def test_all_routes_or_one_videos() -> None:
    described = directory(Route("a", "rms-1", "b1"), Route("a", "rms-2", "b2"), Route("b", "rms-1", "b1"))
    everything = described.describe("", limit=10)
    assert sorted((route.live_video_id, route.rms_id, route.boot_id) for route in everything.routes) == [
        ("a", "rms-1", "b1"),
        ("a", "rms-2", "b2"),
        ("b", "rms-1", "b1"),
    ]
    assert (everything.truncated, everything.session_state) == (False, "SUSPENDED")
    assert sorted(route.rms_id for route in described.describe("a", limit=10).routes) == ["rms-1", "rms-2"]
    assert not described.describe("nobody", limit=10).routes


def test_more_than_the_limit_are_cut_off_and_that_is_said() -> None:
    described = directory(*(Route(f"v{number}", "rms-1", "b1") for number in range(11)))
    answer = described.describe("", limit=10)
    assert (len(answer.routes), answer.truncated) == (10, True)
    assert not directory(*(Route(f"v{n}", "rms-1", "b1") for n in range(10))).describe("", limit=10).truncated
