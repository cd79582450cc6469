"""The whole way through Envoy: register, watch with the cookie, post with the stream's ticket."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path

from ops.client.http_client import HttpClient, Response
from tests.support.cluster import Cluster
from tests.support.command import run, running
from tests.support.eventually import eventually
from tests.support.viewers import Viewer

PASSWORD = "correct horse battery staple"


@dataclass
class User:
    """Somebody who is signed in."""

    token: str
    cookie: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


async def send(
    cluster: Cluster, method: str, path: str, document: object = None, headers: dict[str, str] | None = None
) -> Response:
    async with HttpClient(cluster.url) as http:
        body = None if document is None else json.dumps(document).encode()
        return await http.request(
            method, path, headers={"Content-Type": "application/json"} | (headers or {}), body=body
        )


async def sign_in(cluster: Cluster, name: str, path: str = "register") -> User:
    answer = await send(cluster, "POST", f"/auth/{path}", {"username": name, "password": PASSWORD})
    assert answer.status in {200, 201}, answer.body
    (cookie,) = SimpleCookie(answer.head.headers["set-cookie"]).values()
    return User(json.loads(answer.body)["token"], f"{cookie.key}={cookie.value}")


async def watch(cluster: Cluster, video: str, user: User, *, query: str = "") -> Viewer:
    viewer = await Viewer(cluster.url, video, headers={"Cookie": user.cookie}, query=query).open()
    assert viewer.status == 200
    return viewer


async def ticket_of(viewer: Viewer) -> dict[str, str]:
    await eventually(lambda: any(event.event == "ticket" for event in viewer.events), what="a ticket")
    ticket = [event for event in viewer.events if event.event == "ticket"][-1].json()
    return {"Livecomments-Ticket": ticket["ticket"]}


async def test_who_registers_watches_and_posts_and_nobody_else(guarded: Cluster, video: str) -> None:
    ada = await sign_in(guarded, "Ada")
    path = f"/comments/{video}"
    for closed in (path, f"{path}/1", f"{path}/stream"):
        assert (await send(guarded, "GET", closed)).status == 401
    viewer = await watch(guarded, video, ada)
    ticket = await ticket_of(viewer)
    refused = await send(guarded, "POST", path, {"content": "from afar"}, ada.bearer)
    assert refused.status == 403
    assert b"watching" in refused.body
    by_cookie = await send(guarded, "POST", path, {"content": "forged"}, {"Cookie": ada.cookie} | ticket)
    assert by_cookie.status == 401, "the cookie changes nothing"
    posted = await send(guarded, "POST", path, {"content": "from here"}, ada.bearer | ticket)
    assert posted.status == 201
    await viewer.until_last(int(json.loads(posted.body)["commentId"]))
    page = await send(guarded, "GET", path, headers={"Cookie": ada.cookie})
    assert [comment["content"] for comment in json.loads(page.body)["comments"]] == ["from here"]
    assert page.head.headers["cache-control"].startswith("private")
    viewer.close()


async def test_a_ticket_outlives_the_node_that_gave_it(guarded: Cluster, video: str) -> None:
    grace = await sign_in(guarded, "Grace")
    viewer = await watch(guarded, video, grace)
    ticket = await ticket_of(viewer)
    for node in guarded.rms.values():
        await node.kill9()
    await viewer.until_closed()
    posted = await send(guarded, "POST", f"/comments/{video}", {"content": "still here"}, grace.bearer | ticket)
    assert posted.status == 201
    for node in guarded.rms.values():
        await node.start()

    async def back() -> Viewer:
        while True:
            again = await Viewer(guarded.url, video, headers={"Cookie": grace.cookie}).open()
            if again.status == 200:
                return again
            await asyncio.sleep(0.1)

    async with asyncio.timeout(20):
        again = await back()
    await again.until_last(int(json.loads(posted.body)["commentId"]))
    again.close()


async def test_the_commands_find_their_way(guarded: Cluster, video: str, tmp_path: Path) -> None:
    env = {"LIVECOMMENTS_DATA": str(guarded.folder.path)}
    url = ("--url", guarded.url)
    async with running("watch", video, "--json", *url, env=env) as watching:
        await watching.said("ticket")
        posted = await run("post", video, "from a terminal", "--user", "ada", *url, env=env)
        assert posted.status == 0, posted.stderr
        await watching.said("from a terminal")
        chat = tmp_path / "chat.jsonl"
        lines = [{"offset_s": n / 100, "author": f"fan{n % 3}", "text": f"goal {n}"} for n in range(20)]
        chat.write_text("\n".join(map(json.dumps, lines)))
        replayed = await run("replay", str(chat), "--video", video, *url, env=env)
        assert "posted 20; refused 0" in replayed.stdout, replayed.stdout + replayed.stderr
        await watching.said("goal 19")
        watching.interrupt()
        await watching.ended()
    nobody = await run("watch", video, "--token", "abc", *url, env=env)
    assert nobody.status == 1
    assert "token" in nobody.error


async def test_the_first_admin_is_made_by_who_has_the_secret(guarded: Cluster) -> None:
    await sign_in(guarded, "Rosa")
    url = ("--url", guarded.url)
    made = await run(
        "account", "role", "rosa", "admin", "viewer", *url, env={"LIVECOMMENTS_DATA": str(guarded.folder.path)}
    )
    assert (made.status, made.stdout) == (0, "Rosa: admin, viewer\n"), made.stderr
    rosa = await sign_in(guarded, "rosa", "login")
    await sign_in(guarded, "Toni")
    by_rosa = await run("account", "role", "toni", "moderator", "--token", rosa.token, *url)
    assert by_rosa.stdout == "Toni: moderator\n"
    toni = await sign_in(guarded, "toni", "login")
    by_toni = await run("account", "role", "toni", "admin", "--token", toni.token, *url)
    assert by_toni.status == 1
    assert "only an admin" in by_toni.error
    with_secret = {
        "LIVECOMMENTS_COMMENT_SERVICE_JWT_SECRET": guarded.options.jwt_secret,
        "LIVECOMMENTS_DATA": "/nowhere",
    }
    assert (await run("account", "role", "toni", "viewer", *url, env=with_secret)).status == 0


async def test_no_token_password_or_ticket_is_in_any_log_or_metric(guarded: Cluster, video: str) -> None:
    user = await sign_in(guarded, "Secretive")
    viewer = await watch(guarded, video, user)
    ticket = await ticket_of(viewer)
    await send(guarded, "POST", f"/comments/{video}", {"content": "hello"}, user.bearer | ticket)
    await sign_in(guarded, "Secretive", "login")
    spoilt = user.token[:-3] + "abc"
    wrong = {"Authorization": f"Bearer {spoilt}"}
    answers = [
        await send(guarded, "GET", f"/comments/{video}", headers=wrong),
        await send(guarded, "GET", f"/comments/{video}/stream", headers={"Cookie": f"livecomments_token={spoilt}"}),
        await send(guarded, "POST", f"/comments/{video}", {"content": "x"}, wrong | ticket),
        await send(guarded, "POST", "/auth/login", {"username": "Secretive", "password": "wrong horse battery"}),
        await send(guarded, "POST", "/auth/login", {"username": "Secretive", "password": 5}),
        await send(guarded, "PUT", "/auth/users/secretive/roles", {"roles": ["admin"]}, user.bearer),
    ]
    viewer.close()
    access_log = guarded.folder.envoy / "envoy.log"  # Envoy writes it every ten seconds
    await eventually(lambda: b"/roles" in access_log.read_bytes(), timeout_s=30, what="the access log")
    said = {f"answer {number}": answer.body for number, answer in enumerate(answers)}
    for path in (guarded.folder.path / "logs").glob("*.log"):
        said[path.name] = path.read_bytes()
    for path in guarded.folder.envoy.rglob("*.log"):
        said[path.name] = path.read_bytes()
    async with HttpClient(guarded.url) as _:
        for name, node in guarded.nodes.items():
            async with HttpClient(f"http://{node.admin}") as admin:
                said[f"metrics of {name}"] = (await admin.request("GET", "/metrics")).body
    assert len(said) > 12
    secrets = [user.token, spoilt, ticket["Livecomments-Ticket"], PASSWORD, "wrong horse", guarded.options.jwt_secret]
    # A token's parts as well: none of them may be cut out of it.
    secrets += [part for token in (user.token, spoilt) for part in token.split(".")[1:]]
    found = [(where, secret[:8]) for where, text in said.items() for secret in secrets if secret.encode() in text]
    assert found == []
