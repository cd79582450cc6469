"""The route table under random histories, late listings and ghosts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from coordination.routes import Route, RouteTable
from tests.support.examples import examples

A, B = Route("v", "rms-1", "boot-a"), Route("v", "rms-2", "boot-b")


def table_of(*routes: Route) -> RouteTable:
    table = RouteTable()
    table.set_boots({"rms-1": "boot-a", "rms-2": "boot-b"})
    table.apply(7, 10, [route.name for route in routes])
    return table


def test_a_listed_route_of_a_living_rms_is_in_force() -> None:
    table = RouteTable()
    table.set_boots({"rms-1": "boot-a"})
    change = table.apply(7, 10, [A.name])
    assert change.added == (A,)
    assert table.rms_of("v") == ("rms-1",)
    assert table.rms_of("other") == ()
    assert list(table.videos()) == ["v"]
    assert table.routes_of("v") == (A,)


def test_two_rms_serve_a_video_until_one_withdraws() -> None:
    table = table_of(A, B)
    assert table.rms_of("v") == ("rms-1", "rms-2")
    change = table.apply(7, 11, [B.name])
    assert change.removed == (A,)
    assert table.rms_of("v") == ("rms-2",)


def test_an_older_listing_never_overwrites_a_newer_one() -> None:
    table = table_of(A, B)
    table.apply(7, 12, [B.name])
    assert not table.apply(7, 11, [A.name, B.name])
    assert table.rms_of("v") == ("rms-2",)


def test_a_route_whose_rms_is_not_known_yet_comes_into_force_with_it() -> None:
    table = RouteTable()
    assert not table.apply(7, 10, [A.name])
    assert table.rms_of("v") == ()
    assert table.set_boots({"rms-1": "boot-a"}).added == (A,)
    assert table.rms_of("v") == ("rms-1",)


def test_a_dead_rms_loses_its_routes_before_zookeeper_takes_them_away() -> None:
    table = table_of(A, B)
    assert table.remove_rms("rms-1").removed == (A,)
    assert table.rms_of("v") == ("rms-2",)
    assert table.stale_routes() == 1


def test_a_restarted_rms_has_its_new_routes_and_none_of_its_ghosts() -> None:
    table = table_of(A, Route("w", "rms-1", "boot-a"))
    new = Route("v", "rms-1", "boot-c")
    table.set_boots({"rms-1": "boot-c"})
    assert table.apply(7, 11, [A.name, Route("w", "rms-1", "boot-a").name, new.name]).added == (new,)
    assert table.rms_of("v") == ("rms-1",)
    assert table.rms_of("w") == ()
    assert not table.apply(7, 12, [new.name]), "that the ghost goes changes nothing"
    assert table.rms_of("v") == ("rms-1",)


def test_after_a_wipe_the_next_listing_counts_whatever_its_number() -> None:
    table = table_of(A)
    assert not table.apply(7, 3, [B.name])
    table.forget_versions()
    assert table.rms_of("v") == ("rms-1",), "until then the last known good stays"
    table.apply(7, 3, [B.name])
    assert table.rms_of("v") == ("rms-2",)


def test_foreign_names_are_ignored() -> None:
    table = table_of(A)
    table.apply(7, 11, ["v", "v~rms-1", "~rms-1~boot-a", "a~b~c~d", A.name])
    assert table.rms_of("v") == ("rms-1",)
    table.apply(7, 12, [])
    assert len(table) == 0


names = st.builds(
    Route,
    video=st.sampled_from(["v1", "v2", "v3"]),
    rms_id=st.sampled_from(["r1", "r2"]),
    boot_id=st.sampled_from(["b1", "b2"]),
)
listings = st.tuples(st.integers(0, 2), st.frozensets(names, max_size=6))
boots = st.dictionaries(st.sampled_from(["r1", "r2"]), st.sampled_from(["b1", "b2"]))


@settings(max_examples=examples(80), deadline=None)
@given(st.lists(st.one_of(listings, boots), max_size=25), st.randoms(use_true_random=False))
def test_the_newest_listings_and_the_living_decide_in_whatever_order_things_come(
    history: list[tuple[int, frozenset[Route]] | dict[str, str]], random: object
) -> None:
    """Model: a route is in force when the newest listing of its bucket has it and its RMS is in that life."""
    numbered = list(enumerate(history))
    random.shuffle(numbered)  # type: ignore[attr-defined]
    table, model_listings, alive = RouteTable(), dict[int, tuple[int, frozenset[Route]]](), dict[str, str]()
    in_force: set[Route] = set()
    for pzxid, step in numbered:
        if isinstance(step, dict):
            alive = step
            change = table.set_boots(step)
        else:
            # A video has one bucket, so the routes of different buckets differ in their videos.
            bucket, listed = step
            routes = frozenset(Route(f"{r.video}-{bucket}", r.rms_id, r.boot_id) for r in listed)
            if pzxid >= model_listings.get(bucket, (-1, routes))[0]:
                model_listings[bucket] = (pzxid, routes)
            change = table.apply(bucket, pzxid, [route.name for route in routes])
        expected = {
            route
            for _, routes in model_listings.values()
            for route in routes
            if alive.get(route.rms_id) == route.boot_id
        }
        assert set(change.added) == expected - in_force
        assert set(change.removed) == in_force - expected
        in_force = expected
        assert {route for video in table.videos() for route in table.routes_of(video)} == expected
        for video in {route.video for route in expected}:
            assert table.rms_of(video) == tuple(sorted(r.rms_id for r in expected if r.video == video))
