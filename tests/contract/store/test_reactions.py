"""One reaction a user and comment, totals that are exact, and videos whose reactions are only counted."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

from comment_service.store import Store
from tests.contract.store.filling import a_comment, fill

VIDEO = "match-42"
KINDS = ("like", "love", "haha", "wow", "sad", "angry")


async def test_a_user_has_one_reaction_and_a_second_one_changes_it(store: Store) -> None:
    await fill(store, [1])
    assert await store.reactions.react(VIDEO, 1, "ada", "like")
    assert await store.reactions.totals(VIDEO, [1]) == {1: {"like": 1}}
    assert await store.reactions.react(VIDEO, 1, "ada", "love")
    assert await store.reactions.react(VIDEO, 1, "bob", "love")
    assert await store.reactions.totals(VIDEO, [1]) == {1: {"love": 2}}


async def test_the_same_again_changes_nothing(store: Store) -> None:
    await fill(store, [1])
    assert await store.reactions.react(VIDEO, 1, "ada", "wow")
    assert not await store.reactions.react(VIDEO, 1, "ada", "wow")
    assert await store.reactions.totals(VIDEO, [1]) == {1: {"wow": 1}}

    assert await store.reactions.unreact(VIDEO, 1, "ada", "wow")
    assert not await store.reactions.unreact(VIDEO, 1, "ada", "wow")
    assert await store.reactions.totals(VIDEO, [1]) == {}


async def test_only_the_kind_that_is_the_users_is_taken_back(store: Store) -> None:
    await fill(store, [1])
    await store.reactions.react(VIDEO, 1, "ada", "love")
    assert not await store.reactions.unreact(VIDEO, 1, "ada", "like")
    assert not await store.reactions.unreact(VIDEO, 1, "bob", "love")
    assert await store.reactions.totals(VIDEO, [1]) == {1: {"love": 1}}


async def test_a_comment_comes_with_its_totals_however_it_is_read(store: Store) -> None:
    await fill(store, [1, 2, 3])
    await store.comments.add(a_comment(4, reply_to=2))
    for user, kind in (("ada", "like"), ("bob", "like"), ("eve", "sad")):
        await store.reactions.react(VIDEO, 2, user, kind)
    await store.reactions.react(VIDEO, 4, "ada", "haha")

    found = await store.comments.get(VIDEO, 2)
    assert found is not None
    assert found.reactions == {"like": 2, "sad": 1}
    assert [comment.reactions for comment in await store.comments.before(VIDEO, None, 9)] == [
        {"haha": 1},
        {},
        {"like": 2, "sad": 1},
        {},
    ]
    assert [comment.reactions for comment in await store.comments.after(VIDEO, 1, 1)] == [{"like": 2, "sad": 1}]
    assert [comment.reactions for comment in await store.comments.replies(VIDEO, 2, 0, 9)] == [{"haha": 1}]


async def test_totals_name_only_comments_that_have_any(store: Store) -> None:
    await fill(store, [1, 2, 3])
    await fill(store, [1], video="other")
    await store.reactions.react(VIDEO, 1, "ada", "like")
    await store.reactions.react(VIDEO, 2, "ada", "like")
    await store.reactions.unreact(VIDEO, 2, "ada", "like")
    await store.reactions.react("other", 1, "ada", "sad")
    assert await store.reactions.totals(VIDEO, [1, 2, 3, 99, 2**64 - 1]) == {1: {"like": 1}}
    assert await store.reactions.totals(VIDEO, []) == {}
    assert await store.reactions.totals("other", [1]) == {1: {"sad": 1}}


async def test_a_deleted_comment_has_no_totals(store: Store) -> None:
    await fill(store, [1])
    await store.reactions.react(VIDEO, 1, "ada", "like")
    await store.comments.delete(VIDEO, 1, 10)
    assert await store.reactions.totals(VIDEO, [1]) == {}


async def test_an_edit_keeps_the_totals(store: Store) -> None:
    await fill(store, [1])
    await store.reactions.react(VIDEO, 1, "ada", "like")
    await store.comments.edit(VIDEO, 1, "better", 1_732_000_000_123, 10)
    found = await store.comments.get(VIDEO, 1)
    assert found is not None
    assert found.reactions == {"like": 1}


async def test_fifty_users_at_once_are_all_counted(store: Store) -> None:
    await fill(store, [1])
    chosen = {f"u-{number}": KINDS[number % len(KINDS)] for number in range(50)}
    changed = await asyncio.gather(*[store.reactions.react(VIDEO, 1, user, kind) for user, kind in chosen.items()])
    assert all(changed)
    assert await store.reactions.totals(VIDEO, [1]) == {1: Counter(chosen.values())}

    taken_back = list(chosen)[:20]
    await asyncio.gather(*[store.reactions.unreact(VIDEO, 1, user, chosen[user]) for user in taken_back])
    assert await store.reactions.totals(VIDEO, [1]) == {1: Counter(list(chosen.values())[20:])}


async def test_one_user_who_clicks_in_two_windows_at_once_has_one_reaction(store: Store) -> None:
    await fill(store, [1])
    chance = random.Random(8)

    async def click(times: int) -> None:
        for _ in range(times):
            kind = chance.choice(KINDS)
            if chance.random() < 0.3:
                await store.reactions.unreact(VIDEO, 1, "ada", kind)
            else:
                await store.reactions.react(VIDEO, 1, "ada", kind)

    await store.reactions.react(VIDEO, 1, "bob", "like")
    await asyncio.gather(click(30), click(30))
    await store.reactions.react(VIDEO, 1, "ada", "sad")
    assert await store.reactions.totals(VIDEO, [1]) == {1: {"like": 1, "sad": 1}}
    assert await store.reactions.unreact(VIDEO, 1, "ada", "sad")
    assert await store.reactions.totals(VIDEO, [1]) == {1: {"like": 1}}


async def test_many_users_who_change_their_minds_at_once_are_counted_exactly(store: Store) -> None:
    await fill(store, [1, 2])
    chance = random.Random(9)
    last: dict[tuple[int, str], str] = {}

    async def waver(comment_id: int, user: str) -> None:
        for _ in range(5):
            kind = last[comment_id, user] = chance.choice(KINDS)
            await store.reactions.react(VIDEO, comment_id, user, kind)

    await asyncio.gather(*[waver(comment_id, f"u-{number}") for comment_id in (1, 2) for number in range(20)])
    expected = {
        comment_id: Counter(kind for (of, _), kind in last.items() if of == comment_id) for comment_id in (1, 2)
    }
    assert await store.reactions.totals(VIDEO, [1, 2]) == expected


async def test_a_user_and_a_kind_are_data(store: Store) -> None:
    await fill(store, [1])
    user = "x'; DROP TABLE reactions; --\n👩‍👩‍👧"
    assert await store.reactions.react(VIDEO, 1, user, "like")
    assert not await store.reactions.react(VIDEO, 1, user, "like")
    assert await store.reactions.totals(VIDEO, [1]) == {1: {"like": 1}}


async def test_a_videos_reactions_add_up(store: Store) -> None:
    assert await store.reactions.of_video(VIDEO) == {}
    assert await store.reactions.count_for_video(VIDEO, {"like": 3, "wow": 1}) == {"like": 3, "wow": 1}
    assert await store.reactions.count_for_video(VIDEO, {"like": 10_000}) == {"like": 10_003, "wow": 1}
    assert await store.reactions.of_video(VIDEO) == {"like": 10_003, "wow": 1}
    assert await store.reactions.of_video("other") == {}


async def test_a_videos_reactions_that_come_at_once_are_all_counted(store: Store) -> None:
    answers = await asyncio.gather(*[store.reactions.count_for_video(VIDEO, {"love": 2}) for _ in range(50)])
    assert max(answer["love"] for answer in answers) == 100
    assert await store.reactions.of_video(VIDEO) == {"love": 100}


async def test_counting_a_videos_reactions_leaves_the_rest_of_it_alone(store: Store) -> None:
    await store.videos.set_slow_mode(VIDEO, 5)
    await store.reactions.count_for_video(VIDEO, {"like": 1})
    await store.videos.end(VIDEO, 1_732_000_000_123, 9)
    await store.reactions.count_for_video(VIDEO, {"like": 1})
    video = await store.videos.get(VIDEO)
    assert (video.slow_mode_s, video.ended) == (5, True)
    assert await store.reactions.of_video(VIDEO) == {"like": 2}
