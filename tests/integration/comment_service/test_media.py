"""Uploading an image and getting it back."""

from __future__ import annotations

import hashlib
import json

import pytest
from PIL import Image

from comment_service.store.media import PURGE_LEASE_MS
from coordination.ids import clock_ms
from tests.integration.comment_service.edges import BEARER, VIDEO, Answer, Edges
from tests.support.eventually import eventually
from tests.support.images import FORM, animation, form, opened, part, picture

CSP = "default-src 'none'; sandbox"
SECRET_PLACE = "47.3769 N 8.5417 E"


async def upload(edges: Edges, data: bytes, **fields: str) -> Answer:
    return await edges.http("POST", "/media", form(part(data, **fields)), BEARER | FORM)


async def uploaded(edges: Edges, data: bytes) -> str:
    answer = await upload(edges, data)
    assert answer.status == 201, answer
    return str(answer.json["mediaId"])


def with_exif(image_format: str, size: tuple[int, int], orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = SECRET_PLACE
    return picture(image_format, size, exif=exif)


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "GIF", "WEBP"])
async def test_an_image_comes_back_as_it_was(edges: Edges, image_format: str) -> None:
    original = picture(image_format, (61, 47))
    answer = await upload(edges, original)
    assert answer.status == 201
    content_type = f"image/{image_format.lower()}"
    assert answer.json == {"mediaId": answer.json["mediaId"], "contentType": content_type, "width": 61, "height": 47}
    got = await edges.http.get(answer.headers["Location"])
    assert got.status == 200
    assert got.headers["Content-Type"] == content_type
    assert opened(got.body).tobytes() == opened(original).tobytes(), "pixel for pixel"
    assert answer.json["mediaId"] == hashlib.sha256(got.body).hexdigest()
    assert edges.metric("media_stored_total", content_type=content_type) == 1


async def test_how_it_is_served(edges: Edges) -> None:
    media_id = await uploaded(edges, picture())
    got = await edges.http.get(f"/media/{media_id}")
    assert got.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Security-Policy"] == CSP
    assert got.headers["Content-Disposition"] == "inline"
    assert got.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert got.headers["ETag"] == f'"{media_id}"'
    head = await edges.http("HEAD", f"/media/{media_id}")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(got.body)))
    unchanged = await edges.http.get(f"/media/{media_id}", **{"If-None-Match": got.headers["ETag"]})
    assert (unchanged.status, unchanged.body) == (304, b"")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=100-", 100, None), ("bytes=-5", -5, None), ("bytes=10-999999", 10, None)],
)
async def test_a_range_of_it(edges: Edges, asked: str, first: int, last: int | None) -> None:
    media_id = await uploaded(edges, picture())
    whole = (await edges.http.get(f"/media/{media_id}")).body
    got = await edges.http.get(f"/media/{media_id}", Range=asked)
    assert got.status == 206
    assert got.body == (whole[first:] if last is None else whole[first : last + 1])
    begin = first % len(whole)
    assert got.headers["Content-Range"] == f"bytes {begin}-{begin + len(got.body) - 1}/{len(whole)}"


async def test_ranges_that_cannot_be_given(edges: Edges) -> None:
    media_id = await uploaded(edges, picture())
    size = len((await edges.http.get(f"/media/{media_id}")).body)
    beyond = await edges.http.get(f"/media/{media_id}", Range=f"bytes={size}-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    for asked in ("bytes=0-1,5-6", "bytes=-", "pages=1-2"):
        assert len((await edges.http.get(f"/media/{media_id}", Range=asked)).body) == size
    another = await edges.http.get(f"/media/{media_id}", **{"Range": "bytes=0-1", "If-Range": '"another"'})
    assert (another.status, len(another.body)) == (200, size)


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG"])
async def test_an_animation_stays_one(edges: Edges, image_format: str) -> None:
    media_id = await uploaded(edges, animation(image_format, frames=5))
    got = opened((await edges.http.get(f"/media/{media_id}")).body)
    assert got.n_frames == 5  # type: ignore[attr-defined]
    assert got.info.get("loop") == 0


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
async def test_what_is_only_about_it_goes_and_it_stays_upright(edges: Edges, image_format: str) -> None:
    original = with_exif(image_format, (60, 40), orientation=6)
    assert SECRET_PLACE.encode() in original
    answer = await upload(edges, original)
    assert (answer.json["width"], answer.json["height"]) == (40, 60)
    got = await edges.http.get(answer.headers["Location"])
    assert SECRET_PLACE.encode() not in got.body
    shown = opened(got.body)
    assert (shown.size, dict(shown.getexif())) == ((40, 60), {})
    before = opened(original).convert("RGB").transpose(Image.Transpose.ROTATE_270)
    differences = [abs(a - b) for a, b in zip(before.tobytes(), shown.convert("RGB").tobytes(), strict=True)]
    assert sum(differences) / len(differences) < 12, "the same picture, turned"


async def test_the_same_image_is_one(edges: Edges) -> None:
    data = picture()
    assert await uploaded(edges, data) == await uploaded(edges, data)


async def test_comments_and_replies_carry_images(edges: Edges) -> None:
    one, two = await uploaded(edges, picture()), await uploaded(edges, picture("JPEG", (30, 20)))
    comment = await edges.http.comment("look", media=[two, one])
    assert comment["media"] == [
        {"mediaId": two, "contentType": "image/jpeg", "width": 30, "height": 20},
        {"mediaId": one, "contentType": "image/png", "width": 64, "height": 48},
    ]
    reply = await edges.http.comment("and this", replyTo=comment["commentId"], media=[one])
    assert (reply["replyTo"], [each["mediaId"] for each in reply["media"]]) == (comment["commentId"], [one])
    history = (await edges.http.get(f"/comments/{VIDEO}?sort=asc")).json["comments"]
    assert [each["media"] for each in history] == [comment["media"], reply["media"]]
    await eventually(lambda: len(edges.published.events) >= 2)
    assert json.loads(edges.published.events[0].data)["media"] == comment["media"]


async def test_an_image_goes_with_the_last_comment_that_shows_it(edges: Edges) -> None:
    media_id = await uploaded(edges, picture())
    comments = [await edges.http.comment("look", media=[media_id]) for _ in range(2)]
    for comment, status in zip(comments, (200, 404), strict=True):
        await delete(edges, comment["commentId"])
        assert (await edges.http.get(f"/media/{media_id}")).status == status
    refused = await edges.http.post(f"/comments/{VIDEO}", {"content": "again", "media": [media_id]})
    assert (refused.status, media_id in refused.json["detail"]) == (400, True)
    assert edges.metric("media_purged_total", cause="comment_deleted") == 1
    assert list(edges.store.path.parent.glob("media/??/??/*")) == []


async def test_an_image_uploaded_anew_while_its_comment_goes_stays(edges: Edges) -> None:
    data = picture()
    media_id = await uploaded(edges, data)
    comment = await edges.http.comment("look", media=[media_id])
    await uploaded(edges, data)
    await delete(edges, comment["commentId"])
    await edges.http.comment("look here", media=[media_id])
    assert (await edges.http.get(f"/media/{media_id}")).status == 200


async def test_an_image_stays_while_a_post_with_it_is_under_way(edges: Edges) -> None:
    media_id = await uploaded(edges, picture())
    comment = await edges.http.comment("look", media=[media_id])
    assert edges.services.media is not None
    async with edges.services.media.library.held([media_id]):
        await delete(edges, comment["commentId"])
        assert (await edges.http.get(f"/media/{media_id}")).status == 200
    await edges.http.comment("look here", media=[media_id])


async def test_what_nobody_uses_is_swept(edges: Edges) -> None:
    used, unused = await uploaded(edges, picture()), await uploaded(edges, picture())
    await edges.http.comment("look", media=[used])
    assert edges.services.media is not None
    assert await edges.services.media.sweeper.sweep() == 0, "they are young"
    await edges.store.media.add((await edges.store.media.get([unused]))[unused], "u-17", 0)
    await edges.store.media.add((await edges.store.media.get([used]))[used], "u-17", 0)
    assert await edges.services.media.sweeper.sweep() == 1
    assert (await edges.http.get(f"/media/{unused}")).status == 404
    assert (await edges.http.get(f"/media/{used}")).status == 200


async def test_the_same_post_again_shows_the_same_image(edges: Edges) -> None:
    media_id = await uploaded(edges, picture())
    body = {"content": "look", "media": [media_id]}
    answers = [await edges.http.post(f"/comments/{VIDEO}", body, **{"Idempotency-Key": "k-1"}) for _ in range(2)]
    assert answers[0].json == answers[1].json
    assert [each["mediaId"] for each in answers[0].json["media"]] == [media_id]
    await delete(edges, answers[0].json["commentId"])
    assert (await edges.http.get(f"/media/{media_id}")).status == 404


async def test_an_edit_keeps_the_images(edges: Edges) -> None:
    media_id = await uploaded(edges, picture())
    comment = await edges.http.comment("look", media=[media_id])
    path = f"/comments/{VIDEO}/{comment['commentId']}"
    body = json.dumps({"content": "look here"}).encode()
    edited = await edges.http("PATCH", path, body, BEARER | {"Content-Type": "application/json"})
    assert (edited.status, edited.json["media"]) == (200, comment["media"])


async def test_bytes_that_could_not_be_removed_go_with_the_next_sweep(edges: Edges) -> None:
    media_id = await uploaded(edges, picture())
    comment = await edges.http.comment("look", media=[media_id])
    (path,) = edges.store.path.parent.glob("media/??/??/*")
    path.unlink()
    path.mkdir()  # cannot be unlinked, whoever runs this
    await delete(edges, comment["commentId"])
    assert (await edges.http.get(f"/media/{media_id}")).status == 404, "from its comment's end on"
    assert edges.metric("media_purges_failed_total") == 1
    assert edges.services.media is not None
    later_ms = clock_ms() + PURGE_LEASE_MS + 60_000
    assert await edges.store.media.abandoned(uploaded_until_ms=0, now_ms=later_ms, limit=9) == [media_id]


async def delete(edges: Edges, comment_id: str) -> None:
    answer = await edges.http("DELETE", f"/comments/{VIDEO}/{comment_id}", headers=BEARER)
    assert answer.status == 204, answer
