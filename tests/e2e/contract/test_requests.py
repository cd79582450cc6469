"""The table of requests and answers: comments, accounts, reactions, moderation, the end, and images."""

from __future__ import annotations

import re
import uuid

import pytest

from ops.commands.tokens import Role
from tests.e2e.contract.asking import Asking
from tests.support.images import FORM, form, part, picture

FIELDS = {
    *("commentId", "liveVideoId", "authorId", "authorName", "content"),
    *("createdAt", "replyTo", "media", "reactions", "editedAt"),
}


async def test_register_and_login(ask: Asking) -> None:
    account = {"username": f"u{uuid.uuid4().hex[:12]}", "password": "correct horse battery"}
    made = await ask("POST", "/auth/register", account, user=None)
    assert made.status == 201
    assert set(made.json["user"]) == {"userId", "name", "roles"}
    assert made.json["token"]
    (await ask("POST", "/auth/register", account, user=None)).assert_problem(409)
    signed_in = await ask("POST", "/auth/login", account, user=None)
    assert signed_in.status == 200
    assert set(signed_in.json) == {"user", "token", "expiresAt"}
    (await ask("POST", "/auth/login", account | {"password": "wrong horse"}, user=None)).assert_problem(401)
    posted = await ask(
        "POST",
        "/comments/x",
        {"content": "hi"},
        user=None,
        headers={"Authorization": f"Bearer {signed_in.json['token']}"},
    )
    assert posted.json["authorId"] == made.json["user"]["userId"]


async def test_post_is_the_comment_itself(ask: Asking, video: str) -> None:
    comment = await ask.comment(video, "What a goal ⚽")
    assert set(comment) == FIELDS
    assert (comment["liveVideoId"], comment["authorId"], comment["authorName"]) == (video, "ada", "Ada")
    assert (comment["replyTo"], comment["media"], comment["reactions"], comment["editedAt"]) == (None, [], {}, None)
    assert re.fullmatch(r"\d+", comment["commentId"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", comment["createdAt"])
    path = f"/comments/{video}/{comment['commentId']}"
    assert (await ask("GET", path, user=None)).json == comment
    (await ask("GET", f"/comments/{video}/1", user=None)).assert_problem(404)
    (await ask("GET", f"/comments/{video}-other/{comment['commentId']}", user=None)).assert_problem(404)


async def test_content_is_500_characters_at_most(ask: Asking, video: str) -> None:
    assert (await ask.comment(video, "👩‍👩‍👧‍👦" * 500))["content"]
    for content in ("", " \n", "x" * 501, "👩‍👩‍👧‍👦" * 501):
        (await ask("POST", f"/comments/{video}", {"content": content})).assert_problem(400, "content")
    (await ask("POST", f"/comments/{video}", {"content": "x", "replyTo": "1"})).assert_problem(404, "replyTo")


async def test_the_same_idempotency_key_gives_the_same_comment(ask: Asking, video: str) -> None:
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first, again = [await ask("POST", f"/comments/{video}", {"content": "once"}, headers=key) for _ in range(2)]
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    (await ask("POST", f"/comments/{video}", {"content": "other"}, headers=key)).assert_problem(422)
    (await ask("POST", f"/comments/{video}", {"content": "x"}, headers={"Idempotency-Key": "k" * 256})).assert_problem(
        400, "Idempotency-Key"
    )


async def test_pages(ask: Asking, video: str) -> None:
    ids = [(await ask.comment(video, str(n)))["commentId"] for n in range(5)]

    async def page(query: str = "") -> tuple[list[str], str | None, bool]:
        told = await ask("GET", f"/comments/{video}{query}", user=None)
        assert told.status == 200
        assert set(told.json) == {"comments", "nextCursor", "hasMore"}
        return [each["commentId"] for each in told.json["comments"]], told.json["nextCursor"], told.json["hasMore"]

    assert await page() == (ids[::-1], None, False)
    assert await page("?pageSize=2") == ([ids[4], ids[3]], ids[3], True)
    assert await page(f"?pageSize=2&cursor={ids[3]}") == ([ids[2], ids[1]], ids[1], True)
    assert await page(f"?pageSize=2&cursor={ids[3]}&sort=asc") == ([ids[1], ids[2]], ids[1], True)
    assert await page(f"?pageSize=2&cursor={ids[0]}&direction=after&sort=asc") == ([ids[1], ids[2]], ids[2], True)
    assert await page(f"?pageSize=2&cursor={ids[0]}&direction=after") == ([ids[2], ids[1]], ids[2], True)
    between = int(ids[2]) + 1
    assert await page(f"?cursor={between}&direction=before") == (ids[2::-1], None, False), "a cursor of no comment"
    assert (await ask("DELETE", f"/comments/{video}/{ids[2]}")).status == 204
    assert (await page(f"?cursor={ids[2]}"))[0] == ids[1::-1], "a cursor that does not exist any more"
    assert (await page("?pageSize=1"))[0] == [ids[4]]
    assert len((await page("?pageSize=200"))[0]) == 4
    for size in ("0", "201", "-1", "1.5", "x", ""):
        told = await ask("GET", f"/comments/{video}?pageSize={size}", user=None)
        told.assert_problem(400, "pageSize")


async def test_replies_are_oldest_first(ask: Asking, video: str) -> None:
    first = (await ask.comment(video))["commentId"]
    replies = [(await ask.comment(video, str(n), replyTo=first))["commentId"] for n in range(3)]
    path = f"/comments/{video}/{first}/replies"
    page = (await ask("GET", f"{path}?pageSize=2", user=None)).json
    assert [each["commentId"] for each in page["comments"]] == replies[:2]
    assert (page["nextCursor"], page["hasMore"]) == (replies[1], True)
    rest = (await ask("GET", f"{path}?cursor={replies[1]}", user=None)).json
    assert [each["commentId"] for each in rest["comments"]] == replies[2:]
    (await ask("GET", f"{path}?pageSize=201", user=None)).assert_problem(400, "pageSize")
    (await ask("GET", f"{path}?cursor=x", user=None)).assert_problem(400, "cursor")


async def test_edit_and_delete(ask: Asking, video: str) -> None:
    path = f"/comments/{video}/{(await ask.comment(video))['commentId']}"
    edited = await ask("PATCH", path, {"content": "better"})
    assert (edited.status, edited.json["content"]) == (200, "better")
    assert edited.json["editedAt"]
    (await ask("PATCH", path, {"content": "worse"}, user="bob")).assert_problem(403)
    (await ask("DELETE", path, user="bob")).assert_problem(403)
    assert (await ask("PATCH", path, {"content": "moderated"}, user="mo", role="moderator")).status == 200
    gone = await ask("DELETE", path, user="mo", role="moderator")
    assert (gone.status, gone.response.body) == (204, b"")
    for method, body in (("GET", None), ("PATCH", {"content": "x"}), ("DELETE", None)):
        (await ask(method, path, body)).assert_problem(404)


async def test_one_reaction_a_user_and_comment(ask: Asking, video: str) -> None:
    path = f"/comments/{video}/{(await ask.comment(video))['commentId']}"

    async def reacted(method: str, kind: str, user: str = "ada") -> dict[str, int]:
        told = await ask(method, f"{path}/reactions/{kind}", user=user)
        assert (told.status, told.response.body) == (204, b"")
        totals: dict[str, int] = (await ask("GET", path, user=None)).json["reactions"]
        return totals

    for kind in ("like", "love", "haha", "wow", "sad", "angry"):
        assert await reacted("PUT", kind) == {kind: 1}, "a second one changes it"
    assert await reacted("PUT", "angry") == {"angry": 1}, "again changes nothing"
    assert await reacted("PUT", "angry", "bob") == {"angry": 2}
    assert await reacted("DELETE", "like") == {"angry": 2}, "not of that kind"
    assert await reacted("DELETE", "angry") == {"angry": 1}
    assert await reacted("DELETE", "angry") == {"angry": 1}, "again changes nothing"
    (await ask("PUT", f"{path}/reactions/boo")).assert_problem(400, "kind")
    (await ask("PUT", f"/comments/{video}/1/reactions/like")).assert_problem(404)


async def test_a_reaction_to_the_video(ask: Asking, video: str) -> None:
    assert (await ask("POST", f"/videos/{video}/reactions", {"kind": "love"})).status == 202
    (await ask("POST", f"/videos/{video}/reactions", {"kind": "boo"})).assert_problem(400, "kind")
    (await ask("POST", f"/videos/{video}/reactions", {})).assert_problem(400, "kind")


async def test_a_report_counts_once_a_user_and_is_resolved_by_a_moderator(ask: Asking, video: str) -> None:
    comment = (await ask.comment(video))["commentId"]
    path = f"/comments/{video}/{comment}"
    for user in ("bob", "bob", "eve"):
        assert (await ask("POST", f"{path}/reports", {"reason": "rude"}, user=user)).status == 202
    (await ask("POST", f"{path}/reports", {"reason": ""})).assert_problem(400, "reason")
    (await ask("GET", "/moderation/reports")).assert_problem(403)

    listed = await ask("GET", "/moderation/reports?status=open&pageSize=200", role="moderator")
    reports = [each for each in listed.json["reports"] if each["commentId"] == comment]
    assert [each["reporterId"] for each in reports] == ["bob", "eve"]
    resolve = f"/moderation/reports/{reports[0]['reportId']}/resolve"
    (await ask("POST", resolve, {"action": "delete"})).assert_problem(403)
    (await ask("POST", resolve, {"action": "boo"}, role="moderator")).assert_problem(400, "action")
    resolved = await ask("POST", resolve, {"action": "delete"}, role="moderator")
    assert (resolved.status, resolved.json["status"]) == (200, "deleted")
    (await ask("GET", path, user=None)).assert_problem(404)
    (await ask("POST", "/moderation/reports/1/resolve", {"action": "delete"}, role="moderator")).assert_problem(404)
    (await ask("GET", "/moderation/reports?status=boo", role="moderator")).assert_problem(400, "status")
    (await ask("GET", "/moderation/reports?cursor=boo", role="moderator")).assert_problem(400, "cursor")


async def test_a_ban_is_a_moderators(ask: Asking, video: str) -> None:
    user = f"banned-{uuid.uuid4().hex[:8]}"
    path = f"/moderation/bans/{user}"
    (await ask("PUT", path, {})).assert_problem(403)
    (await ask("DELETE", path)).assert_problem(403)
    assert (await ask("PUT", path, {"reason": "spam"}, role="moderator")).status == 200
    (await ask("POST", f"/comments/{video}", {"content": "hi"}, user=user)).assert_problem(403, "banned")
    assert (await ask("DELETE", path, role="moderator")).status == 204


@pytest.mark.parametrize(
    ("role", "owns", "status"),
    [("viewer", False, 403), ("viewer", True, 202), ("moderator", False, 202), ("admin", False, 202)],
)
async def test_who_may_end_a_video(ask: Asking, video: str, role: Role, owns: bool, status: int) -> None:
    videos = (video,) if owns else (f"{video}-other",)
    told = await ask("POST", f"/videos/{video}/end", role=role, videos=videos, body=b"")
    assert told.status == status
    posted = await ask("POST", f"/comments/{video}", {"content": "hi"})
    assert posted.status == (409 if status == 202 else 201)
    if status == 202:
        assert (await ask("POST", f"/videos/{video}/end", role=role, videos=videos, body=b"")).status == 202
    assert (await ask("GET", f"/comments/{video}", user=None)).status == 200


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif"), ("WEBP", "image/webp")],
)
async def test_an_image_is_judged_by_its_bytes(ask: Asking, kind: str, content_type: str) -> None:
    lies = part(picture(kind), filename="x.html", content_type="text/html")
    made = await ask("POST", "/media", body=form(lies), headers=FORM)
    assert made.status == 201
    assert made.json | {"mediaId": ""} == {"mediaId": "", "contentType": content_type, "width": 64, "height": 48}
    shown = await ask("GET", f"/media/{made.json['mediaId']}", user=None)
    assert (shown.status, shown.header("content-type")) == (200, content_type)


async def test_what_is_no_image_is_415_and_a_large_one_413(ask: Asking) -> None:
    for data in (b"<script>alert(1)</script>", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"BM" * 50):
        told = await ask("POST", "/media", body=form(part(data)), headers=FORM)
        told.assert_problem(415)
    large = form(part(b"\x89PNG\r\n\x1a\n" + bytes(6 * 1024 * 1024)))
    (await ask("POST", "/media", body=large, headers=FORM)).assert_problem(413)
    (await ask("POST", "/media", {"file": "x"})).assert_problem(415)
    (await ask("GET", f"/media/{'0' * 64}", user=None)).assert_problem(404)
    (await ask("GET", "/media/../etc", user=None)).assert_problem(404)


async def test_the_page_and_the_description(ask: Asking) -> None:
    page = await ask("GET", "/", user=None)
    assert (page.status, page.header("content-type").partition(";")[0]) == (200, "text/html")
    described = await ask("GET", "/openapi.json", user=None)
    assert described.json["openapi"].startswith("3.1")
    again = await ask("GET", "/openapi.json", user=None, headers={"If-None-Match": described.header("etag")})
    assert again.status == 304
