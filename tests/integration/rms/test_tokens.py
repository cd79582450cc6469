"""Where streaming needs a token, on both links, and the token that the node itself reads history with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from comment_service.store.sqlite import SqliteStore
from coordination.session import ZooKeeperSession
from rms.server import RmsServer
from service_kit.auth.identity import Identity
from service_kit.auth.service_token import SignedServiceToken
from service_kit.auth.tokens import sign
from tests.integration.rms.conftest import StartRms
from tests.integration.rms.node import SECRET, VIDEO, CommentNode, Writer
from tests.support.admin_port import metric
from tests.support.eventually import eventually
from tests.support.h2_client import H2Client
from tests.support.http1 import exchange

ADA = Identity("u-17", "Ada", frozenset({"viewer"}))
TOKEN = sign(ADA, SECRET, lifetime_s=86_400).token
GUARDED = {"read_needs_token": True, "jwt_secret": SECRET}


@pytest.fixture
async def comment_node(store: SqliteStore, session: ZooKeeperSession) -> AsyncIterator[CommentNode]:
    """One that nobody reads from without a token."""
    node = CommentNode(store, session, read_needs_token=True)
    await node.start()
    yield node
    await node.aclose()


@dataclass
class Stream:
    """What came of a request for the stream, by whichever link."""

    status: int
    headers: dict[str, str]
    received: bytes


async def ask(link: str, server: RmsServer, until: bytes, headers: list[tuple[str, str]]) -> Stream:
    """Asks for the stream of ``VIDEO`` and reads until ``until`` has come, or the end."""
    if link == "http1":
        return await _ask_http1(server, until, headers)
    client = H2Client()
    await asyncio.get_running_loop().create_connection(lambda: client, "127.0.0.1", server.http.port)
    pseudo = [(":method", "GET"), (":scheme", "http"), (":authority", "x"), (":path", f"/comments/{VIDEO}/stream")]
    peer = client.request(pseudo + headers)
    await eventually(lambda: peer.ended or until in peer.received, what=until.decode())
    client.close()
    return Stream(peer.status, peer.headers, peer.received)


async def _ask_http1(server: RmsServer, until: bytes, headers: list[tuple[str, str]]) -> Stream:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.http.port)
    writer.write(f"GET /comments/{VIDEO}/stream HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
    received = b""
    async with asyncio.timeout(10):
        while until not in received and (data := await reader.read(65_536)):
            received += data
    writer.close()
    head, _, body = received.partition(b"\r\n\r\n")
    first, *fields = head.decode().split("\r\n")
    named = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
    return Stream(int(first.split()[1]), named, body)


links = pytest.mark.parametrize("link", ["http1", "h2"])


@links
@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", f"Bearer {TOKEN}")],
        [("cookie", f"theme=dark; livecomments_token={TOKEN}")],
        [("cookie", "theme=dark"), ("cookie", f"livecomments_token={TOKEN}")],  # as HTTP/2 splits them
    ],
    ids=["authorization", "cookie", "cookies"],
)
async def test_a_token_lets_a_viewer_in_and_the_node_reads_history_with_its_own(
    comment_node: CommentNode, start_rms: StartRms, link: str, headers: list[tuple[str, str]]
) -> None:
    comment = Writer().comment("said before")
    await comment_node.store_all([comment])
    server = await start_rms(**GUARDED)
    stream = await ask(link, server, b"said before", headers)
    assert stream.status == 200
    assert f"id: {comment.comment_id}".encode() in stream.received


@links
@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ([], "reading needs Authorization"),
        ([("cookie", "theme=dark")], "reading needs Authorization"),
        ([("authorization", "Bearer abc")], "malformed"),
        ([("authorization", "Bearer abc"), ("cookie", f"livecomments_token={TOKEN}")], "malformed"),
        ([("authorization", f"Bearer {TOKEN}")] * 2, "more than once"),
        ([("authorization", f"Bearer {sign(ADA, SECRET, lifetime_s=60, now_s=0).token}")], "expired"),
        ([("authorization", f"Bearer {sign(ADA, 't' * 40, lifetime_s=60).token}")], "signature"),
    ],
)
async def test_without_a_good_token_there_is_no_stream(
    comment_node: CommentNode, start_rms: StartRms, link: str, headers: list[tuple[str, str]], says: str
) -> None:
    server = await start_rms(**GUARDED)
    stream = await ask(link, server, b"no such bytes", headers)
    assert stream.status == 401
    assert stream.headers["content-type"] == "application/problem+json"
    assert stream.headers["www-authenticate"].startswith('Bearer realm="livecomments"')
    problem = json.loads(stream.received)
    assert problem["status"] == 401
    assert says in problem["detail"]
    assert TOKEN not in str(stream)
    assert len(server.hub) == 0, "nobody's video is opened"


async def test_a_path_that_there_is_not_is_404_and_not_401(comment_node: CommentNode, start_rms: StartRms) -> None:
    server = await start_rms(**GUARDED)
    answer = await exchange(server.http.port, "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.status == 404


@links
async def test_a_stream_ends_with_its_token_and_says_come_back(
    comment_node: CommentNode, start_rms: StartRms, link: str
) -> None:
    server = await start_rms(**GUARDED)
    token = sign(ADA, SECRET, lifetime_s=3).token
    stream = await ask(link, server, b"no such bytes", [("authorization", f"Bearer {token}")])
    assert stream.status == 200
    assert b"event: reconnect" in stream.received


async def test_by_default_a_token_is_not_looked_at(comment_node: CommentNode, start_rms: StartRms) -> None:
    server = await start_rms(jwt_secret=SECRET)
    assert (await ask("http1", server, b"retry:", [("authorization", "Bearer abc")])).status == 200


async def test_an_outside_issuer_s_service_token_is_read_again_when_it_changes(
    comment_node: CommentNode, start_rms: StartRms, tmp_path: Path
) -> None:
    await comment_node.store_all([Writer().comment("said before")])
    file = tmp_path / "token"
    file.write_text("abc\n")
    server = await start_rms(jwt_secret=SECRET, service_token_file=file)
    stream = await ask("http1", server, b"retry:", [])
    assert b"said before" not in stream.received
    refused = 'livecomments_rms_history_failures_total{reason="unauthenticated"}'
    assert await metric(server.admin.port, refused) > 0
    file.write_text(SignedServiceToken("rms", SECRET)())

    async def history_is_there() -> bool:
        return b"said before" in (await ask("http1", server, b"retry:", [])).received

    async with asyncio.timeout(10):
        while not await history_is_there():
            pass
