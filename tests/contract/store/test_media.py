"""What every store knows of images: who may show one, and when it may go."""

from __future__ import annotations

import asyncio

from comment_service.comment import Media
from comment_service.store import Store
from comment_service.store.media import PURGE_LEASE_MS
from tests.contract.store.filling import a_comment

VIDEO = "match-42"
NOON = 1_800_000_000_000
LATER = NOON + 60_000


def an_image(number: int) -> Media:
    return Media(f"{number:064x}", "image/png", 640 + number, 480)


async def uploaded(store: Store, *numbers: int, at_ms: int = NOON) -> list[Media]:
    images = [an_image(number) for number in numbers]
    for image in images:
        assert await store.media.add(image, "u-1", at_ms)
    return images


async def is_condemned(store: Store, image: Media, *, until_ms: int = LATER, now_ms: int = LATER) -> bool:
    return await store.media.condemn(image.media_id, uploaded_until_ms=until_ms, now_ms=now_ms)


async def candidates(store: Store, *, until_ms: int = LATER, now_ms: int = LATER, limit: int = 10) -> set[str]:
    return set(await store.media.abandoned(uploaded_until_ms=until_ms, now_ms=now_ms, limit=limit))


async def test_an_image_is_known_once_it_is_added(store: Store) -> None:
    one, two = await uploaded(store, 1, 2)
    assert await store.media.get([one.media_id, two.media_id, an_image(3).media_id]) == {
        one.media_id: one,
        two.media_id: two,
    }
    assert await store.media.get([an_image(3).media_id]) == {}


async def test_what_a_comment_uses_cannot_go_until_the_comment_does(store: Store) -> None:
    one, two = await uploaded(store, 1, 2)
    await store.comments.add(a_comment(7, media=(one, two)))
    await store.comments.add(a_comment(8, media=(one,)))
    assert await candidates(store) == set()
    assert not await is_condemned(store, one)
    await store.comments.delete(VIDEO, 7, 100)
    assert not await is_condemned(store, one), "another comment shows it"
    assert await is_condemned(store, two)
    assert await store.media.get([one.media_id, two.media_id]) == {one.media_id: one}
    await store.comments.delete(VIDEO, 8, 101)
    assert await is_condemned(store, one)


async def test_a_comment_added_or_deleted_twice_counts_once(store: Store) -> None:
    (image,) = await uploaded(store, 1)
    for _ in range(2):
        await store.comments.add(a_comment(7, media=(image,)))
    await store.comments.add(a_comment(8, media=(image,)))
    for change_id in (100, 101):
        await store.comments.delete(VIDEO, 7, change_id)
    await store.comments.add(a_comment(7, media=(image,)))
    assert not await is_condemned(store, image), "comment 8 shows it"
    await store.comments.delete(VIDEO, 8, 102)
    assert await is_condemned(store, image)


async def test_the_same_comment_id_in_another_video_uses_it_too(store: Store) -> None:
    (image,) = await uploaded(store, 1)
    await store.comments.add(a_comment(7, media=(image,)))
    await store.comments.add(a_comment(7, "other", media=(image,)))
    await store.comments.delete("other", 7, 100)
    assert not await is_condemned(store, image)


async def test_a_young_upload_cannot_go(store: Store) -> None:
    (image,) = await uploaded(store, 1)
    assert await candidates(store, until_ms=NOON - 1) == set()
    assert not await is_condemned(store, image, until_ms=NOON - 1)
    assert await candidates(store, until_ms=NOON) == {image.media_id}
    assert await is_condemned(store, image, until_ms=NOON)


async def test_uploaded_anew_it_is_young_again(store: Store) -> None:
    (image,) = await uploaded(store, 1)
    await uploaded(store, 1, at_ms=LATER)
    assert await candidates(store, until_ms=LATER - 1) == set()
    assert not await is_condemned(store, image, until_ms=LATER - 1)


async def test_a_hold_keeps_what_is_known_until_it_ends(store: Store) -> None:
    one, two = await uploaded(store, 1, 2)
    unknown = an_image(3)
    ids = [one.media_id, two.media_id, unknown.media_id]
    held = await store.media.hold(ids, "post-1", now_ms=LATER, until_ms=LATER + 1_000)
    assert held == {one.media_id: one, two.media_id: two}
    await store.media.hold([one.media_id], "post-2", now_ms=LATER, until_ms=LATER + 2_000)
    assert not await is_condemned(store, one)
    assert await candidates(store) == set()
    await store.media.unhold(ids, "post-1")
    assert not await is_condemned(store, one), "another post holds it"
    assert await is_condemned(store, two)
    assert not await is_condemned(store, one, now_ms=LATER + 1_999)
    assert await is_condemned(store, one, now_ms=LATER + 2_001), "the hold is over by itself"


async def test_a_condemned_image_is_neither_shown_nor_held_nor_added(store: Store) -> None:
    (image,) = await uploaded(store, 1)
    assert await is_condemned(store, image)
    assert await store.media.get([image.media_id]) == {}
    assert await store.media.hold([image.media_id], "post", now_ms=LATER, until_ms=LATER + 1) == {}
    assert not await store.media.add(image, "u-1", LATER)
    await store.media.forget(image.media_id, LATER)
    assert await store.media.get([image.media_id]) == {}
    await uploaded(store, 1, at_ms=LATER)
    assert await store.media.get([image.media_id]) == {image.media_id: image}


async def test_one_alone_of_many_condemns(store: Store) -> None:
    (image,) = await uploaded(store, 1)
    assert sum(await asyncio.gather(*[is_condemned(store, image) for _ in range(8)])) == 1


async def test_what_was_left_behind_is_another_one_s_after_a_while(store: Store) -> None:
    (image,) = await uploaded(store, 1)
    assert await is_condemned(store, image)
    too_early, in_time = LATER + PURGE_LEASE_MS - 1, LATER + PURGE_LEASE_MS
    assert await candidates(store, now_ms=too_early) == set()
    assert not await is_condemned(store, image, now_ms=too_early)
    assert await candidates(store, until_ms=0, now_ms=in_time) == {image.media_id}
    assert await is_condemned(store, image, until_ms=0, now_ms=in_time)
    await store.media.forget(image.media_id, LATER)
    assert not await store.media.add(image, "u-1", in_time), "the first to condemn it has no say any more"
    await store.media.forget(image.media_id, in_time)
    assert await store.media.add(image, "u-1", in_time)


async def test_candidates_come_a_few_at_a_time(store: Store) -> None:
    images = await uploaded(store, *range(1, 8))
    found: set[str] = set()
    while some := await candidates(store, limit=3):
        assert len(some) <= 3
        for image in images:
            if image.media_id in some:
                assert await is_condemned(store, image)
        found |= some
    assert found == {image.media_id for image in images}


async def test_a_comment_comes_back_with_its_images(store: Store) -> None:
    comment = a_comment(7, media=tuple(await uploaded(store, 2, 1)))
    await store.comments.add(comment)
    assert await store.comments.get(VIDEO, 7) == comment
    assert await store.comments.before(VIDEO, None, 1) == [comment]
