"""Everybody finds the same owner, and only what must moves."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from service_kit.rendezvous import owner

NODES = st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=8, unique=True)


@given(NODES, st.text(max_size=20), st.randoms())
def test_the_order_in_which_nodes_are_known_does_not_matter(nodes: list[str], video: str, random: Random) -> None:
    shuffled = list(nodes)
    random.shuffle(shuffled)
    assert owner(video, shuffled) == owner(video, nodes)


@given(NODES, st.text(max_size=20))
def test_a_video_moves_only_when_its_owner_goes(nodes: list[str], video: str) -> None:
    before = owner(video, nodes)
    for gone in nodes:
        after = owner(video, [node for node in nodes if node != gone])
        assert (after == before) == (gone != before)


def test_nobody_owns_anything_where_nobody_is() -> None:
    assert owner("match-42", []) is None


def test_videos_spread_evenly() -> None:
    shares = Counter(
        owner(f"video-{number}", ["dispatcher-1", "dispatcher-2", "dispatcher-3"]) for number in range(3000)
    )
    assert all(850 < share < 1150 for share in shares.values())
